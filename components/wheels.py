"""Fetches the wheels that run on Lambda's processor, whatever machine deploys them."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pulumi

PYPI = "pypi"
PYTHON = "3.13"
# Lambda's Python 3.13 runs on Amazon Linux 2023 (glibc 2.34). pip takes a wheel only if its tag is
# named here: unlike on the machine itself it does not step down from a newer glibc to an older one.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
PLATFORMS = (
    *(f"manylinux_2_{minor}_aarch64" for minor in range(28, 16, -1)),
    "manylinux2014_aarch64",
)
UV_PLATFORM = "aarch64-manylinux_2_28"
LONGEST_SECONDS = 900

# What pip and uv say, in the order of the cases: without a network they also find no version.
SAYS_HASH = ("do not match the hashes", "hash mismatch", "hashes are required", "missing a hash")
SAYS_NETWORK = (
    "connection",
    "name resolution",
    "dns error",
    "timed out",
    "proxyerror",
    "sslerror",
    "certificate",
    "error sending request",
    "failed to fetch",
    "could not fetch",
)
SAYS_NO_WHEEL = ("no matching distribution", "could not find a version", "no solution found")
LAST_LINES = 12


class NoPackages(pulumi.RunError):
    """The functions' packages cannot be had; the message says why, and what to do."""


def install(requirements: Path, source: str, target: Path) -> None:
    """Unpack the pinned wheels for arm64 into ``target``; ``source`` is ``pypi`` or a folder.

    Every wheel has to match a hash of ``requirements``, so both sources give the same files.
    """
    command = _command(requirements, source, target)
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            # A user's own settings of pip must not turn the target into something else.
            env={**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"},
        )
    except subprocess.TimeoutExpired:
        raise NoPackages(
            f"the functions' packages did not arrive within {LONGEST_SECONDS} s; {_reach_pypi()}"
        ) from None
    if done.returncode:
        raise NoPackages(explain(done.stdout + done.stderr, requirements, source))


def _command(requirements: Path, source: str, target: Path) -> list[str]:
    """Use the pip of the Python that deploys, or uv: environments that uv makes have no pip."""
    wanted = ["--require-hashes", "--no-deps", "--target", str(target), "-r", str(requirements)]
    # The requirements name every package for exactly this platform. Dependencies would be worked
    # out for the machine that deploys: markers follow the running interpreter.
    if source != PYPI:
        wanted += ["--no-index", "--find-links", source]
    if importlib.util.find_spec("pip"):
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
        return [*install, "--disable-pip-version-check", "--no-compile", *for_lambda(), *wanted]
    uv = _uv()
    if uv:
        install = [uv, "pip", "install", "--quiet", "--python", sys.executable]
        binary = ["--only-binary", ":all:", "--link-mode", "copy"]
        platform = ["--python-platform", UV_PLATFORM, "--python-version", PYTHON]
        return [*install, *binary, *platform, *wanted]
    raise NoPackages(
        f"{sys.executable} has no pip and there is no uv, one of which has to fetch the functions' "
        "packages: run `make .stamps/python`, or `python -m ensurepip` in that environment"
    )


def _uv() -> str | None:
    """Return where uv is: in the environment that deploys, or where the shell would find it."""
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def for_lambda() -> list[str]:
    """Return the options by which pip looks for wheels of Lambda's platform."""
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    python = ["--python-version", PYTHON, "--implementation", "cp"]
    return [*platforms, *python, "--only-binary=:all:"]


def explain(said: str, requirements: Path, source: str) -> str:
    """Return what went wrong and what to do, from what the installer said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = "\n  ".join(lines[-LAST_LINES:]) or "it said nothing"
    return f"{_advice(said.lower(), requirements.name, source)}\nThe installer said:\n  {last}"


def _advice(said: str, name: str, source: str) -> str:
    if any(sign in said for sign in SAYS_HASH):
        return (
            f"a package of the functions is not the one that {name} pins by its hash: somebody "
            "changed the file or the wheel; restore both, or pin anew with `make lock`"
        )
    if source != PYPI and any(sign in said for sign in SAYS_NO_WHEEL):
        options = " ".join(for_lambda())
        return (
            f"labsight:functions.packages: the folder {source} lacks a wheel for arm64 that {name} "
            f"pins; fill it with `python -m pip download --no-deps {options} --dest {source} "
            f"-r {name}`"
        )
    if source == PYPI and any(sign in said for sign in SAYS_NETWORK):
        return f"PyPI, where the functions' packages come from, cannot be reached; {_reach_pypi()}"
    if any(sign in said for sign in SAYS_NO_WHEEL):
        return (
            f"a package in {name} has no wheel for arm64 and Python {PYTHON}: pin a version that "
            "has one, with `make lock`"
        )
    return "the functions' packages could not be installed"


def _reach_pypi() -> str:
    return (
        "check the network, the proxy (HTTPS_PROXY) and its certificate (PIP_CERT), or set "
        "labsight:functions.packages to a folder of wheels"
    )
