"""Reads of a file that may be hostile or not written to its end, with a limit on all of them."""

from typing import BinaryIO

MAX_READ = 256 << 20


class UnfinishedError(Exception):
    """The file does not hold what it points at; the text says so, as in ``it is empty``."""


class EnoughSeenError(Exception):
    """A check reached one of its own limits, or something that is not of its format."""


class Bounded:
    """A file of ``size`` bytes; ``budget`` is how many of them may be read."""

    def __init__(self, file: BinaryIO, size: int, budget: int = MAX_READ) -> None:
        self.size = size
        self._file, self._budget = file, budget

    def inside(self, offset: int, length: int, what: str) -> None:
        """Raise UnfinishedError if a stretch that the file points at reaches beyond its end."""
        if offset + length > self.size:
            raise UnfinishedError(
                f"{what} at byte {offset:,} reaches {offset + length - self.size:,} bytes "
                f"beyond its end at {self.size:,}"
            )

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Return a stretch of the file; raise as ``inside`` does, or EnoughSeenError."""
        self.inside(offset, length, what)
        self._budget -= length
        if self._budget < 0:
            raise EnoughSeenError
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) < length:
            raise UnfinishedError("it became shorter while it was read")
        return data
