"""The attributes of a DICOM file (PS3.10), read by range with the standard library alone.

Only the attributes in ``Tag`` are kept; the others, private ones and nested ones too, are passed
over unread. Every length comes from the file, so each is bounded before it is used, and so is how
many elements are looked at: a hostile file costs a few reads and an error, never memory or time.
"""

import struct
from dataclasses import dataclass, replace

from labsight.errors import DamagedSlide, NotASlide, UnsupportedSlide
from labsight.slides.formats.dicom.source import Source
from labsight.slides.formats.dicom.tags import (
    BIG_ENDIAN,
    DEFLATED,
    IMPLICIT,
    ITEM,
    ITEM_END,
    PLACES,
    SEQUENCE_END,
    SEQUENCES,
    UNDEFINED,
    Tag,
)
from labsight.slides.formats.dicom.values import Elements
from labsight.slides.ranges import Bytes

MAX_ELEMENTS = 100_000  # in one file beside those of its frames; real ones have a few thousand
MAX_FRAME_ELEMENTS = 64  # of one frame's functional groups
MAX_ITEMS = 10_000  # of sequences that are kept
MAX_DEPTH = 32
MAX_VALUE_BYTES = 256 << 10  # of an attribute that is kept; the longest are palettes
MAX_KEPT_BYTES = 16 << 20  # of all of them
_PREAMBLE = 128
_WANTED = frozenset(Tag)
# Value representations whose length takes four bytes (PS3.5, section 7.1.2)
_LONG = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)

Span = tuple[int, int, int]  # tag (0 when it is not kept), first byte of the value, bytes


def is_dicom(data: Bytes) -> bool:
    """Whether a file starts as DICOM files do (PS3.10, section 7.1)."""
    return data.size > _PREAMBLE + 4 and data.read(_PREAMBLE, 4) == b"DICM"


class Part10:
    """One DICOM file that is walked through from its start, attribute by attribute.

    ``found`` holds what was met so far. Raises NotASlide when it is no DICOM file, UnsupportedSlide
    for the two encodings that are not read, DamagedSlide for anything that cannot be.
    """

    def __init__(self, data: Bytes) -> None:
        self.source = Source(data)
        start = self.source.read(0, min(_PREAMBLE + 4, data.size))
        if start[_PREAMBLE:] != b"DICM":
            raise NotASlide("the file does not start as a DICOM file does")
        self.found = Elements()
        self._left = MAX_ELEMENTS
        self._room = MAX_KEPT_BYTES
        self._items_left = MAX_ITEMS
        self._spans: list[Span] | None = None
        self._implicit = False
        self._at = _PREAMBLE + 4
        self.read_until(0x00030000)  # the file meta information is always explicit
        self.syntax = self.found.text(Tag.TRANSFER_SYNTAX_UID)
        self._implicit = _is_implicit(self.syntax)

    def read_until(self, stop: int) -> None:
        """Read the attributes of the file before tag ``stop``: they stand in ascending order."""
        while self._next() < stop:
            self._at = self._element(self.found, self._header(self._at, self._implicit), 0)

    def place_of(self, wanted: Tag) -> tuple[int, int] | None:
        """Return where the value of the attribute starts that comes next, if it is ``wanted``.

        The length may be UNDEFINED.
        """
        if self._next() != wanted:
            return None
        element = self._header(self._at, self._implicit)
        return element.value, element.length

    def _next(self) -> int:
        """Return the tag that comes next, one above all others at the end of the file."""
        if self._at + 8 > self.source.size:
            return 1 << 32
        group, element = struct.unpack("<HH", self.source.read(self._at, 4))
        return int(group) << 16 | int(element)

    def allow(self, frames: int) -> None:
        """Let as many more elements be looked at as the groups of this many frames may have."""
        self._left += frames * MAX_FRAME_ELEMENTS

    def continue_at(self, at: int) -> None:
        """Go on behind what somebody else has read."""
        self._at = at

    def skip(self, delimiter: int) -> None:
        """Pass over a delimiter if it comes next."""
        if self._next() == delimiter:
            self._at += 8

    def item_spans(self, at: int) -> tuple[list[Span], int]:
        """Return where the values of the item at ``at`` lie, and its end."""
        item = self._header(at, self._implicit)
        if item.tag != ITEM:
            raise _no_item(at)
        spans: list[Span] = []
        self._spans = spans
        end = self._item(Elements(), item, 1)
        self._spans = None
        return spans, end

    def _header(self, at: int, implicit: bool) -> "_Header":
        """Read what stands in front of the value of the element at ``at``."""
        self._left -= 1
        if self._left < 0:
            raise DamagedSlide("the DICOM file has far more attributes than a slide has")
        raw = self.source.read(at, min(12, self.source.size - at))
        if len(raw) < 8:
            raise DamagedSlide("the DICOM file ends inside an attribute: it was cut off")
        group, element, length = struct.unpack_from("<HHI", raw)
        value = at + 8
        kind = b"" if implicit or group == 0xFFFE else raw[4:6]
        if kind:
            if kind in _LONG:
                length, value = int.from_bytes(raw[8:12], "little"), at + 12
            elif kind.isalpha() and kind.isupper():
                length = int.from_bytes(raw[6:8], "little")
            else:
                raise DamagedSlide(
                    f"attribute ({group:04X},{element:04X}) of the DICOM file has no value "
                    "representation: the file is damaged or of another transfer syntax than it says"
                )
        if length != UNDEFINED and value + length > self.source.size:
            raise DamagedSlide(
                f"attribute ({group:04X},{element:04X}) of the DICOM file claims {length} bytes, "
                f"the file has {self.source.size}: it was cut off or is damaged; copy it again"
            )
        # What is of unknown kind is written without kinds within (PS3.5, section 6.2.2)
        return _Header(group << 16 | element, length, value, implicit or kind == b"UN")

    def _element(self, found: Elements, one: "_Header", depth: int) -> int:
        """Keep or pass over one element; return where the next one starts."""
        if one.tag in SEQUENCES:
            found.items[one.tag], end = self._items(one, depth + 1)
            return end
        if one.tag == Tag.PIXEL_DATA and not depth:
            found.places[one.tag] = one.value, one.length
            return self.source.size
        if one.length == UNDEFINED:
            return self._past(one)
        self._note(one)
        if one.tag in PLACES:
            found.places[one.tag] = one.value, one.length
        elif one.tag in _WANTED:
            found.values[one.tag] = self._kept(one)
        return one.value + one.length

    def _kept(self, one: "_Header") -> bytes:
        self._room -= one.length
        if one.length > MAX_VALUE_BYTES or self._room < 0:
            raise DamagedSlide(
                f"attribute ({one.tag >> 16:04X},{one.tag & 0xFFFF:04X}) of the DICOM file has "
                f"{one.length:,} bytes, far more than such attributes have"
            )
        return self.source.read(one.value, one.length)

    def _items(self, sequence: "_Header", depth: int) -> tuple[list[Elements], int]:
        """Read the items of a sequence; return them and where the sequence ends."""
        items: list[Elements] = []
        at, length = sequence.value, sequence.length
        end = None if length == UNDEFINED else at + length
        while end is None or at < end:
            item = self._header(at, sequence.implicit)
            if item.tag == SEQUENCE_END:
                return items, item.value
            if item.tag != ITEM:
                raise _no_item(at)
            self._items_left -= self._spans is None  # those of frames are not kept
            if self._items_left < 0:
                raise DamagedSlide(f"the DICOM file has more than {MAX_ITEMS:,} sequence items")
            items.append(Elements())
            at = self._item(items[-1], item, depth)
        return items, at

    def _item(self, found: Elements, item: "_Header", depth: int) -> int:
        """Read the elements of one item; return its end."""
        if depth > MAX_DEPTH:
            raise _too_deep()
        at = item.value
        end = None if item.length == UNDEFINED else at + item.length
        while end is None or at < end:
            one = self._header(at, item.implicit)
            if one.tag == ITEM_END:
                return one.value
            at = self._element(found, one, depth)
        return at

    def _past(self, sequence: "_Header") -> int:
        """Return the end of a sequence of undefined length that is not read."""
        at, within = sequence.value, [sequence.implicit]
        while within:
            one = self._header(at, within[-1])
            at = one.value
            if one.length == UNDEFINED:
                within.append(one.implicit)
            elif one.tag in {ITEM_END, SEQUENCE_END}:
                within.pop()
            else:
                self._note(replace(one, tag=0))
                at += one.length
            if len(within) > 2 * MAX_DEPTH:
                raise _too_deep()
        return at

    def _note(self, one: "_Header") -> None:
        if self._spans is not None:
            self._spans.append((one.tag if one.tag in _WANTED else 0, one.value, one.length))


def series_of(data: Bytes) -> tuple[str, str]:
    """Return SeriesInstanceUID and value 3 of ImageType (VOLUME, LABEL, ...), empty when absent.

    This is how a folder's files are told apart, on the lab's machines too: nothing of this module
    needs more than the standard library. Raises NotASlide, DamagedSlide, UnsupportedSlide.
    """
    part = Part10(data)
    part.read_until(Tag.SERIES_INSTANCE_UID + 1)
    kinds = part.found.texts(Tag.IMAGE_TYPE)
    return part.found.text(Tag.SERIES_INSTANCE_UID), kinds[2] if len(kinds) > 2 else ""


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands in front of a value; ``implicit``: how the elements within are written."""

    tag: int
    length: int
    value: int
    implicit: bool


def _no_item(at: int) -> DamagedSlide:
    return DamagedSlide(f"a sequence of the DICOM file has no item at byte {at}")


def _too_deep() -> DamagedSlide:
    return DamagedSlide(f"the DICOM file has sequences more than {MAX_DEPTH} deep")


def _is_implicit(syntax: str) -> bool:
    """Whether attributes come without their kinds; raise UnsupportedSlide for rare encodings."""
    if syntax in {DEFLATED, BIG_ENDIAN}:
        name = "deflated" if syntax == DEFLATED else "big endian"
        raise UnsupportedSlide(
            f"it is a {name} DICOM file, which labsight does not read; "
            "export it as Explicit VR Little Endian or with JPEG compression"
        )
    return syntax == IMPLICIT
