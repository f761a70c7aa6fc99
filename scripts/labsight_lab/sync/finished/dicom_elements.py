"""The elements of a DICOM file (PS3.10), one after the other, in reads of a few bytes.

The reader of the archive's side fetches a quarter of a megabyte at a time; here a hundred thousand
files of a network share may have to be looked at, of which a few kilobytes tell enough.
"""

from typing import BinaryIO, Literal, NamedTuple

from labsight.slides.formats.dicom.tags import (
    BIG_ENDIAN,
    IMPLICIT,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Tag,
)
from labsight.slides.formats.dicom.values import text_of
from labsight_lab.sync.finished.bounded import Bounded, EnoughSeenError, UnfinishedError

MAX_ELEMENTS = 1 << 20
MAX_DEPTH = 64
PREAMBLE = 128
_START = PREAMBLE + 4
_META = 0x0002
_DELIMITERS = 0xFFFE
# Data sets that are deflated as a whole: PS3.5, annex A.5, and the two of JPIP (A.7, A.10).
_DEFLATED = frozenset({
    "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205",
})  # fmt: skip
# Value representations whose length takes four bytes (PS3.5, section 7.1.2)
_LONG = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


class Element(NamedTuple):
    """What stands in front of a value; ``length`` may be UNDEFINED."""

    tag: int
    kind: bytes
    length: int
    value: int


class Elements:
    """Walks through a file from its first attribute behind the file meta information.

    ``syntax`` is its transfer syntax, ``order`` how its numbers are written. Raises EnoughSeenError
    for what is no DICOM file or is deflated, UnfinishedError for what ends too early.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = Bounded(file, size), size
        self.order: Literal["little", "big"] = "little"
        self._implicit = False
        self._left = MAX_ELEMENTS
        self.at = _START
        if size < _START:
            raise UnfinishedError("it ends inside its header")
        head = self._file.read(0, _START)
        if not any(head):
            raise UnfinishedError("its header is not written yet")
        if head[PREAMBLE:] != b"DICM":
            raise EnoughSeenError
        self.syntax = self._meta()
        if not self.syntax or self.syntax in _DEFLATED:
            raise EnoughSeenError
        self.order = "big" if self.syntax == BIG_ENDIAN else "little"
        self._implicit = self.syntax == IMPLICIT

    def _meta(self) -> str:
        """Pass over the file meta information; return the transfer syntax."""
        syntax = ""
        while self._group() == _META:
            element = self.next()
            if element is None:
                break
            if element.tag == Tag.TRANSFER_SYNTAX_UID:
                syntax = text_of(self.value(element, 64))
            self.skip(element)
        if self.at == self.size:
            raise UnfinishedError("it ends inside its header")
        return syntax

    def _group(self) -> int:
        """Return the group of the element that comes next: the data set is encoded otherwise."""
        return self._number(self._file.read(self.at, min(2, self.size - self.at)))

    def next(self) -> Element | None:
        """Return the element that comes next, and stay in front of its value; None at the end."""
        left = self.size - self.at
        return self._header(min(12, left), implicit=self._implicit) if left else None

    def value(self, element: Element, at_most: int) -> bytes:
        """Return the value of an element, or its first bytes."""
        self._file.inside(element.value, element.length)
        return self._file.read(element.value, min(element.length, at_most))

    def read(self, at: int, length: int) -> bytes:
        """Return bytes from anywhere."""
        return self._file.read(at, length)

    def skip(self, element: Element) -> None:
        """Go on behind an element; a sequence of undefined length is followed to its end."""
        if element.length == UNDEFINED:
            self._follow(element)
        else:
            self._file.inside(element.value, element.length)
            self.at = element.value + element.length

    def item(self) -> Element:
        """Return the item or delimiter that comes next."""
        left = self.size - self.at
        if left < 8:
            raise UnfinishedError("it ends inside a sequence")
        return self._header(8, implicit=True)

    def _follow(self, sequence: Element) -> None:
        self.at = sequence.value
        within = [self._implicit or sequence.kind == b"UN"]  # PS3.5, section 6.2.2, note 2
        while within:
            left = self.size - self.at
            if not left:
                raise UnfinishedError("it ends inside a sequence")
            one = self._header(min(12, left), implicit=within[-1])
            self.at = one.value
            if one.length == UNDEFINED:
                within.append(within[-1] or one.kind == b"UN")
            elif one.tag in {ITEM_END, SEQUENCE_END}:
                within.pop()
            else:
                self._file.inside(one.value, one.length)
                self.at += one.length
            if len(within) > MAX_DEPTH:
                raise EnoughSeenError

    def _header(self, available: int, *, implicit: bool) -> Element:
        self._left -= 1
        if self._left < 0:
            raise EnoughSeenError
        if available < 8:
            raise UnfinishedError("it ends inside an attribute")
        raw = self._file.read(self.at, available)
        if not any(raw[:8]):
            raise UnfinishedError(f"what lies at byte {self.at:,} is not written yet")
        group, number = self._number(raw[:2]), self._number(raw[2:4])
        tag = group << 16 | number
        if implicit or group == _DELIMITERS:
            return Element(tag, b"", self._number(raw[4:8]), self.at + 8)
        kind = raw[4:6]
        if kind in _LONG:
            if available < 12:
                raise UnfinishedError("it ends inside an attribute")
            return Element(tag, kind, self._number(raw[8:12]), self.at + 12)
        if not (kind.isalpha() and kind.isupper()):
            raise EnoughSeenError
        return Element(tag, kind, self._number(raw[6:8]), self.at + 8)

    def _number(self, raw: bytes) -> int:
        return int.from_bytes(raw, self.order)
