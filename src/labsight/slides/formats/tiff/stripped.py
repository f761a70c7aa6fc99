"""Label and macro pictures out of a slide file, in strips or tiles, without reading it whole."""

import io
import struct
from collections.abc import Sequence
from itertools import accumulate

from PIL import Image

from labsight.errors import DamagedSlide
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.staging.staged import StagedSlide

MAX_BYTES = 64 << 20
MAX_PX = 25_000_000  # the largest macro pictures of scanners have half of that
MAX_STRIPS = 16_384
_MAX_VALUES = 64  # of the tags that are kept

# What a decoder needs to know of a stripped image; offsets and lengths are made anew.
_KEPT = (
    Code.WIDTH, Code.HEIGHT, Code.BITS_PER_SAMPLE, Code.COMPRESSION, Code.PHOTOMETRIC,
    Code.SAMPLES_PER_PIXEL, Code.ROWS_PER_STRIP, Code.PLANAR, Code.PREDICTOR, 320, Code.TILE_WIDTH,
    Code.TILE_HEIGHT, Code.JPEG_TABLES, 530, 532,
)  # fmt: skip
# What Pillow and struct raise for pictures that are not as they say.
_FAULTS = (
    OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
_BIG = (16, 17, 18)  # field types of 8 bytes, which only BigTIFF has


def from_tiff(tiff: Tiff, directory: Directory) -> Image.Image:
    """Decode one image of the file; raise DamagedSlide."""
    width = tiff.number(directory, Code.WIDTH, 0)
    height = tiff.number(directory, Code.HEIGHT, 0)
    _check_size(width, height)
    try:
        return Image.open(io.BytesIO(_alone(tiff, directory)), formats=["TIFF"]).convert("RGB")
    except _FAULTS as error:
        raise DamagedSlide(f"an associated image cannot be decoded: {error}") from None


def from_jpeg(stream: bytes) -> Image.Image:
    """Decode a picture that is a JPEG stream of its own; raise DamagedSlide."""
    try:
        image = Image.open(io.BytesIO(stream), formats=["JPEG"])
        _check_size(*image.size)
        return image.convert("RGB")
    except _FAULTS as error:
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
    """Return the image as a TIFF file of its own, its compressed chunks copied as they are."""
    tiled = Code.TILE_OFFSETS in directory
    places = Code.TILE_OFFSETS if tiled else Code.STRIP_OFFSETS
    sizes = Code.TILE_LENGTHS if tiled else Code.STRIP_LENGTHS
    chunks = _chunks(tiff, directory, places, sizes)
    lengths = [len(chunk) for chunk in chunks]
    order = tiff.byte_order
    values = {
        code: _value(tiff, directory, code, order) for code in _KEPT if code in directory.entries
    }
    values[places] = _longs(order, lengths)  # as many bytes as the offsets will take
    values[sizes] = _longs(order, lengths)
    starts = list(accumulate(lengths, initial=_values_end(values)))[:-1]
    values[places] = _longs(order, starts)
    return _directory(values, order) + b"".join(chunks)


def _value(tiff: Tiff, directory: Directory, code: int, order: str) -> tuple[int, int, bytes]:
    """Return field type, count and bytes of a tag, in a type that every TIFF file may have."""
    entry = directory.entries[code]
    if entry.kind in _BIG:
        return _longs(order, tiff.numbers(directory, code, _MAX_VALUES))
    return entry.kind, entry.count, tiff.raw(directory, code)


def _chunks(tiff: Tiff, directory: Directory, places: int, sizes: int) -> list[bytes]:
    count = tiff.count(directory, places)
    if not 0 < count <= MAX_STRIPS or count != tiff.count(directory, sizes):
        raise DamagedSlide(f"an associated image has {count} strips, or not as many lengths")
    offsets = tiff.numbers(directory, places)
    lengths = tiff.numbers(directory, sizes)
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
