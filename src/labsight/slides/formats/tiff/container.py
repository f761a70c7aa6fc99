"""The structure of a TIFF or BigTIFF file, read by range with the standard library alone.

Every count, offset and length comes from the file, so each is bounded before it is used, and all
of them together: a hostile file costs a few reads and an error, never memory or time. Tags: TIFF
6.0 (Adobe, 1992); TIFF Technical Note 2 for JPEG; BigTIFF as in libtiff.

An NDPI file of 4 GB and more is a classic TIFF all the same. Its pointers to directories have 64
bits, and the upper halves of the entries' values and offsets follow each directory, 4 bytes an
entry (https://openslide.org/formats/hamamatsu/).
"""

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from labsight.errors import DamagedSlide, NotASlide
from labsight.slides.formats.tiff.tags import RATIONALS, TYPES, Code, Directory, Entry
from labsight.slides.ranges import Bytes

MAX_DIRECTORIES = 4096
MAX_ENTRIES = 1024
MAX_TAGS = 1 << 17  # in all directories
MAX_VALUE_BYTES = 64 << 20
MAX_READ_BYTES = 160 << 20  # of directories and values: what the tables of 8 million tiles take
MAX_RAW_BYTES = 1 << 20
MAX_TEXT_BYTES = 64 << 10
MAX_NUMBERS = 1 << 23
MAX_SIDE = 1 << 24  # px; the largest scanners stay below 2^19
_PIECE = 4 << 20  # bytes of a table that are in memory beside what is made of them

_LONGS = (4, 13)


class Tiff:
    """A parsed file: its main directories in order; values are read when asked for."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        # Values may overlap, so a small file could have its bytes read without end.
        self._unread = min(MAX_READ_BYTES, 2 * data.size + (1 << 20))
        self._tags = 0
        head = data.read(0, min(16, data.size))
        self.big, self._order = _kind(head)
        self._swap = (self._order == "<") != (sys.byteorder == "little")
        self._wide = self._is_wide(head)
        pointer = 8 if self.big or self._wide else 4
        first = self._number(head, 8 if self.big else 4, pointer)
        self._seen: set[int] = set()
        self.directories = self._chain(first)
        if not self.directories:
            raise DamagedSlide("the TIFF file holds no image directory")

    def count(self, directory: Directory, code: int) -> int:
        """Return how many values a tag holds, without reading them."""
        entry = directory.entries.get(code)
        return entry.count if entry else 0

    def numbers(self, directory: Directory, code: int, at_most: int = MAX_NUMBERS) -> "array[int]":
        """Return the whole numbers of a tag, an empty array when the tag is absent."""
        entry = directory.entries.get(code)
        if entry is None:
            return array("Q")
        if entry.count > at_most:
            raise DamagedSlide(f"TIFF tag {code} holds {entry.count} values, not {at_most} at most")
        return self._whole(entry)

    def pieces(self, directory: Directory, code: int) -> Iterator["array[int]"]:
        """Yield the whole numbers of a tag, so many at a time that they take little memory."""
        entry = directory.entries.get(code)
        if entry is None:
            return
        each = TYPES[entry.kind][0]
        step = _PIECE // each
        for first in range(0, entry.count if entry.size > _PIECE else 0, step):
            count = min(step, entry.count - first)
            yield self._whole(replace(entry, count=count, offset=entry.offset + first * each))
        if 0 < entry.size <= _PIECE:
            yield self._whole(entry)

    def number(self, directory: Directory, code: int, default: int) -> int:
        """Return the first whole number of a tag."""
        entry = directory.entries.get(code)
        return self._whole(replace(entry, count=1))[0] if entry and entry.count else default

    def ratio(self, directory: Directory, code: int) -> Fraction | None:
        """Return the first rational of a tag, None when absent or without meaning."""
        entry = directory.entries.get(code)
        if entry is None or entry.kind not in RATIONALS or not entry.count:
            return None
        top, bottom = self._values(replace(entry, count=1))
        return Fraction(top, bottom) if bottom else None

    def real(self, directory: Directory, code: int) -> float | None:
        """Return the first value of a tag of any type as a float, None when absent."""
        entry = directory.entries.get(code)
        if entry is None or not entry.count or entry.kind in RATIONALS:
            ratio = self.ratio(directory, code)
            return None if ratio is None else float(ratio)
        return float(self._values(replace(entry, count=1))[0])

    def raw(self, directory: Directory, code: int, at_most: int = MAX_RAW_BYTES) -> bytes:
        """Return the bytes of a tag as they stand in the file."""
        entry = directory.entries.get(code)
        if entry is None:
            return b""
        if entry.size > at_most:
            raise DamagedSlide(f"TIFF tag {code} holds {entry.size} bytes, not {at_most} at most")
        return self._bytes(entry, entry.size)

    def text(self, directory: Directory, code: int, at_most: int = MAX_TEXT_BYTES) -> str:
        """Return a text tag up to its NUL, or its first bytes; odd bytes are replaced."""
        entry = directory.entries.get(code)
        found = self._bytes(entry, min(entry.size, at_most)) if entry else b""
        return found.partition(b"\0")[0].decode("utf-8", "replace")

    def data(self, offset: int, length: int) -> bytes:
        """Return image data of the file."""
        return self._data.read(offset, length)

    def sub_directories(self, directory: Directory) -> tuple[Directory, ...]:
        """Return the directories that a SubIFDs tag names (OME-TIFF pyramids)."""
        offsets = self.numbers(directory, Code.SUB_DIRECTORIES, MAX_DIRECTORIES)
        return tuple(self._directory(offset)[0] for offset in offsets)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._data.size

    @property
    def byte_order(self) -> str:
        """``<`` or ``>``, as in struct."""
        return self._order

    def _is_wide(self, head: bytes) -> bool:
        """Whether this is an NDPI file of 4 GB and more: its 64-bit pointer leads to NDPI tags."""
        if self.big or self._order == ">" or self._data.size < 1 << 32:
            return False
        offset = self._number(head, 4, 8)
        if offset + 2 > self._data.size:
            return False
        count = self._number(self._read(offset, 2), 0, 2)
        if count > MAX_ENTRIES or offset + 2 + 12 * count > self._data.size:
            return False
        entries = self._read(offset + 2, 12 * count)
        codes = (self._number(entries, 12 * index, 2) for index in range(count))
        return Code.NDPI_FORMAT in codes

    def _chain(self, offset: int) -> tuple[Directory, ...]:
        found = []
        while offset:
            directory, offset = self._directory(offset)
            found.append(directory)
            if len(found) > MAX_DIRECTORIES:
                raise DamagedSlide(f"the TIFF file has more than {MAX_DIRECTORIES} directories")
        return tuple(found)

    def _directory(self, offset: int) -> tuple[Directory, int]:
        """Read the directory at ``offset`` and where the next one is."""
        if offset in self._seen:
            raise DamagedSlide(f"the TIFF directories form a loop at byte {offset}")
        self._seen.add(offset)
        head, each, link = (8, 20, 8) if self.big else (2, 12, 8 if self._wide else 4)
        count = self._number(self._read(offset, head), 0, head)
        if not 0 < count <= MAX_ENTRIES:
            raise DamagedSlide(f"the TIFF directory at byte {offset} claims {count} tags")
        self._tags += count
        if self._tags > MAX_TAGS:
            raise DamagedSlide(f"the TIFF directories have more than {MAX_TAGS} tags")
        upper = count * each + link  # where the upper halves start
        body = self._read(offset + head, upper + (4 * count if self._wide else 0))
        entries = {}
        for index in range(count):
            high = self._number(body, upper + 4 * index, 4) if self._wide else 0
            entry = self._entry(body, index * each, offset + head + index * each, high)
            if entry is not None:
                entries[entry.code] = entry
        return Directory(offset, entries), self._number(body, count * each, link)

    def _entry(self, body: bytes, at: int, offset: int, high: int) -> Entry | None:
        """Read one entry; None for a field type that no reader knows (TIFF 6.0, section 2)."""
        code, kind = struct.unpack_from(self._order + "HH", body, at)
        inline = 8 if self.big else 4
        count = self._number(body, at + 4, inline)
        if kind not in TYPES:
            return None
        size = count * TYPES[kind][0]
        if size > min(MAX_VALUE_BYTES, self._data.size):
            raise DamagedSlide(
                f"TIFF tag {code} claims {count} values, more than the file can hold"
            )
        place = offset + 4 + inline
        if size > inline:
            place = self._number(body, at + 4 + inline, inline) + (high << 32)
            if place + size > self._data.size:
                raise DamagedSlide(
                    f"TIFF tag {code} points beyond the end of the file: it was cut off or is "
                    "damaged; copy it again from the scanner"
                )
        single = kind in _LONGS and count == 1
        value = body[at + 4 + inline : at + 4 + inline + size] if size <= inline else b""
        return Entry(code, kind, count, place, high if single else 0, value)

    def _whole(self, entry: Entry) -> "array[int]":
        if entry.kind in RATIONALS or TYPES[entry.kind][1] in "fd":
            raise DamagedSlide(
                f"TIFF tag {entry.code} should hold whole numbers, its type is {entry.kind}"
            )
        values = self._values(entry)
        return array("Q", [values[0] + (entry.high << 32)]) if entry.high else values

    def _values(self, entry: Entry) -> "array[int]":
        values = array(TYPES[entry.kind][1])
        values.frombytes(self._bytes(entry, entry.size))
        if self._swap:
            values.byteswap()
        return values

    def _bytes(self, entry: Entry, length: int) -> bytes:
        return entry.inline[:length] if entry.inline else self._read(entry.offset, length)

    def _read(self, offset: int, length: int) -> bytes:
        self._unread -= length
        if self._unread < 0:
            raise DamagedSlide("the TIFF tags of the file name the same bytes over and over")
        return self._data.read(offset, length)

    def _number(self, data: bytes, at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "little" if self._order == "<" else "big")


def is_tiff(data: Bytes) -> bool:
    """Whether the file starts as a TIFF or BigTIFF file does."""
    try:
        _kind(data.read(0, min(16, data.size)))
    except NotASlide:
        return False
    return True


def _kind(head: bytes) -> tuple[bool, str]:
    """Tell BigTIFF from TIFF and the byte order; raise NotASlide for anything else."""
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is not None and len(head) >= 8:
        magic = struct.unpack_from(order + "H", head, 2)[0]
        if magic == 42:
            return False, order
        if magic == 43 and len(head) == 16 and struct.unpack_from(order + "HH", head, 4) == (8, 0):
            return True, order
    raise NotASlide("the file does not start as a TIFF file does")
