"""Writes NDPI files as Hamamatsu's scanners do: JPEG streams with restart markers in odd TIFF.

Such a file can be of many GB with a few MB in it: what is not written stays a hole.
"""

import io
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Tag = tuple[int, Sequence[int | float] | bytes]  # field type, values
SHORT, LONG, RATIONAL, SLONG, FLOAT, ASCII = 3, 4, 5, 9, 11, 2
GB = 1 << 30
_FORMATS = {SHORT: "H", LONG: "I", RATIONAL: "I", SLONG: "i", FLOAT: "f"}
_MCU = {0: (8, 8), 1: (16, 8), 2: (16, 16)}  # px, by Pillow's number of the chroma subsampling


@dataclass(frozen=True)
class Stream:
    """A JPEG stream: its header, and its restart intervals; a number is a hole of so many bytes."""

    width: int
    height: int
    head: bytes
    intervals: tuple[bytes | int, ...]

    @property
    def whole(self) -> bytes:
        """The stream as scanners write it, when it has no holes."""
        return b"".join(data for _, data in self.parts(0))

    def starts(self) -> list[int]:
        """Return where the intervals start in the stream."""
        starts = [len(self.head)]
        for one in self.intervals[:-1]:
            starts.append(starts[-1] + _length(one) + 2)
        return starts

    @property
    def length(self) -> int:
        """Bytes of the stream."""
        return self.starts()[-1] + _length(self.intervals[-1]) + 2

    def parts(self, offset: int) -> list[tuple[int, bytes]]:
        """Return place and bytes of all that is written."""
        found = [(offset, self.head)]
        for number, (start, one) in enumerate(zip(self.starts(), self.intervals, strict=True)):
            if isinstance(one, bytes):
                found.append((offset + start, one))
            last = number == len(self.intervals) - 1
            marker = b"\xff\xd9" if last else bytes([0xFF, 0xD0 + number % 8])
            found.append((offset + start + _length(one), marker))
        return found


def _length(interval: bytes | int) -> int:
    return interval if isinstance(interval, int) else len(interval)


def cut(pixels: Pixels, across: int = 0, *, subsampling: int = 0, quality: int = 90) -> Stream:
    """Encode pixels with a restart marker every ``across`` px; 0 for no markers at all.

    The intervals are encoded below each other, and their size in the header is set right after
    that: so an image can be larger than JPEG allows.
    """
    height, width = pixels.shape[:2]
    options: dict[str, Any] = {} if pixels.ndim == 2 else {"subsampling": subsampling}
    if across:
        mcu = (8, 8) if pixels.ndim == 2 else _MCU[subsampling]
        assert across % mcu[0] == 0, "an interval is made of whole MCUs"
        assert -(-width // mcu[0]) * mcu[0] % across == 0, "a row is made of whole intervals"
        pixels = _below_each_other(pixels, across, mcu[1])
        options["restart_marker_rows"] = 1
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=quality, **options)
    data = target.getvalue()
    scan = data.index(b"\xff\xda")
    head = bytearray(data[: scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")])
    size = (height if height < 1 << 16 else 0, width if width < 1 << 16 else 0)
    struct.pack_into(">HH", head, head.index(b"\xff\xc0") + 5, *size)
    intervals = re.split(rb"\xff[\xd0-\xd7]", data[len(head) : -2])
    return Stream(width, height, bytes(head), tuple(intervals))


def _below_each_other(pixels: Pixels, across: int, down: int) -> Pixels:
    rows, columns = -(-pixels.shape[0] // down), -(-pixels.shape[1] // across)
    beyond = (rows * down - pixels.shape[0], columns * across - pixels.shape[1])
    padding = [(0, beyond[0]), (0, beyond[1]), (0, 0)][: pixels.ndim]
    whole = np.pad(pixels, padding, "edge")
    pieces = whole.reshape(rows, down, columns, across, *pixels.shape[2:]).swapaxes(1, 2)
    return pieces.reshape(rows * columns * down, across, *pixels.shape[2:])


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One image of a file. ``tags`` replace its own, None leaves one out.

    ``hole`` bytes lie between its stream and its tags.
    """

    stream: Stream
    lens: float = 20.0
    focus: int = 0
    hole: int = 0
    tags: Mapping[int, Tag | None] = field(default_factory=dict)


def missing(*codes: int) -> dict[int, Tag | None]:
    """Leave tags out."""
    return dict.fromkeys(codes)


class NdpiFile:
    """A file made of written parts and holes; also what labsight reads by range."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.requests: list[tuple[int, int]] = []
        self._parts: list[tuple[int, bytes]] = []
        self._end = 12
        pointer = 4
        for picture in pictures:
            pointer = self._add(picture, pointer)
        self._parts.insert(0, (0, b"II*\0"))

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._end

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes of the file, zeros where nothing was written."""
        assert 0 <= offset <= offset + length <= self.size
        assert length <= 16 << 20, "no reader needs so much at once"
        self.requests.append((offset, length))
        found = bytearray(length)
        for start, data in self._parts:
            first, last = max(start, offset), min(start + len(data), offset + length)
            if first < last:
                found[first - offset : last - offset] = data[first - start : last - start]
        return bytes(found)

    def write(self, path: Path) -> Path:
        """Write the file, its holes as holes."""
        with path.open("wb") as file:
            for start, data in self._parts:
                file.seek(start)
                file.write(data)
            file.truncate(self.size)
        return path

    def _add(self, picture: Picture, pointer: int) -> int:
        """Append an image; return where the pointer to the next one stands."""
        start = self._end
        self._parts += picture.stream.parts(start)
        self._end += picture.stream.length + picture.hole
        entries, upper = b"", b""
        tags = {**_tags(picture, start), **picture.tags}
        for code, tag in tags.items():
            if tag is not None:
                entry, high = self._entry(code, *tag)
                entries, upper = entries + entry, upper + high
        count = len(entries) // 12
        self._parts.append((pointer, struct.pack("<Q", self._end)))
        place = self._append(struct.pack("<H", count) + entries + bytes(8) + upper)
        return place + 2 + 12 * count

    def _entry(
        self, code: int, kind: int, values: Sequence[int | float] | bytes
    ) -> tuple[bytes, bytes]:
        """Return an entry's 12 bytes and the upper half of its value or offset."""
        if kind == LONG and len(values) == 1:
            low, high = int(values[0]) & 0xFFFFFFFF, int(values[0]) >> 32
            return struct.pack("<HHII", code, kind, 1, low), struct.pack("<I", high)
        if isinstance(values, bytes):
            data = values
        else:
            data = struct.pack(f"<{len(values)}{_FORMATS[kind]}", *values)
        count = len(values) // 2 if kind == RATIONAL else len(values)
        if len(data) <= 4 and kind != ASCII:
            return struct.pack("<HHI", code, kind, count) + data.ljust(4, b"\0"), bytes(4)
        place = self._append(data)
        low, high = place & 0xFFFFFFFF, place >> 32
        return struct.pack("<HHII", code, kind, count, low), struct.pack("<I", high)

    def _append(self, data: bytes) -> int:
        place = self._end
        self._parts.append((place, data))
        self._end += len(data)
        return place


def _tags(picture: Picture, start: int) -> dict[int, Tag | None]:
    stream = picture.stream
    tags: dict[int, Tag | None] = {
        256: (LONG, [stream.width]),
        257: (LONG, [stream.height]),
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [7]),
        262: (SHORT, [6]),
        271: (ASCII, b"Hamamatsu\0"),
        272: (ASCII, b"C13210\0"),
        273: (LONG, [start]),
        277: (SHORT, [3]),
        278: (LONG, [stream.height]),
        279: (LONG, [stream.length]),
        282: (RATIONAL, [int(2000 * abs(picture.lens)), 1]),
        283: (RATIONAL, [int(2000 * abs(picture.lens)), 1]),
        296: (SHORT, [3]),
        305: (ASCII, b"NDP.scan 3.4.0\0"),
        306: (ASCII, b"2024:05:11 16:41:43\0"),
        65420: (LONG, [1]),
        65421: (FLOAT, [picture.lens]),
        65424: (SLONG, [picture.focus]),
    }
    if len(stream.intervals) > 1:
        starts = stream.starts()
        tags[65426] = (LONG, [start & 0xFFFFFFFF for start in starts])
        if starts[-1] >> 32:
            tags[65432] = (LONG, [start >> 32 for start in starts])
    return tags
