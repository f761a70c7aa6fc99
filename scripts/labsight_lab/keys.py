"""`labsight keys new`: the pair of keys with which a stack signs its sessions.

The private half goes from this process to `pulumi` through a pipe, or into a file that only its
owner can read. It is on no command line, since those are visible to every user of a machine.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import Conflict, InvalidInput, LabsightError, SettingsError

PUBLIC_KEY = "edge.publicKey"
SIGNING_KEY = "edge.signingKey"
PUBLIC_FILE, PRIVATE_FILE = "signing-public.pem", "signing-private.pem"

# CloudFront takes RSA keys of this size alone (or ECDSA ones).
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
RSA_BITS = 2048


@dataclass(frozen=True)
class Pair:
    """Both halves in PEM form; the private one is never shown."""

    public: str
    private: str

    def __repr__(self) -> str:
        return f"Pair({self.public!r}, ...)"


@dataclass(frozen=True, kw_only=True)
class KeysOptions:
    """What the command was told."""

    stack: str | None
    folder: Path | None
    run: bool
    replace: bool = False


def new(options: KeysOptions) -> None:
    """Make a pair and hand it on; raise LabsightError before anything is replaced unasked."""
    if options.replace and not options.run:
        raise InvalidInput("--replace is for --run: keys in files are never replaced")
    if options.run:
        _check_stack(options)
    elif options.folder is None:
        raise InvalidInput(
            "say where the keys go: --run gives them to the stack at once, --folder FOLDER writes "
            "them to files and shows the commands that do"
        )
    if options.folder is not None:
        _check_folder(options.folder)
    pair = _make()
    if options.folder is not None:
        _write(options.folder, pair)
    if options.run:
        # The public key last: while it is missing, running the command again is safe.
        _pulumi(_set(SIGNING_KEY, options.stack, secret=True), pair.private)
        _pulumi(_set(PUBLIC_KEY, options.stack), pair.public)
        _say(f"{PUBLIC_KEY} and {SIGNING_KEY} are set; `pulumi up` puts them to use")
        if options.folder is not None:
            _say(f"both keys are in {options.folder} too; keep the private one safe")
    elif options.folder is not None:
        _show(options.folder, options.stack)


def _make() -> Pair:
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra's
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"labsight keys needs {error.name}, which is not installed: "
            "install labsight's wheel with [lab]"
        ) from error
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Pair(public.decode(), private.decode())


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"--folder {folder} is not a folder")
    for name in (PUBLIC_FILE, PRIVATE_FILE):
        if (folder / name).exists():
            raise Conflict(
                f"{folder / name} is there already and is not replaced; "
                "move it away or give another --folder"
            )


def _write(folder: Path, pair: Pair) -> None:
    """Write both files; the private one is never readable for others, not even for a moment."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text, mode in (
            (PRIVATE_FILE, pair.private, 0o600),
            (PUBLIC_FILE, pair.public, 0o644),
        ):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(folder / name, flags, mode), "w", encoding="ascii") as file:
                file.write(text)
    except OSError as error:
        raise SettingsError(f"--folder {folder} cannot be written: {error.strerror}") from error


def _show(folder: Path, stack: str | None) -> None:
    halves = (
        (_set(SIGNING_KEY, stack, secret=True), folder / PRIVATE_FILE),
        (_set(PUBLIC_KEY, stack), folder / PUBLIC_FILE),
    )
    _say(f"wrote {folder / PRIVATE_FILE} and {folder / PUBLIC_FILE}; give them to the stack with")
    for command, file in halves:
        _say(f"  {shlex.join(command)} < {shlex.quote(str(file))}")
    _say(f"then delete {folder / PRIVATE_FILE}: the stack keeps it as an encrypted secret")


def _set(key: str, stack: str | None, *, secret: bool = False) -> list[str]:
    """Return the command that takes a value from its standard input."""
    kind = ["--secret"] if secret else []
    return ["pulumi", "config", "set", *kind, *_of(stack), key]


def _of(stack: str | None) -> list[str]:
    return ["--stack", stack] if stack else []


def _check_stack(options: KeysOptions) -> None:
    if shutil.which("pulumi") is None:
        raise SettingsError(
            "there is no `pulumi` on this machine's path; install it, or leave out --run and "
            "give --folder"
        )
    if not Path("Pulumi.yaml").is_file():
        raise InvalidInput("there is no Pulumi.yaml here; run this in labsight's folder")
    if not options.replace and _is_set(options.stack):
        raise Conflict(
            f"the stack has its keys already ({PUBLIC_KEY}); --replace makes new ones, and "
            "whoever is signed in then waits for `pulumi up` and signs in again"
        )


def _is_set(stack: str | None) -> bool:
    """Ask for the public key; a stack without one answers with an error, as for any failure."""
    command = ["pulumi", "config", "get", *_of(stack), PUBLIC_KEY]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    if answer.returncode == 0:
        return bool(answer.stdout.strip())
    if "not found" in answer.stderr and PUBLIC_KEY in answer.stderr:
        return False
    raise _failed(command, answer.stderr)


def _pulumi(command: Sequence[str], text: str) -> None:
    answer = subprocess.run(list(command), check=False, input=text, capture_output=True, text=True)
    if answer.returncode != 0:
        raise _failed(command, answer.stderr)


def _failed(command: Sequence[str], said: str) -> LabsightError:
    reason = " ".join(said.split()) or "it did not say why"
    return SettingsError(f"`{shlex.join(command)}` failed: {reason}")


def _say(line: str) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
