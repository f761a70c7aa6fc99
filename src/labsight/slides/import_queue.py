"""Asks for a slide to be imported again, in the words in which S3 tells of a new object."""

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from labsight.errors import StorageUnavailable

# A slide whose index is of an older release is met by every tile of a view: one message will do.
AGAIN_SECONDS = 600.0
_MOST_REMEMBERED = 10_000

_log = logging.getLogger(__name__)


class Messages(Protocol):
    """What is needed of an SQS client."""

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> Any:  # noqa: N803
        """Put a message into a queue."""


class ImportQueue:
    """The queue that the importer works on; safe to share between threads.

    Without a ``client`` boto3 is loaded when the first slide is asked for.
    """

    def __init__(
        self,
        url: str,
        client: Messages | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._client = client
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._lock = threading.Lock()

    def ask(self, key: str) -> None:
        """Ask once in a while; that it could not be asked is told to the log alone."""
        now = self._clock()
        with self._lock:
            if now - self._asked.get(key, float("-inf")) < AGAIN_SECONDS:
                return
            if len(self._asked) >= _MOST_REMEMBERED:
                self._asked.clear()
            self._asked[key] = now
        try:
            self._send(key, "labsight.tiles")
            _log.info("%s is imported again: its index is old or damaged", key)
        except Exception as error:  # noqa: BLE001 - the caller has an answer to give either way
            _log.warning("%s could not be asked for again: %s", key, error)
            with self._lock:
                self._asked.pop(key, None)

    def send(self, key: str, again: bool) -> None:
        """Ask now; with ``again`` also for what was imported before, or could not be.

        Raises StorageUnavailable when the queue did not take it.
        """
        from botocore.exceptions import (  # noqa: PLC0415 - most functions never need it
            BotoCoreError,
            ClientError,
        )

        try:
            self._send(key, "labsight.register", again=again)
        except (BotoCoreError, ClientError, OSError) as error:
            raise StorageUnavailable(
                f"{key} could not be put into the import queue {self._url}: {error}"
            ) from error

    def _send(self, key: str, source: str, *, again: bool = False) -> None:
        if self._client is None:
            import boto3  # noqa: PLC0415 - most functions never need it

            self._client = boto3.client("sqs")
        message: dict[str, Any] = {
            "detail-type": "Object Created",
            "source": source,
            "detail": {"object": {"key": key}},
        }
        if again:
            message["again"] = True
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(message))
