"""Label and macro pictures out of a slide file, without reading the file whole."""

import io
import struct
from array import array

import openslide
from PIL import Image

from labsight.errors import DamagedSlide
from labsight.slides.tiff import Code, Directory, Tiff

MAX_BYTES = 64 << 20
MAX_PX = 50_000_000

# What a decoder needs to know of a stripped image; offsets and lengths are made anew.
_KEPT = (
    Code.WIDTH, Code.HEIGHT, Code.BITS_PER_SAMPLE, Code.COMPRESSION, Code.PHOTOMETRIC,
    Code.SAMPLES_PER_PIXEL, Code.ROWS_PER_STRIP, Code.PLANAR, 317, 320, Code.JPEG_TABLES, 530, 532,
)  # fmt: skip


def from_tiff(tiff: Tiff, directory: Directory) -> Image.Image:
    """Decode one stripped image of the file; raise DamagedSlide."""
    width = tiff.number(directory, Code.WIDTH, 0)
    height = tiff.number(directory, Code.HEIGHT, 0)
    if not 0 < width * height <= MAX_PX:
        raise DamagedSlide(f"an associated image claims {width} x {height} px")
    try:
        return Image.open(io.BytesIO(_alone(tiff, directory)), formats=["TIFF"]).convert("RGB")
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError) as error:
        raise DamagedSlide(f"an associated image cannot be decoded: {error}") from None


def from_openslide(slide: openslide.OpenSlide, name: str) -> Image.Image:
    """Decode an associated image through OpenSlide; raise DamagedSlide."""
    try:
        return slide.associated_images[name].convert("RGB")
    except openslide.OpenSlideError as error:
        raise DamagedSlide(f"the {name} image cannot be read: {error}") from None


def _alone(tiff: Tiff, directory: Directory) -> bytes:
    """Return the image as a TIFF file of its own, its compressed strips copied as they are."""
    offsets = tiff.numbers(directory, Code.STRIP_OFFSETS)
    lengths = tiff.numbers(directory, Code.STRIP_LENGTHS)
    if len(offsets) != len(lengths) or sum(lengths) > MAX_BYTES:
        raise DamagedSlide("an associated image has strips without a length, or too many bytes")
    strips = [tiff.data(start, size) for start, size in zip(offsets, lengths, strict=True)]
    values: dict[int, tuple[int, int, bytes]] = {
        code: (entry.kind, entry.count, tiff.raw(directory, code))
        for code in _KEPT
        if (entry := directory.entries.get(code)) is not None
    }
    count = len(strips)
    blank = struct.pack("<I", 0) * count
    values[Code.STRIP_OFFSETS] = (4, count, blank)
    values[Code.STRIP_LENGTHS] = (4, count, blank)
    order = tiff.byte_order
    start = _values_end(values)
    places = array("I", (start + sum(map(len, strips[:number])) for number in range(count)))
    values[Code.STRIP_OFFSETS] = (4, count, struct.pack(f"{order}{count}I", *places))
    values[Code.STRIP_LENGTHS] = (4, count, struct.pack(f"{order}{count}I", *map(len, strips)))
    return _directory(values, order) + b"".join(strips)


def _values_end(values: dict[int, tuple[int, int, bytes]]) -> int:
    outside = sum(len(data) for _, _, data in values.values() if len(data) > 4)
    return 8 + 2 + 12 * len(values) + 4 + outside


def _directory(values: dict[int, tuple[int, int, bytes]], order: str) -> bytes:
    """Write a classic TIFF header and one directory with its values behind it."""
    mark = b"II" if order == "<" else b"MM"
    entries, outside = b"", b""
    start = 8 + 2 + 12 * len(values) + 4
    for code in sorted(values):
        kind, count, data = values[code]
        entries += struct.pack(order + "HHI", code, kind, count)
        if len(data) <= 4:
            entries += data.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", start + len(outside))
            outside += data
    head = mark + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", len(values))
    return head + entries + struct.pack(order + "I", 0) + outside
