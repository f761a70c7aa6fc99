"""How much of the files' content is in memory at a time, and where."""

import mmap
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from labsight_lab.sync.source import Stopped

_LISTEN_S = 0.2  # a wait without end would not hear that the run is over


OFF_HEAP = 1 << 20  # bytes; what is smaller lies on the heap
ROOM = 16 << 20


class Memory:
    """A number of bytes shared by all that is being sent.

    What is large is read into rooms of 16 MiB that are used again: the heap would keep such pieces
    for threads that have no use for them, and the system would clear new ones each time.
    """

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._rooms: list[mmap.mmap] = []
        self._line = threading.Lock()  # held by who is next: no other passes who needs much
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, count: int, stop: threading.Event) -> Iterator[memoryview | None]:
        """Wait until there is room for ``count`` bytes, and keep it; with ``stop`` raise Stopped.

        Yields the room where one of 1 MiB or more is asked for. What needs more than there is
        altogether gets all of it, alone.
        """
        needed = min(count if count < OFF_HEAP else max(count, ROOM), self._total)
        with self._line, self._changed:
            while self._free < needed:
                if stop.is_set():
                    raise Stopped
                self._changed.wait(_LISTEN_S)
            self._free -= needed
        room = None
        try:
            room = self._room(count) if count >= OFF_HEAP else None
            yield memoryview(room)[:count] if room is not None else None
        finally:
            if room is not None and len(room) == ROOM:
                self._rooms.append(room)
            with self._changed:
                self._free += needed
                self._changed.notify_all()

    def _room(self, count: int) -> mmap.mmap:
        try:
            return self._rooms.pop() if count <= ROOM else mmap.mmap(-1, count)
        except IndexError:
            return mmap.mmap(-1, ROOM)
