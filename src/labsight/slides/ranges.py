"""Reads an object by range, a few large requests instead of many small ones."""

from collections import OrderedDict
from typing import Protocol

from labsight.errors import DamagedSlide
from labsight.objects import ObjectInfo, ObjectStore

BLOCK = 64 * 1024
KEPT_BLOCKS = 256  # 16 MiB: more than the structure of any slide file we know
NEAR = 4  # blocks: a read so close behind the last one is probably one of many
AHEAD = 64  # blocks: 4 MiB, what is read ahead at most


class Bytes(Protocol):
    """A file that can be read at any place."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes; raise DamagedSlide when the file ends before."""
        ...


class ObjectBytes:
    """One version of an object, read in blocks of 64 KiB that are kept while they are of use.

    Reads longer than the kept blocks go past them. Reads that go on from one another, such as those
    of a chain of directories, are answered by ever longer requests. ``requests`` counts them.
    """

    def __init__(self, store: ObjectStore, info: ObjectInfo) -> None:
        self._store = store
        self._info = info
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._end = 0  # the block behind the last request
        self._ahead = 1
        self.requests = 0

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._info.size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes from ``offset``."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise DamagedSlide(
                f"the file points to bytes {offset} to {offset + length}, but it has only "
                f"{self.size}: it was cut off or is damaged; copy it again from the scanner"
            )
        if length > KEPT_BLOCKS * BLOCK // 2:
            return self._fetch(offset, length)
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        self._load(first, last)
        whole = b"".join(self._block(number) for number in range(first, last + 1))
        start = offset - first * BLOCK
        return whole[start : start + length]

    def _load(self, first: int, last: int) -> None:
        """Fetch the missing blocks of a run with one request."""
        missing = [number for number in range(first, last + 1) if number not in self._blocks]
        for number in set(range(first, last + 1)).difference(missing):
            self._blocks.move_to_end(number)  # these are needed, so they are dropped last
        if not missing:
            return
        start = self._plan(missing[0], missing[-1])
        data = self._fetch(start * BLOCK, min(self._end * BLOCK, self.size) - start * BLOCK)
        for number in range(start, self._end):
            place = (number - start) * BLOCK
            self._blocks[number] = data[place : place + BLOCK]
        while len(self._blocks) > max(KEPT_BLOCKS, last - first + 1):
            self._blocks.popitem(last=False)

    def _plan(self, first: int, last: int) -> int:
        """Return the block to read from, and keep the one to read up to.

        What is read at another place is mostly a directory: its values lie beside it.
        """
        ahead = self.requests > 0 and 0 <= first - self._end <= NEAR
        self._ahead = min(2 * self._ahead, AHEAD) if ahead else 1
        start = first if ahead or first - 1 in self._blocks else max(0, first - 1)
        end = max(last + 1, first + self._ahead if ahead else first + 2)
        self._end = min(end, -(-self.size // BLOCK))
        return start

    def _block(self, number: int) -> bytes:
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, offset: int, length: int) -> bytes:
        self.requests += 1
        data = self._store.read(self._info.key, offset, length, etag=self._info.etag)
        if len(data) != length:
            raise DamagedSlide(f"the file ended at byte {offset + len(data)} while it was read")
        return data
