"""A session at the edge: whoever signed in gets cookies for an hour, and gives them back."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from labsight.roles import require
from labsight.session import cookies

LIFETIME_SECONDS = 3600

# SameSite=Strict: no other site's page can load a tile in this browser's name.
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict"


class Sessions:
    """Opens and closes sessions.

    ``private_key`` returns the signing key (PEM) whenever one is signed; ``key_pair_id`` is what
    CloudFront calls its public half.
    """

    def __init__(
        self,
        private_key: Callable[[], str],
        key_pair_id: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._private_key = private_key
        self._key_pair_id = key_pair_id
        self._clock = clock

    def open(self, claims: Mapping[str, Any]) -> list[str]:
        """Return Set-Cookie values for someone with a role, by verified claims.

        Raise NotPermitted when the claims name no role.
        """
        require(claims)
        expires = int(self._clock()) + LIFETIME_SECONDS
        signed = cookies.sign(self._private_key(), self._key_pair_id, cookies.EVERYWHERE, expires)
        return [_set(name, value, LIFETIME_SECONDS) for name, value in signed.items()]

    @staticmethod
    def close() -> list[str]:
        """Return Set-Cookie values that make a browser forget the session."""
        return [_set(name, "", 0) for name in cookies.NAMES]


def _set(name: str, value: str, seconds: int) -> str:
    return f"{name}={value}; Max-Age={seconds}; {_ATTRIBUTES}"
