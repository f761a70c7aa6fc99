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
from itertools import chain
from struct import Struct
from typing import BinaryIO, Literal, NamedTuple

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
_OF_USE = frozenset({_DESCRIPTION, _SUB_DIRECTORIES, *chain(*_SEGMENTS)})


class _Layout(NamedTuple):
    """How one flavour of TIFF writes its numbers."""

    order: Literal["<", ">"]
    number: Struct  # of the entries of a directory
    entry: Struct  # tag, type of the values, their number, and the word that holds or locates them
    word_size: int
    link: Struct  # offset of the next directory
    upper_half: int = 0  # NDPI: bytes for each entry that follow the link
    values_checked: bool = True


def _classic(order: Literal["<", ">"]) -> _Layout:
    return _Layout(order, Struct(f"{order}H"), Struct(f"{order}HHII"), 4, Struct(f"{order}I"))


def _big(order: Literal["<", ">"]) -> _Layout:
    return _Layout(order, Struct(f"{order}Q"), Struct(f"{order}HHQQ"), 8, Struct(f"{order}Q"))


# By the first bytes: the flavour, and where the offset of the first directory lies.
_LAYOUTS = {
    b"II*\0": (_classic("<"), 4),
    b"MM\0*": (_classic(">"), 4),
    b"II+\0": (_big("<"), 8),
    b"MM\0+": (_big(">"), 8),
}


class _Entry(NamedTuple):
    """One tag of a directory; ``offset`` is where its values lie."""

    kind: int
    values: int  # how many
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
    return (entry.offset, entry.values) if entry and entry.kind in _TEXTS else None


def _header(file: BinaryIO, size: int, structure: Structure) -> tuple[_Layout, int]:
    file.seek(0)
    head = file.read(16)
    if not any(head):
        raise UnfinishedError("its header is not written yet")
    if head[:4] not in _LAYOUTS:
        if size < 8 and head[:1] in b"IM":
            raise UnfinishedError("it ends inside its header")
        raise EnoughSeenError
    layout, start = _LAYOUTS[head[:4]]
    if structure is Structure.NDPI and layout.word_size == 4:
        link = Struct(f"{layout.order}Q")
        # Beyond 4 GiB its directories must do.
        layout = layout._replace(link=link, upper_half=4, values_checked=size < _4_GIB)
    if len(head) < start + layout.link.size:
        raise UnfinishedError("it ends inside its header")
    (first,) = layout.link.unpack_from(head, start)
    if first == 0:
        raise UnfinishedError("its list of images is not written yet")
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
        return self._entries(*self._table(offset)[:2])

    def _directory(self, offset: int) -> Iterator[int]:
        table, start, following = self._table(offset)
        yield following
        if self._layout.values_checked:
            yield from self._values(self._entries(table, start))

    def _table(self, offset: int) -> tuple[bytes, int, int]:
        """Return the entries of a directory, where they start, and where the next directory is."""
        layout = self._layout
        (count,) = layout.number.unpack(self._file.read(offset, layout.number.size))
        if count == 0:
            raise UnfinishedError(f"what lies at byte {offset:,} is not written yet")
        if count > MAX_ENTRIES:
            raise EnoughSeenError
        start = offset + layout.number.size
        length = count * layout.entry.size
        table = self._file.read(start, length + layout.link.size)
        self._file.inside(start + len(table), count * layout.upper_half)
        (following,) = layout.link.unpack_from(table, length)
        return table[:length], start, following

    def _entries(self, table: bytes, start: int) -> dict[int, _Entry]:
        """Return the tags that are of use here, having seen that all values lie in the file."""
        layout = self._layout
        found = {}
        word_at = start + layout.entry.size - layout.word_size
        for tag, kind, count, word in layout.entry.iter_unpack(table):
            length = count * _TYPE_SIZES.get(kind, 0)
            if length > layout.word_size:
                self._file.inside(word, length)
            if tag in _OF_USE:
                found[tag] = _Entry(kind, count, word if length > layout.word_size else word_at)
            word_at += layout.entry.size
        return found

    def _values(self, entries: dict[int, _Entry]) -> Iterator[int]:
        for offsets, counts in _SEGMENTS:
            if offsets in entries and counts in entries:
                places = self._numbers(entries[offsets])
                for place, length in zip(places, self._numbers(entries[counts]), strict=False):
                    self._file.inside(place, length)
        if _SUB_DIRECTORIES in entries:
            yield from self._numbers(entries[_SUB_DIRECTORIES])

    def _numbers(self, entry: _Entry) -> Iterator[int]:
        letter = _UNSIGNED.get(entry.kind)
        if letter is None:
            return
        width = struct.calcsize(f"={letter}")
        for done in range(0, entry.values, _BLOCK):
            n = min(_BLOCK, entry.values - done)
            block = self._file.read(entry.offset + done * width, n * width)
            yield from struct.unpack(f"{self._layout.order}{n}{letter}", block)
