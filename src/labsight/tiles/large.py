"""Keeps large pictures from filling a server's memory: few of them are drawn at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from labsight.errors import StorageUnavailable

# More px than any tile that viewers ask for: drawn, and read for it.
LARGE_PX, LARGE_SOURCE_PX = 1 << 21, 1 << 25
AT_A_TIME = 2  # the largest take 250 MB each; a container has 2 GB for each process
WAIT_SECONDS = 10.0
_BUSY = "other large pictures are being drawn; try again in a moment, or ask for a smaller one"


class Large:
    """Lets in all that is small, and of large pictures two at a time; of one process."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._room = threading.BoundedSemaphore(AT_A_TIME)
        self._wait = wait_seconds

    @contextmanager
    def room(self, drawn: int, source: float) -> Iterator[None]:
        """Wait for room for a picture of so many px, from so many; raise StorageUnavailable."""
        if drawn <= LARGE_PX and source <= LARGE_SOURCE_PX:
            yield
            return
        if not self._room.acquire(timeout=self._wait):
            raise StorageUnavailable(_BUSY)
        try:
            yield
        finally:
            self._room.release()
