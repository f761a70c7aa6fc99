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
from labsight_lab.sync.finished.bounded import (
    MAX_READ,
    Bounded,
    EnoughSeenError,
    UnfinishedError,
)

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
_DESCRIPTION, _SUB_DIRECTORIES = 270, 330
_TEXTS = frozenset({1, 2, 7})  # field types of one byte that programs write text in
_SEGMENTS = ((273, 279), (324, 325))  # offsets and byte counts of strips and of tiles


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
    except UnfinishedError as reason:
        return str(reason)
    except EnoughSeenError:
        return None
    return None


def description(file: BinaryIO, size: int) -> tuple[int, int] | None:
    """Return where the ImageDescription of the first image lies: its first byte and its length."""
    try:
        layout, first = _header(file, size, Structure.TIFF)
        entry = _Walk(file, size, layout).entries(first).get(_DESCRIPTION)
    except (UnfinishedError, EnoughSeenError):
        return None
    return (entry.offset, entry.count) if entry and entry.kind in _TEXTS else None


def _header(file: BinaryIO, size: int, structure: Structure) -> tuple[_Layout, int]:
    file.seek(0)
    head = file.read(16)
    if not any(head):
        raise UnfinishedError("its header is not written yet")
    order: Literal["<", ">"] = "<" if head[:1] == b"I" else ">"
    if head[:4] in {b"II+\0", b"MM\0+"}:
        layout, start = _Layout(order, "Q", "Q", 20, "Q"), 8
    elif head[:4] in {b"II*\0", b"MM\0*"}:
        layout, start = _Layout(order, "H", "I", 12, "I"), 4
        if structure is Structure.NDPI:  # beyond 4 GiB its directories must do
            layout = replace(layout, link="Q", upper_half=4, values_checked=size < _4_GIB)
    elif size < 8 and head[:1] in b"IM":
        raise UnfinishedError("it ends inside its header")
    else:
        raise EnoughSeenError
    field = head[start : start + struct.calcsize(f"={layout.link}")]
    if len(field) < struct.calcsize(f"={layout.link}"):
        raise UnfinishedError("it ends inside its header")
    (first,) = struct.unpack(order + layout.link, field)
    if first == 0:
        raise UnfinishedError("its first directory is not written yet")
    return layout, first


class _Walk:
    """One pass over all directories of a file."""

    def __init__(self, file: BinaryIO, size: int, layout: _Layout) -> None:
        self._file, self._layout = Bounded(file, size, MAX_READ), layout

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
                    raise EnoughSeenError
                pending.append(found)

    def entries(self, offset: int) -> dict[int, _Entry]:
        """Return the tags of a directory."""
        return dict(self._entries(*self._table(offset)[:2]))

    def _directory(self, offset: int) -> Iterator[int]:
        table, start, following = self._table(offset)
        yield following
        if self._layout.values_checked:
            yield from self._values(dict(self._entries(table, start)))

    def _table(self, offset: int) -> tuple[bytes, int, int]:
        """Return the entries of a directory, where they start, and where the next directory is."""
        layout = self._layout
        count_size = struct.calcsize(f"={layout.count}")
        (count,) = struct.unpack(
            layout.order + layout.count, self._file.read(offset, count_size, "a directory")
        )
        if count == 0:
            raise UnfinishedError(f"the directory at byte {offset:,} is not filled in yet")
        if count > MAX_ENTRIES:
            raise EnoughSeenError
        start = offset + count_size
        link_size = struct.calcsize(f"={layout.link}")
        table = self._file.read(start, count * layout.entry_size + link_size, "a directory")
        self._file.inside(start + len(table), count * layout.upper_half, "a directory")
        (following,) = struct.unpack(layout.order + layout.link, table[-link_size:])
        return table[:-link_size], start, following

    def _entries(self, table: bytes, start: int) -> Iterator[tuple[int, _Entry]]:
        """Yield tag and place of each entry, having seen that its values lie inside the file."""
        layout = self._layout
        for at in range(0, len(table), layout.entry_size):
            tag, kind, count = struct.unpack_from(f"{layout.order}HH{layout.word}", table, at)
            length = count * _TYPE_SIZES.get(kind, 0)
            offset = start + at + 4 + layout.word_size
            if length > layout.word_size:
                (offset,) = struct.unpack_from(layout.order + layout.word, table, offset - start)
                self._file.inside(offset, length, f"the value of tag {tag}")
            yield tag, _Entry(kind, count, offset)

    def _values(self, entries: dict[int, _Entry]) -> Iterator[int]:
        for offsets, counts in _SEGMENTS:
            if offsets in entries and counts in entries:
                places = self._numbers(entries[offsets])
                for place, length in zip(places, self._numbers(entries[counts]), strict=False):
                    self._file.inside(place, length, "image data")
        if _SUB_DIRECTORIES in entries:
            yield from self._numbers(entries[_SUB_DIRECTORIES])

    def _numbers(self, entry: _Entry) -> Iterator[int]:
        letter = _UNSIGNED.get(entry.kind)
        if letter is None:
            return
        width = struct.calcsize(f"={letter}")
        for done in range(0, entry.count, _BLOCK):
            n = min(_BLOCK, entry.count - done)
            block = self._file.read(entry.offset + done * width, n * width, "a table")
            yield from struct.unpack(f"{self._layout.order}{n}{letter}", block)
