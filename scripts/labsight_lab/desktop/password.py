"""The desktop's password: from the secret that the machine filled, or decrypted with a key pair."""

import base64
from pathlib import Path
from typing import Any

from labsight.errors import InvalidInput, NotFound, SettingsError
from labsight_lab.desktop.aws import Aws, explained
from labsight_lab.desktop.machine import Machine

_LARGEST_KEY = 100_000  # bytes
_SHORTEST_PASSWORD = 8  # characters; EC2 makes longer ones, printable ASCII alone


def password(aws: Aws, machine: Machine, key: Path | None) -> str:
    """Return the password of Administrator, or of ec2-user on Linux."""
    if machine.password_secret:
        return _stored(aws.client("secretsmanager"), machine.password_secret)
    if not machine.key_pair:
        raise NotFound(
            f"{machine.id} has neither a stored password nor a key pair; deploy the stack again"
        )
    if key is None:
        raise InvalidInput(
            f"the password is encrypted with key pair {machine.key_pair!r}; give its private key "
            "with --key FILE"
        )
    return _decrypted(aws.client("ec2"), machine, key)


def _stored(secrets: Any, arn: str) -> str:
    try:
        with explained("secretsmanager:GetSecretValue on the desktop's password"):
            return str(secrets.get_secret_value(SecretId=arn)["SecretString"])
    except NotFound as error:
        raise NotFound(
            "the desktop has not stored its password yet: it does at its first start, once the "
            "tools are there (labsight desktop stage-tools)"
        ) from error


def _decrypted(ec2: Any, machine: Machine, key: Path) -> str:
    with explained("ec2:GetPasswordData"):
        data = ec2.get_password_data(InstanceId=machine.id).get("PasswordData", "").strip()
    if not data:
        raise NotFound(
            f"{machine.id} has no password yet; Windows makes it some minutes after its first start"
        )
    private = _private_key(key)
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415

    try:
        # EC2 encrypts with this padding and no other.
        clear: bytes = private.decrypt(base64.b64decode(data), padding.PKCS1v15())
    except ValueError:
        clear = b""
    # With another key OpenSSL returns random bytes, as a shield against an attack, and no error.
    text = clear.decode("ascii", "replace")
    if len(text) < _SHORTEST_PASSWORD or not (text.isascii() and text.isprintable()):
        raise InvalidInput(
            f"{key} does not decrypt the password; it needs to be the private key of "
            f"{machine.key_pair!r}"
        )
    return text


def _private_key(file: Path) -> Any:
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            "decrypting with a key pair needs cryptography, which is not installed: install "
            "labsight's wheel with [lab]"
        ) from error
    text = _read(file)
    load = (
        serialization.load_ssh_private_key
        if b"OPENSSH PRIVATE KEY" in text
        else serialization.load_pem_private_key
    )
    try:
        private = load(text, password=None)
    except TypeError as error:
        raise InvalidInput(
            f"{file} is protected by a passphrase; write a copy without: ssh-keygen -p -f COPY"
        ) from error
    except Exception as error:
        raise InvalidInput(f"{file} is not a private key in PEM form ({error})") from error
    if not isinstance(private, rsa.RSAPrivateKey):
        raise InvalidInput(f"{file}: Windows passwords are encrypted with RSA key pairs alone")
    return private


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_LARGEST_KEY)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
