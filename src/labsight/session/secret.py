"""The signing key out of Secrets Manager, fetched now and then and not for every request."""

import time
from collections.abc import Callable
from typing import Any, Protocol

from labsight.errors import StorageUnavailable

# How long a replaced key goes on being used.
KEPT_SECONDS = 300


class SecretReader(Protocol):
    """The part of boto3's Secrets Manager client that is used."""

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803 - AWS's spelling
        """Return the secret's current version."""


class KeptSecret:
    """A secret's text; called, it returns the one of the last minutes or fetches it."""

    def __init__(
        self,
        secret: str,
        client: SecretReader | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secret = secret
        self._client = client or _client()
        self._clock = clock
        self._kept: tuple[float, str] | None = None

    def __call__(self) -> str:
        """Return the text; raise StorageUnavailable when it cannot be had."""
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= KEPT_SECONDS:
            self._kept = (now, self._fetch())
        return self._kept[1]

    def _fetch(self) -> str:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with boto3

        try:
            return str(self._client.get_secret_value(SecretId=self._secret)["SecretString"])
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable(
                "the key that signs sessions cannot be read now; try again in a moment"
            ) from error


def _client() -> SecretReader:
    import boto3  # noqa: PLC0415 - tests bring their own client
    from botocore.config import Config  # noqa: PLC0415

    # A browser waits for the answer.
    config = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 3})
    client: SecretReader = boto3.client("secretsmanager", config=config)
    return client
