"""Is a file still being written? By structure: all that a TIFF points at must lie inside it.

Only what reaches beyond the end of the file, or was not filled in yet, makes a file unfinished.
Whatever else is odd (loops, unknown compression, a foreign format) is for the import to judge:
the archive takes it as it is. Files are hostile: all counts are bounded, no directory is read
twice, and after ``MAX_READ`` bytes or ``MAX_DIRECTORIES`` directories the check is content with
what it saw.

TIFF 6.0; BigTIFF: https://www.awaresystems.be/imaging/tiff/bigtiff.html; NDPI is a classic TIFF
whose directory offsets have 8 bytes, and whose directories end with the upper halves of their
values.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

from labsight.slides.formats.kinds import Structure

MAX_READ = 256 << 20
MAX_DIRECTORIES = 100_000
MAX_ENTRIES = 65_535  # what the 16-bit count of a classic TIFF can say
_BLOCK = 1 << 16  # array elements read at a time
_4_GIB = 1 << 32

_TYPE_SIZES = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
_UNSIGNED = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SUB_DIRECTORIES = 330
_SEGMENTS = ((273, 279), (324, 325))  # offsets and byte counts of strips and of tiles


class _UnfinishedError(Exception):
    """The file does not hold what it points at."""


class _EnoughSeenError(Exception):
    """The check reached one of its own limits, or something that is no TIFF."""


@dataclass(frozen=True)
class _Layout:
    """How one flavour of TIFF writes its numbers."""

    order: Literal["<", ">"]
    count: str
    word: str  # counts and offsets inside an entry
    entry_size: int
    link: str  # offset of the next directory
    upper_half: int = 0  # NDPI: bytes for each entry that follow the link
    values_checked: bool = True

    @property
    def word_size(self) -> int:
        return struct.calcsize(f"={self.word}")


@dataclass(frozen=True)
class _Entry:
    """One tag of a directory; ``offset`` is where its values lie."""

    kind: int
    count: int
    offset: int


def unfinished(file: BinaryIO, size: int, structure: Structure) -> str | None:
    """Return why a file of ``size`` bytes is not written to its end, or None if it may be."""
    if size == 0:
        return "it is empty"
    if structure is Structure.UNKNOWN:
        return None
    try:
        layout, first = _header(file, size, structure)
        _Walk(file, size, layout).from_directory(first)
    except _UnfinishedError as reason:
        return str(reason)
    except _EnoughSeenError:
        return None
    return None


def _header(file: BinaryIO, size: int, structure: Structure) -> tuple[_Layout, int]:
    file.seek(0)
    head = file.read(16)
    if not any(head):
        raise _UnfinishedError("its header is not written yet")
    order: Literal["<", ">"] = "<" if head[:1] == b"I" else ">"
    if head[:4] in {b"II+\0", b"MM\0+"}:
        layout, start = _Layout(order, "Q", "Q", 20, "Q"), 8
    elif head[:4] in {b"II*\0", b"MM\0*"}:
        layout, start = _Layout(order, "H", "I", 12, "I"), 4
        if structure is Structure.NDPI:  # beyond 4 GiB its directories must do
            layout = replace(layout, link="Q", upper_half=4, values_checked=size < _4_GIB)
    elif size < 8 and head[:1] in b"IM":
        raise _UnfinishedError("it ends inside its header")
    else:
        raise _EnoughSeenError
    field = head[start : start + struct.calcsize(f"={layout.link}")]
    if len(field) < struct.calcsize(f"={layout.link}"):
        raise _UnfinishedError("it ends inside its header")
    (first,) = struct.unpack(order + layout.link, field)
    if first == 0:
        raise _UnfinishedError("its first directory is not written yet")
    return layout, first


class _Walk:
    """One pass over all directories of a file."""

    def __init__(self, file: BinaryIO, size: int, layout: _Layout) -> None:
        self._file, self._size, self._layout = file, size, layout
        self._budget = MAX_READ

    def from_directory(self, first: int) -> None:
        """Check the directory at ``first`` and all that hang on it."""
        pending, seen = [first], set[int]()
        while pending:
            offset = pending.pop()
            if offset == 0 or offset in seen:
                continue
            seen.add(offset)
            for found in self._directory(offset):
                if len(seen) + len(pending) > MAX_DIRECTORIES:
                    raise _EnoughSeenError
                pending.append(found)

    def _directory(self, offset: int) -> Iterator[int]:
        layout = self._layout
        count_size = struct.calcsize(f"={layout.count}")
        (count,) = struct.unpack(
            layout.order + layout.count, self._read(offset, count_size, "a directory")
        )
        if count == 0:
            raise _UnfinishedError(f"the directory at byte {offset:,} is not filled in yet")
        if count > MAX_ENTRIES:
            raise _EnoughSeenError
        start = offset + count_size
        link_size = struct.calcsize(f"={layout.link}")
        table = self._read(start, count * layout.entry_size + link_size, "a directory")
        self._inside(start + len(table), count * layout.upper_half, "a directory")
        (following,) = struct.unpack(layout.order + layout.link, table[-link_size:])
        yield following
        if layout.values_checked:
            yield from self._values(dict(self._entries(table[:-link_size], start)))

    def _entries(self, table: bytes, start: int) -> Iterator[tuple[int, _Entry]]:
        """Yield tag and place of each entry, having seen that its values lie inside the file."""
        layout = self._layout
        for at in range(0, len(table), layout.entry_size):
            tag, kind, count = struct.unpack_from(f"{layout.order}HH{layout.word}", table, at)
            length = count * _TYPE_SIZES.get(kind, 0)
            offset = start + at + 4 + layout.word_size
            if length > layout.word_size:
                (offset,) = struct.unpack_from(layout.order + layout.word, table, offset - start)
                self._inside(offset, length, f"the value of tag {tag}")
            yield tag, _Entry(kind, count, offset)

    def _values(self, entries: dict[int, _Entry]) -> Iterator[int]:
        for offsets, counts in _SEGMENTS:
            if offsets in entries and counts in entries:
                places = self._numbers(entries[offsets])
                for place, length in zip(places, self._numbers(entries[counts]), strict=False):
                    self._inside(place, length, "image data")
        if _SUB_DIRECTORIES in entries:
            yield from self._numbers(entries[_SUB_DIRECTORIES])

    def _numbers(self, entry: _Entry) -> Iterator[int]:
        letter = _UNSIGNED.get(entry.kind)
        if letter is None:
            return
        width = struct.calcsize(f"={letter}")
        for done in range(0, entry.count, _BLOCK):
            n = min(_BLOCK, entry.count - done)
            block = self._read(entry.offset + done * width, n * width, "a table")
            yield from struct.unpack(f"{self._layout.order}{n}{letter}", block)

    def _inside(self, offset: int, length: int, what: str) -> None:
        if offset + length > self._size:
            raise _UnfinishedError(
                f"{what} at byte {offset:,} reaches {offset + length - self._size:,} bytes "
                f"beyond its end at {self._size:,}"
            )

    def _read(self, offset: int, length: int, what: str) -> bytes:
        self._inside(offset, length, what)
        self._budget -= length
        if self._budget < 0:
            raise _EnoughSeenError
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) < length:
            raise _UnfinishedError("it became shorter while it was read")
        return data
