"""Label and macro pictures out of a slide file, without reading the file whole."""

import io
import struct
from collections.abc import Sequence
from itertools import accumulate

from PIL import Image

from labsight.errors import DamagedSlide
from labsight.slides.staged import StagedSlide
from labsight.slides.tags import Code, Directory
from labsight.slides.tiff import Tiff

MAX_BYTES = 64 << 20
MAX_PX = 25_000_000  # the largest macro pictures of scanners have half of that
MAX_STRIPS = 16_384

# What a decoder needs to know of a stripped image; offsets and lengths are made anew.
_KEPT = (
    Code.WIDTH, Code.HEIGHT, Code.BITS_PER_SAMPLE, Code.COMPRESSION, Code.PHOTOMETRIC,
    Code.SAMPLES_PER_PIXEL, Code.ROWS_PER_STRIP, Code.PLANAR, 317, 320, Code.JPEG_TABLES, 530, 532,
)  # fmt: skip


def from_tiff(tiff: Tiff, directory: Directory) -> Image.Image:
    """Decode one stripped image of the file; raise DamagedSlide."""
    width = tiff.number(directory, Code.WIDTH, 0)
    height = tiff.number(directory, Code.HEIGHT, 0)
    _check_size(width, height)
    try:
        return Image.open(io.BytesIO(_alone(tiff, directory)), formats=["TIFF"]).convert("RGB")
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError) as error:
        raise DamagedSlide(f"an associated image cannot be decoded: {error}") from None


def from_openslide(slide: StagedSlide, name: str) -> Image.Image:
    """Decode an associated image through OpenSlide; raise DamagedSlide."""
    _check_size(*slide.associated[name])
    return slide.picture(name).convert("RGB")


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PX:
        raise DamagedSlide(
            f"an associated image claims {width} x {height} px; at most {MAX_PX:,} px are read"
        )


def _alone(tiff: Tiff, directory: Directory) -> bytes:
    """Return the image as a TIFF file of its own, its compressed strips copied as they are."""
    strips = _strips(tiff, directory)
    lengths = [len(strip) for strip in strips]
    values: dict[int, tuple[int, int, bytes]] = {
        code: (entry.kind, entry.count, tiff.raw(directory, code))
        for code in _KEPT
        if (entry := directory.entries.get(code)) is not None
    }
    order = tiff.byte_order
    values[Code.STRIP_OFFSETS] = _longs(order, lengths)  # as many bytes as the offsets will take
    values[Code.STRIP_LENGTHS] = _longs(order, lengths)
    places = list(accumulate(lengths, initial=_values_end(values)))[:-1]
    values[Code.STRIP_OFFSETS] = _longs(order, places)
    return _directory(values, order) + b"".join(strips)


def _strips(tiff: Tiff, directory: Directory) -> list[bytes]:
    count = tiff.count(directory, Code.STRIP_OFFSETS)
    if not 0 < count <= MAX_STRIPS or count != tiff.count(directory, Code.STRIP_LENGTHS):
        raise DamagedSlide(f"an associated image has {count} strips, or not as many lengths")
    offsets = tiff.numbers(directory, Code.STRIP_OFFSETS)
    lengths = tiff.numbers(directory, Code.STRIP_LENGTHS)
    if sum(lengths) > MAX_BYTES:
        raise DamagedSlide(f"an associated image has strips of {sum(lengths):,} bytes")
    return [tiff.data(start, size) for start, size in zip(offsets, lengths, strict=True)]


def _longs(order: str, numbers: Sequence[int]) -> tuple[int, int, bytes]:
    """Return field type, count and bytes of a tag of LONGs."""
    return 4, len(numbers), struct.pack(f"{order}{len(numbers)}I", *numbers)


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
