"""The password of the gateway's one account: made here, kept in Secrets Manager, nowhere else."""

import secrets
import string
from typing import Protocol

from labsight.gateway.parts import Gateway

# Letters and digits alone: the password goes through `net use`, whose quoting nobody should have
# to think about. 32 of them are 190 bits.
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32


class Vault(Protocol):
    """A secret with a value in use and one that is on its way to it; None where there is none."""

    def current(self) -> str | None:
        """Return the value in use."""

    def pending(self) -> str | None:
        """Return the value that was last on its way."""

    def propose(self, value: str) -> None:
        """Keep a value that is not in use yet."""

    def accept(self, value: str) -> None:
        """Make a value the one in use."""


def set_password(vault: Vault, gateway: Gateway, *, rotate: bool = False) -> bool:
    """Make secret and gateway hold the same password; say whether it is a new one.

    Whoever reads the secret always finds a password that the gateway knows or knew: a new one is
    kept aside, given to the gateway, and only then put in use. A run that broke off in between is
    finished by the next.
    """
    current, pending = vault.current(), vault.pending()
    unfinished = pending if pending != current else None
    password = unfinished or (None if rotate else current)
    if password is None:
        password = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        vault.propose(password)
    gateway.set_password(password)
    if password == current:
        return False
    vault.accept(password)
    return True
