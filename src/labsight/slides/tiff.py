"""The structure of a TIFF or BigTIFF file, read by range with the standard library alone.

Every count, offset and length comes from the file, so each is bounded before it is used: a hostile
file costs a few reads and an error, never memory or time. Tags: TIFF 6.0 (Adobe, 1992); TIFF
Technical Note 2 for JPEG; BigTIFF as in libtiff.
"""

import struct
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

from labsight.errors import DamagedSlide, NotASlide
from labsight.slides.ranges import Bytes

MAX_DIRECTORIES = 4096
MAX_ENTRIES = 1024
MAX_VALUE_BYTES = 64 << 20
MAX_SIDE = 1 << 24  # px; the largest scanners stay below 2^19


class Code(IntEnum):
    """The tags that labsight looks at."""

    SUBFILE_TYPE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    DESCRIPTION = 270
    MAKE = 271
    STRIP_OFFSETS = 273
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_LENGTHS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR = 284
    RESOLUTION_UNIT = 296
    SOFTWARE = 305
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_LENGTHS = 325
    SUB_DIRECTORIES = 330
    JPEG_TABLES = 347
    XMP = 700
    ICC_PROFILE = 34675
    NDPI_FORMAT = 65420


# field type -> (bytes of one value, array type code); rationals are pairs of LONGs
_TYPES = {
    1: (1, "B"), 2: (1, "B"), 3: (2, "H"), 4: (4, "I"), 5: (8, "I"), 6: (1, "b"), 7: (1, "B"),
    8: (2, "h"), 9: (4, "i"), 10: (8, "i"), 11: (4, "f"), 12: (8, "d"), 13: (4, "I"),
    16: (8, "Q"), 17: (8, "q"), 18: (8, "Q"),
}  # fmt: skip
_RATIONALS = (5, 10)


@dataclass(frozen=True)
class Entry:
    """One tag: its field type, how many values, and where they lie."""

    code: int
    kind: int
    count: int
    offset: int

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return self.count * _TYPES[self.kind][0]


@dataclass(frozen=True)
class Directory:
    """One image of the file: its entries by tag."""

    offset: int
    entries: Mapping[int, Entry]

    def __contains__(self, code: int) -> bool:
        return code in self.entries


class Tiff:
    """A parsed file: its main directories in order; values are read when asked for."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        head = data.read(0, min(16, data.size))
        self.big, self._order = _kind(head)
        self._swap = (self._order == "<") != (sys.byteorder == "little")
        first = self._number(head, 8, 8) if self.big else self._number(head, 4, 4)
        self._seen: set[int] = set()
        self.directories = self._chain(first)
        if not self.directories:
            raise DamagedSlide("the TIFF file holds no image directory")

    def numbers(self, directory: Directory, code: int) -> "array[int]":
        """Return the whole numbers of a tag, an empty array when the tag is absent."""
        entry = directory.entries.get(code)
        if entry is None:
            return array("Q")
        if entry.kind in _RATIONALS or _TYPES[entry.kind][1] in "fd":
            raise DamagedSlide(
                f"TIFF tag {code} should hold whole numbers, its type is {entry.kind}"
            )
        return self._values(entry)

    def number(self, directory: Directory, code: int, default: int) -> int:
        """Return the first whole number of a tag."""
        values = self.numbers(directory, code)
        return values[0] if values else default

    def ratio(self, directory: Directory, code: int) -> Fraction | None:
        """Return the first rational of a tag, None when absent or without meaning."""
        entry = directory.entries.get(code)
        if entry is None or entry.kind not in _RATIONALS or not entry.count:
            return None
        top, bottom = self._values(entry)[:2]
        return Fraction(top, bottom) if bottom else None

    def raw(self, directory: Directory, code: int) -> bytes:
        """Return the bytes of a tag as they stand in the file."""
        entry = directory.entries.get(code)
        return self._data.read(entry.offset, entry.size) if entry else b""

    def text(self, directory: Directory, code: int) -> str:
        """Return a text tag up to its NUL; odd bytes are replaced."""
        return self.raw(directory, code).partition(b"\0")[0].decode("utf-8", "replace")

    def data(self, offset: int, length: int) -> bytes:
        """Return image data of the file."""
        return self._data.read(offset, length)

    def sub_directories(self, directory: Directory) -> tuple[Directory, ...]:
        """Return the directories that a SubIFDs tag names (OME-TIFF pyramids)."""
        offsets = self.numbers(directory, Code.SUB_DIRECTORIES)
        return tuple(self._directory(offset)[0] for offset in offsets[:MAX_DIRECTORIES])

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._data.size

    @property
    def byte_order(self) -> str:
        """``<`` or ``>``, as in struct."""
        return self._order

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
        head, each, link = (8, 20, 8) if self.big else (2, 12, 4)
        count = self._number(self._data.read(offset, head), 0, head)
        if not 0 < count <= MAX_ENTRIES:
            raise DamagedSlide(f"the TIFF directory at byte {offset} claims {count} tags")
        body = self._data.read(offset + head, count * each + link)
        entries = {}
        for index in range(count):
            entry = self._entry(body, index * each, offset + head + index * each)
            if entry is not None:
                entries[entry.code] = entry
        return Directory(offset, entries), self._number(body, count * each, link)

    def _entry(self, body: bytes, at: int, offset: int) -> Entry | None:
        """Read one entry; None for a field type that no reader knows (TIFF 6.0, section 2)."""
        code, kind = struct.unpack_from(self._order + "HH", body, at)
        inline = 8 if self.big else 4
        count = self._number(body, at + 4, inline)
        if kind not in _TYPES:
            return None
        size = count * _TYPES[kind][0]
        if size > min(MAX_VALUE_BYTES, self._data.size):
            raise DamagedSlide(
                f"TIFF tag {code} claims {count} values, more than the file can hold"
            )
        place = offset + 4 + inline
        if size > inline:
            place = self._number(body, at + 4 + inline, inline)
            if place + size > self._data.size:
                raise DamagedSlide(
                    f"TIFF tag {code} points beyond the end of the file: it was cut off or is "
                    "damaged; copy it again from the scanner"
                )
        return Entry(code, kind, count, place)

    def _values(self, entry: Entry) -> "array[int]":
        values = array(_TYPES[entry.kind][1])
        values.frombytes(self._data.read(entry.offset, entry.size))
        if self._swap:
            values.byteswap()
        return values

    def _number(self, data: bytes, at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "little" if self._order == "<" else "big")


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
