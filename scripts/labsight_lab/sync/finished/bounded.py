"""Reads of a file that may be hostile or not written to its end, with a limit on all of them."""

from typing import BinaryIO

from labsight_lab.text import count

MAX_READ = 256 << 20
_MOST = 1 << 50  # bytes: a thousand times the largest slide


class UnfinishedError(Exception):
    """The file does not hold what it points at; the text says so, as in ``it is empty``."""


class EnoughSeenError(Exception):
    """A check reached one of its own limits, or something that is not of its format."""


def cut_off(name: str, size: int, needed: int) -> UnfinishedError:
    """Return the error of a file that points beyond its end; a name is such as ``its index``."""
    if needed > _MOST:
        told = "is not built like a file of its suffix; if it is of another format, rename it"
    else:
        told = f"is cut off: it has {count(size, 'byte')} and needs at least {needed:,}"
    return UnfinishedError(f"{name} {told}")


class Bounded:
    """A file of ``size`` bytes; ``budget`` is how many of them may be read."""

    def __init__(
        self, file: BinaryIO, size: int, budget: int = MAX_READ, *, name: str = "it"
    ) -> None:
        self.size = size
        self._file, self._budget, self._name = file, budget, name

    def inside(self, offset: int, length: int) -> None:
        """Raise UnfinishedError if a stretch that the file points at reaches beyond its end."""
        if offset + length > self.size:
            raise cut_off(self._name, self.size, offset + length)

    def read(self, offset: int, length: int) -> bytes:
        """Return a stretch of the file; raise as ``inside`` does, or EnoughSeenError."""
        self.inside(offset, length)
        self._budget -= length
        if self._budget < 0:
            raise EnoughSeenError
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) < length:
            raise UnfinishedError(f"{self._name} became shorter while it was read")
        return data
