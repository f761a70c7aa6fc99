"""Writes TIFF files of any byte order out of chunks that are encoded already.

Each page's data come first and its directory behind them, as scanners do it. Whatever tags are
given are written, so that a file may contradict itself.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Order = Literal["<", ">"]
Value = int | Sequence[int] | str | bytes | Fraction

_TILES, _STRIPS = (324, 325), (273, 279)
_ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED, _LONG8 = 2, 3, 4, 5, 7, 16
_LETTERS = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}


@dataclass(frozen=True, kw_only=True)
class Page:
    """One image: its tags but those of the chunks' places; a chunk of no bytes lies at 0."""

    tags: Mapping[int, Value]
    chunks: Sequence[bytes]
    reduced: Sequence["Page"] = field(default=())


def write(pages: Sequence[Page], *, big: bool = False, order: Order = "<") -> bytes:
    """Return a file of the pages; ``reduced`` ones become SubIFDs."""
    return _File(big=big, order=order).of(pages)


class _File:
    def __init__(self, *, big: bool, order: Order) -> None:
        self._big, self._order = big, order
        self._word = "Q" if big else "I"
        mark = b"II" if order == "<" else b"MM"
        self._out = bytearray(mark + struct.pack(order + "H", 43 if big else 42))
        self._out += struct.pack(order + "HHQ", 8, 0, 0) if big else bytes(4)

    def of(self, pages: Sequence[Page]) -> bytes:
        link = 8 if self._big else 4
        for page in pages:
            start, after = self._directory(page)
            struct.pack_into(self._order + self._word, self._out, link, start)
            link = after
        return bytes(self._out)

    def _directory(self, page: Page) -> tuple[int, int]:
        """Write a page; return where its directory starts and where its next-link is."""
        lengths = [len(chunk) for chunk in page.chunks]
        places = [self._append(chunk) if chunk else 0 for chunk in page.chunks]
        codes = _TILES if 322 in page.tags else _STRIPS
        tags: dict[int, Value] = {codes[0]: places, codes[1]: lengths, **page.tags}
        if page.reduced:
            tags[330] = [self._directory(one)[0] for one in page.reduced]
        entries = b"".join(self._entry(code, tags[code]) for code in sorted(tags))
        count = struct.pack(self._order + ("Q" if self._big else "H"), len(tags))
        start = self._append(count + entries + bytes(8 if self._big else 4))
        return start, start + len(count) + len(entries)

    def _entry(self, code: int, value: Value) -> bytes:
        kind, count, data = self._encoded(code, value)
        inline = 8 if self._big else 4
        if len(data) > inline:
            data = struct.pack(self._order + self._word, self._append(data))
        head = struct.pack(self._order + "HH" + self._word, code, kind, count)
        return head + data.ljust(inline, b"\0")

    def _encoded(self, code: int, value: Value) -> tuple[int, int, bytes]:
        if isinstance(value, str):
            data = value.encode() + b"\0"
            return _ASCII, len(data), data
        if isinstance(value, bytes):
            return _UNDEFINED, len(value), value
        if isinstance(value, Fraction):
            pair = struct.pack(self._order + "II", value.numerator, value.denominator)
            return _RATIONAL, 1, pair
        numbers = [value] if isinstance(value, int) else list(value)
        wide = _LONG8 if self._big and code in {324, 273, 330} else _LONG
        kind = wide if max(numbers) > 0xFFFF or code in {324, 325, 273, 279, 330} else _SHORT
        packed = struct.pack(f"{self._order}{len(numbers)}{_LETTERS[kind]}", *numbers)
        return kind, len(numbers), packed

    def _append(self, data: bytes) -> int:
        self._out += bytes(len(self._out) % 2)
        start = len(self._out)
        self._out += data
        return start
