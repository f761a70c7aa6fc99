"""How far a check is, added up over its threads."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from labsight_lab.sync.source import Stopped
from labsight_lab.sync.telling.progress import Display


class Counter:
    """Counts bytes that were dealt with, and tells a display now and then."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._done, self._files, self._next = 0, 0, 0.0

    @contextmanager
    def shown(self, files: int, total: int) -> Iterator[threading.Event]:
        """Show how far it is with so many bytes in all; yield the event that ends the work."""
        self._stop = threading.Event()
        self._done = self._files = 0
        self._next = time.monotonic() + self._display.every
        self._display.begin(files, total)
        try:
            yield self._stop
        finally:
            self._display.end()

    def moved(self, count: int) -> None:
        """Note so many bytes more; raise Stopped when the work is to end."""
        if self._stop.is_set():
            raise Stopped
        self.add(count)

    def add(self, count: int, files: int = 0) -> None:
        """Note so many bytes more, and so many files that are dealt with."""
        with self._lock:
            self._done += count
            self._files += files
            now = time.monotonic()
            if now >= self._next:
                self._next = now + self._display.every
                self._display.moved(self._done, self._files)
