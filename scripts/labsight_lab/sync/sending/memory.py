"""How much of the files' content is in memory at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LISTEN_S = 0.2  # a wait without end would not hear that the run is over


class Memory:
    """A number of bytes shared by all that is being sent."""

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._line = threading.Lock()  # held by who is next: no other passes who needs much
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, count: int, stop: threading.Event) -> Iterator[None]:
        """Wait until there is room for ``count`` bytes, and keep it; with ``stop`` wait no longer.

        What needs more than there is altogether gets all of it, alone.
        """
        count = min(count, self._total)
        with self._line, self._changed:
            while self._free < count and not stop.is_set():
                self._changed.wait(_LISTEN_S)
            self._free -= count
        try:
            yield
        finally:
            with self._changed:
                self._free += count
                self._changed.notify_all()
