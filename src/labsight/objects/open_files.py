"""Files that stay open between reads, because opening one costs more than reading a tile of it."""

import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

KEPT = 64
LOOK_SECONDS = 1.0
_REUSE = hasattr(os, "pread")  # not on Windows, where an open file could not be renamed either


@dataclass(slots=True)
class OpenFile:
    """An open file as it was found; it closes when nobody holds it any more.

    ``looked`` is when its path was last seen to lead to it (monotonic, s).
    """

    descriptor: int
    path: str
    state: tuple[int, int, int]  # inode, bytes, modification time in ns
    version: str
    looked: float = 0.0

    def __del__(self) -> None:
        os.close(self.descriptor)

    def read(self, start: int, length: int) -> bytes:
        """Return up to ``length`` bytes."""
        if _REUSE:
            return os.pread(self.descriptor, length, start)
        os.lseek(self.descriptor, start, os.SEEK_SET)
        return os.read(self.descriptor, length)


class OpenFiles:
    """The files read last, by key; the one not used for longest is let go."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, OpenFile] = OrderedDict()
        self._latest = ""  # what was used last need not be moved to the end again
        self._lock = threading.Lock()

    def current(self, key: str) -> OpenFile | None:
        """Return the open file of a key when it is still the file of that name, unchanged.

        That another file was moved into its place is seen at once; that it was itself moved away,
        within a second: looking at the path takes longer than reading a tile.
        """
        file = self._files.get(key)
        if file is None:
            return None
        if self._is_unchanged(file):
            if key != self._latest:
                with self._lock:
                    self._latest = key
                    if key in self._files:
                        self._files.move_to_end(key)
            return file
        with self._lock:
            self._files.pop(key, None)
        return None

    @staticmethod
    def _is_unchanged(file: OpenFile) -> bool:
        stat = os.fstat(file.descriptor)
        if not stat.st_nlink or (stat.st_ino, stat.st_size, stat.st_mtime_ns) != file.state:
            return False
        now = time.monotonic()
        if now - file.looked < LOOK_SECONDS:
            return True
        file.looked = now
        try:
            return state_of(os.stat(file.path)) == file.state  # noqa: PTH116 - a third of Path's cost
        except OSError:
            return False

    def keep(self, key: str, file: OpenFile) -> None:
        """Remember an open file."""
        if _REUSE:
            with self._lock:
                self._files[key], self._latest = file, key
                while len(self._files) > KEPT:
                    self._files.popitem(last=False)


def state_of(stat: os.stat_result) -> tuple[int, int, int]:
    """Return what changes whenever a file does."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
