"""Reads an object by range, a few large requests instead of many small ones."""

from collections import OrderedDict
from typing import Protocol

from labsight.errors import DamagedSlide
from labsight.objects import ObjectInfo, ObjectStore

BLOCK = 64 * 1024
KEPT_BLOCKS = 256  # 16 MiB: more than the structure of any slide file we know


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

    Reads longer than the kept blocks go past them. ``requests`` counts the ranged reads.
    """

    def __init__(self, store: ObjectStore, info: ObjectInfo) -> None:
        self._store = store
        self._info = info
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
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
        if not missing:
            return
        start = missing[0] * BLOCK
        end = min((missing[-1] + 1) * BLOCK, self.size)
        data = self._fetch(start, end - start)
        for number in range(missing[0], missing[-1] + 1):
            place = (number - missing[0]) * BLOCK
            self._blocks[number] = data[place : place + BLOCK]
        while len(self._blocks) > max(KEPT_BLOCKS, last - first + 1):
            self._blocks.popitem(last=False)

    def _block(self, number: int) -> bytes:
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, offset: int, length: int) -> bytes:
        self.requests += 1
        data = self._store.read(self._info.key, offset, length, etag=self._info.etag)
        if len(data) != length:
            raise DamagedSlide(f"the file ended at byte {offset + len(data)} while it was read")
        return data
