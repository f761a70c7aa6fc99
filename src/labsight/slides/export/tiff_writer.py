"""Writes directories of BigTIFF files: tables of tags behind tiles that are in the file already.

Layout: https://www.awaresystems.be/imaging/tiff/bigtiff.html; tags: TIFF 6.0 (Adobe, 1992).
"""

import struct
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEADER_BYTES = 16
_INLINE = 8  # bytes that fit into an entry
_LARGEST = (1 << 32) - 1
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED, _LONG8, _IFD8 = 1, 2, 3, 4, 5, 7, 16, 18


@dataclass(frozen=True)
class Value:
    """Values of a tag: their field type, how many, and their bytes."""

    kind: int
    count: int
    data: bytes


class Encoder:
    """Writes in one byte order: ``<`` or ``>``, which must be that of the samples."""

    def __init__(self, order: str) -> None:
        self._order = order
        self._swap = (order == "<") != (sys.byteorder == "little")

    def header(self, first: int = 0) -> bytes:
        """Return the head of a file whose first directory lies at ``first``."""
        mark = b"II" if self._order == "<" else b"MM"
        return mark + struct.pack(f"{self._order}HHHQ", 43, 8, 0, first)

    def offset(self, value: int) -> bytes:
        """Return a place in the file as it stands in header and directories."""
        return struct.pack(f"{self._order}Q", value)

    def shorts(self, *values: int) -> Value:
        """Return SHORT values."""
        return Value(_SHORT, len(values), struct.pack(f"{self._order}{len(values)}H", *values))

    def longs(self, values: "Sequence[int] | array[int]") -> Value:
        """Return LONG values."""
        return Value(_LONG, len(values), self._packed("I", values))

    def places(self, values: "Sequence[int] | array[int]") -> Value:
        """Return LONG8 values: where things lie."""
        return Value(_LONG8, len(values), self._packed("Q", values))

    def directories(self, places: Sequence[int]) -> Value:
        """Return where other directories lie."""
        return Value(_IFD8, len(places), self._packed("Q", places))

    def rational(self, value: float) -> Value:
        """Return a RATIONAL, as exact as its two numbers of 32 bits allow; at most 2^32 - 1."""
        scale = 1
        while value * scale * 10 < _LARGEST and scale * 10 < _LARGEST:
            scale *= 10
        numbers = min(round(value * scale), _LARGEST), scale
        return Value(_RATIONAL, 1, struct.pack(f"{self._order}II", *numbers))

    @staticmethod
    def text(text: str) -> Value:
        """Return text as UTF-8, which OME asks for."""
        data = text.encode() + b"\0"
        return Value(_ASCII, len(data), data)

    @staticmethod
    def undefined(data: bytes) -> Value:
        """Return bytes that the tag itself explains."""
        return Value(_UNDEFINED, len(data), data)

    def directory(self, at: int, tags: Mapping[int, Value]) -> bytes:
        """Return a directory that will lie at ``at``, its longer values behind it.

        It is the last of its chain until ``next_at`` is overwritten.
        """
        entries, data = [], b""
        behind = next_at(at, len(tags)) + 8
        for tag, value in sorted(tags.items()):
            if len(value.data) <= _INLINE:
                inline = value.data.ljust(_INLINE, b"\0")
            else:
                data += b"\0" * (-len(data) % 8)
                inline = self.offset(behind + len(data))
                data += value.data
            entries.append(struct.pack(f"{self._order}HHQ", tag, value.kind, value.count) + inline)
        return self.offset(len(tags)) + b"".join(entries) + self.offset(0) + data

    def _packed(self, code: str, values: "Sequence[int] | array[int]") -> bytes:
        packed = array(code, values)
        if self._swap:
            packed.byteswap()
        return packed.tobytes()


def next_at(directory: int, tags: int) -> int:
    """Return where in a directory stands the place of the next one."""
    return directory + 8 + 20 * tags
