"""Makes JPEG 2000 codestreams files that decoders show in the right colours, within bounds.

Slides hold bare codestreams, which do not say what their components mean. A JP2 header in front
says it, so that the decoder turns YCbCr, with smaller chroma too, into RGB by itself. Section and
table numbers are those of ISO/IEC 15444-1.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.index import MAX_TILE_PX

SRGB, GREY, SYCC = 16, 17, 18  # EnumCS, table I.10
# What encoders write is far below each of these; a stream of a few bytes can claim far more.
MAX_PARTS = 4096  # tiles and tile-parts inside a codestream
MAX_BLOCKS = 1 << 17  # code-blocks or precincts
MAX_PACKETS = 1 << 20

_START = b"\xff\x4f\xff\x51"  # SOC and SIZ
_COD, _COC, _SOT, _SOD, _EOC = 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9
_SEARCHED = 4096  # bytes of boxes that may stand in front of a codestream
_NOT_READ = "a JPEG 2000 tile cannot be decoded: "


@dataclass(frozen=True)
class Codestream:
    """What the headers of a codestream tell; sizes in px, ``bits`` of each component.

    ``halvings`` is how often it can be decoded at half the size. ``transformed`` says that its
    components are R, G, B behind the standard's own colour transform (annex G).
    """

    data: bytes
    width: int
    height: int
    bits: tuple[int, ...]
    halvings: int
    transformed: bool


def read(data: bytes) -> Codestream:
    """Read and bound a codestream, bare or in a file; raise DamagedSlide or UnsupportedSlide."""
    start = data.find(_START, 0, _SEARCHED)
    if start < 0:
        raise DamagedSlide(_NOT_READ + "it is no JPEG 2000 stream")
    data = data[start:]
    try:
        return _read(data)
    except (struct.error, IndexError):
        raise DamagedSlide(_NOT_READ + "its headers are cut off") from None


def file_of(stream: Codestream, colours: int) -> bytes:
    """Return the codestream as a JP2 file (annex I) whose components mean ``colours``."""
    count, depth = len(stream.bits), stream.bits[0] - 1
    header = _box(
        b"ihdr", struct.pack(">IIHBBBB", stream.height, stream.width, count, depth, 7, 0, 0)
    )
    header += _box(b"colr", struct.pack(">BBBI", 1, 0, 0, colours))
    front = _box(b"jP  ", b"\r\n\x87\n") + _box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return front + _box(b"jp2h", header) + _box(b"jp2c", stream.data)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _read(data: bytes) -> Codestream:
    width, height, bits, tiles = _size(data)
    area = width * height * len(bits)
    halvings, transformed = 32, False
    for marker, at in _segments(data, tiles):
        if marker == _COD:
            layers, transform = struct.unpack_from(">HB", data, at + 4)
            _check_style(data, at + 7, data[at + 2] & 1, (width, height), area, layers)
            halvings, transformed = min(halvings, data[at + 7]), transform != 0
        elif marker == _COC:
            style = at + (3 if len(bits) < 257 else 4)
            _check_style(data, style + 1, data[style] & 1, (width, height), area, 1)
            halvings = min(halvings, data[style + 1])
    return Codestream(data, width, height, bits, halvings, transformed)


def _size(data: bytes) -> tuple[int, int, tuple[int, ...], int]:
    """Read SIZ (A.5.1): width, height, bits of each component, number of tiles."""
    right, bottom, left, top, wide, high, across, down, count = struct.unpack_from(">8IH", data, 8)
    width, height = right - left, bottom - top
    if not (0 < width <= MAX_TILE_PX and 0 < height <= MAX_TILE_PX and wide and high):
        raise DamagedSlide(_NOT_READ + "it has no size")
    tiles = -(-(right - across) // wide) * -(-(bottom - down) // high)
    if width * height > MAX_TILE_PX or not 0 < tiles <= MAX_PARTS:
        raise DamagedSlide(_NOT_READ + f"it claims {width} x {height} px in {tiles} parts")
    if count not in (1, 3):
        raise UnsupportedSlide(f"its JPEG 2000 tiles have {count} components; 1 and 3 are read")
    depths = [data[42 + 3 * number] for number in range(count)]
    if any(depth & 0x80 for depth in depths):
        raise UnsupportedSlide("its JPEG 2000 tiles have signed samples, which are not read")
    return width, height, tuple(depth + 1 for depth in depths), tiles


def _segments(data: bytes, tiles: int) -> Iterator[tuple[int, int]]:
    """Yield marker and place of the length of each segment, those of all tile-parts too (A.4)."""
    at, part, parts = 2, -1, 0  # part: where the SOT stands that no SOD has followed yet
    while True:
        (marker,) = struct.unpack_from(">H", data, at)
        if marker == _EOC:
            return
        if marker == _SOD:
            if part < 0:
                raise DamagedSlide(_NOT_READ + "its parts have no beginning")
            (size,) = struct.unpack_from(">I", data, part + 6)
            if not size:  # up to the end of the codestream
                return
            end, part = part + size, -1
            if end <= at or end + 2 > len(data):
                return  # what follows is missing: the decoder meets that too
            at = end
            continue
        if marker == _SOT:
            part, parts = at, parts + 1
            if parts > MAX_PARTS + tiles:
                raise DamagedSlide(_NOT_READ + "it has too many parts")
        (length,) = struct.unpack_from(">H", data, at + 2)
        if not 0xFF30 < marker < 0xFF93 or length < 2:
            raise DamagedSlide(_NOT_READ + "its headers make no sense")
        yield marker, at + 2
        at += 2 + length


def _check_style(
    data: bytes, at: int, own: int, size: tuple[int, int], area: int, layers: int
) -> None:
    """Bound what a decoder sets up before it reads a pixel (A.6.1, table A.15)."""
    levels, block_width, block_height = data[at], data[at + 1] & 15, data[at + 2] & 15
    blocks = area >> (block_width + block_height + 4)
    precincts = 0
    for level in range(levels + 1):
        code = data[at + 5 + level] if own else 0xFF
        width, height = (-(-side >> (levels - level)) for side in size)
        precincts += -(-width >> (code & 15)) * -(-height >> (code >> 4))
    if levels > 32 or max(blocks, precincts) > MAX_BLOCKS or precincts * layers > MAX_PACKETS:
        raise DamagedSlide(_NOT_READ + "it is cut into too many pieces")
