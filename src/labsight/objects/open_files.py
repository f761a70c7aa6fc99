"""Files that stay open between reads, because opening one costs more than reading a tile of it."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass

KEPT = 64
_REUSE = hasattr(os, "pread")  # not on Windows, where an open file could not be renamed either


@dataclass(frozen=True)
class OpenFile:
    """An open file as it was found; it closes when nobody holds it any more."""

    descriptor: int
    path: str
    state: tuple[int, int, int]  # inode, bytes, modification time in ns
    version: str

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
        self._lock = threading.Lock()

    def current(self, key: str) -> OpenFile | None:
        """Return the open file of a key when it is still the file of that name, unchanged."""
        file = self._files.get(key)
        if file is None:
            return None
        if self._is_unchanged(file):
            with self._lock:
                if key in self._files:
                    self._files.move_to_end(key)
            return file
        with self._lock:
            self._files.pop(key, None)
        return None

    @staticmethod
    def _is_unchanged(file: OpenFile) -> bool:
        try:
            return state_of(os.stat(file.path)) == file.state  # noqa: PTH116 - a third of Path's cost
        except OSError:
            return False

    def keep(self, key: str, file: OpenFile) -> None:
        """Remember an open file."""
        if _REUSE:
            with self._lock:
                self._files[key] = file
                while len(self._files) > KEPT:
                    self._files.popitem(last=False)


def state_of(stat: os.stat_result) -> tuple[int, int, int]:
    """Return what changes whenever a file does."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
