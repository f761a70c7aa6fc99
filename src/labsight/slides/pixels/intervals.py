"""Cuts pieces out of one large JPEG stream at its restart markers, without decoding the rest.

At a restart marker a decoder forgets everything before it, so the MCUs between two markers (a
*restart interval*) can be decoded alone (ITU-T T.81, E.1.4 and F.2.2.5). Intervals that are
neighbours on the slide become a JPEG stream of their own once they stand behind each other, with
markers counted anew and with their size in the frame header.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from labsight.errors import DamagedSlide, InvalidInput, UnsupportedSlide
from labsight.slides.pixels.jpeg import EOI, SOI

MAX_HEAD = 64 << 10  # bytes before a scan; scanners write under 1,000
MAX_JPEG_SIDE = 65_500  # px; libjpeg's JPEG_MAX_DIMENSION

_RESTARTS = tuple(bytes((0xFF, 0xD0 + number)) for number in range(8))
_SEQUENTIAL = (0xC0, 0xC1)  # baseline and extended, Huffman coded: what can be cut
_PROGRESSIVE = 0xC2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DRI, _SOS, _APP14 = 0xDD, 0xDA, 0xEE
_NO_END = "the JPEG header of a level has no end: the file is damaged"


@dataclass(frozen=True, slots=True)
class Header:
    """What a JPEG header tells of how its scan is cut.

    ``length`` is up to the scan's first byte. ``width`` and ``height`` are in px, 0 where JPEG's 16
    bits do not hold them; they stand at ``size_at``. ``interval`` counts the MCUs between two
    restart markers, 0 when there are none or when a part cannot be decoded alone (progressive, or
    colours in scans of their own). ``colour`` is as in Coding.
    """

    length: int
    size_at: int
    width: int
    height: int
    components: int
    colour: str
    mcu_width: int
    mcu_height: int
    interval: int

    def grid(self, width: int, height: int) -> tuple[int, int] | None:
        """Return how many intervals make up a row of so many px, and how many rows there are.

        None when the stream has no intervals, or such as end in the middle of a row.
        """
        across, down = -(-width // self.mcu_width), -(-height // self.mcu_height)
        if self.interval and not across % self.interval:
            return across // self.interval, down
        if self.interval and not self.interval % across:  # several rows in each
            return 1, -(-down * across // self.interval)
        return None

    def chunk(self, width: int) -> tuple[int, int]:
        """Return width and height (px) of an interval in an image so wide, beyond its edges too."""
        across = -(-width // self.mcu_width)
        rows = max(1, self.interval // across)
        return min(self.interval, across) * self.mcu_width, rows * self.mcu_height


def read_header(data: bytes) -> Header:
    """Read the header at the start of ``data``; raise DamagedSlide or UnsupportedSlide."""
    segments, end = _segments(data)
    frames = [(marker, at) for marker, at in segments if marker in _FRAMES]
    if len(frames) != 1:
        raise DamagedSlide(f"the JPEG stream of a level has {len(frames)} frames before its scan")
    marker, at = frames[0]
    if marker not in (*_SEQUENTIAL, _PROGRESSIVE) or data[at + 2] != 8:
        raise UnsupportedSlide(
            f"its JPEG streams are of kind SOF{marker - 0xC0} with {data[at + 2]} bits; only "
            "baseline and progressive ones of 8 bits are read"
        )
    height, width, components = struct.unpack_from(">HHB", data, at + 3)
    if components not in (1, 3) or at + 8 + 3 * components > end:
        raise UnsupportedSlide(f"its JPEG streams have {components} components; 1 and 3 are read")
    across, down = _mcu(data, at + 8, components)
    interval = _interval(data, segments)
    cuttable = marker in _SEQUENTIAL and data[segments[-1][1] + 2] == components
    return Header(
        length=end,
        size_at=at + 3,
        width=width,
        height=height,
        components=components,
        colour=_colour(data, segments, at, components),
        mcu_width=across,
        mcu_height=down,
        interval=interval if cuttable else 0,
    )


def join(head: bytes, rows: Sequence[Sequence[bytes]], width: int, height: int) -> bytes:
    """Return a complete JPEG of ``width`` x ``height`` px out of neighbouring restart intervals.

    ``head`` is the header of the whole stream up to the scan's first byte. ``rows`` are the
    intervals from left to right and top to bottom, each the entropy-coded bytes between two
    markers without the markers. The size is that of the rectangle they cover, less what lies
    beyond the edges of the level. The restart interval stays the head's. Raises DamagedSlide when
    the intervals are not what such a rectangle is made of, and InvalidInput when it is larger than
    JPEG allows.
    """
    if not (0 < width <= MAX_JPEG_SIDE and 0 < height <= MAX_JPEG_SIDE):
        raise InvalidInput(
            f"{width} x {height} px cannot be decoded at once; at most {MAX_JPEG_SIDE} px a side"
        )
    header = _header(head)
    grid = header.grid(width, height)
    if grid is None or len(rows) != grid[1] or any(len(row) != grid[0] for row in rows):
        raise DamagedSlide(
            f"the restart intervals at hand do not make up {width} x {height} px of a level"
        )
    size = struct.pack(">HH", height, width)
    parts = [head[: header.size_at], size, head[header.size_at + 4 : header.length]]
    for number, data in enumerate(data for row in rows for data in row):
        _check(data)
        parts += data, _RESTARTS[number % 8]
    parts[-1] = EOI
    return b"".join(parts)


def _check(data: bytes) -> None:
    """Refuse what is no whole interval: markers in it would shift all pixels behind them.

    In entropy-coded bytes FF is followed by 00; in front of a marker any number of FF may stand
    (T.81, B.1.1.2 and B.1.1.5).
    """
    fill = len(data) - len(data.rstrip(b"\xff")) if data.endswith(b"\xff") else 0
    if not data or data.count(b"\xff") - fill != data.count(b"\xff\x00"):
        raise DamagedSlide(
            "the slide's list of restart intervals does not fit its image data: the file is "
            "damaged; copy it again from the scanner"
        )


@lru_cache(maxsize=64)
def _header(head: bytes) -> Header:
    return read_header(head)


def _segments(data: bytes) -> tuple[list[tuple[int, int]], int]:
    """Return marker and place (of the length) of each segment, SOS last, and where that ends."""
    if data[:2] != SOI:
        raise DamagedSlide("a level does not start as a JPEG stream does")
    found, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end < at + 5 or end > len(data):
            break
        found.append((marker, at + 2))
        if marker == _SOS:
            return found, end
        if marker in _FRAMES and end < at + 10:
            break
        at = end
    raise DamagedSlide(_NO_END)


def _mcu(data: bytes, at: int, components: int) -> tuple[int, int]:
    """Return the size of an MCU in px; of one component it is one block (T.81, A.2.2)."""
    factors = [data[at + 3 * number + 1] for number in range(components)]
    across, down = [factor >> 4 for factor in factors], [factor & 15 for factor in factors]
    if not all(1 <= factor <= 4 for factor in (*across, *down)):
        raise DamagedSlide("the JPEG header of a level has sampling factors that JPEG does not")
    return (8, 8) if components == 1 else (8 * max(across), 8 * max(down))


def _interval(data: bytes, segments: list[tuple[int, int]]) -> int:
    """Return the restart interval that holds when the scan starts."""
    defined = [at for marker, at in segments if marker == _DRI]
    return int.from_bytes(data[defined[-1] + 2 : defined[-1] + 4], "big") if defined else 0


def _colour(data: bytes, segments: list[tuple[int, int]], frame: int, components: int) -> str:
    """Tell colours apart as libjpeg does: JFIF, then Adobe's marker, then component ids."""
    if components == 1:
        return "grey"
    if any(marker == 0xE0 and data[at + 2 : at + 7] == b"JFIF\0" for marker, at in segments):
        return "ycbcr"
    for marker, at in segments:
        if marker == _APP14 and data[at + 2 : at + 7] == b"Adobe":
            return "rgb" if data[at + 13 : at + 14] == b"\0" else "ycbcr"
    return "rgb" if bytes(data[frame + 8 + 3 * n] for n in range(3)) == b"RGB" else "ycbcr"
