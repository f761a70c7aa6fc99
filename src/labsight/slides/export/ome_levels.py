"""Decides how each level of a slide gets into a TIFF file: as it is stored, or encoded again."""

import io
import zlib
from dataclasses import dataclass

from PIL import Image

from labsight.errors import SlideError
from labsight.slides.export.source import ExportSource
from labsight.slides.index import DEFAULT_TILE_SIDE, Chunks, Coding, Level
from labsight.slides.pixels import jpeg, jpeg2000, packed

# TIFF 6.0 asks for tiles whose sides are multiples of 16.
TILE_STEP = 16
_LOSSLESS = frozenset({"none", "lzw", "deflate", "packbits", "zstd"})
_OWN_HEADER = frozenset({"jpeg", "jpeg2000"})
_COPIED = _LOSSLESS | _OWN_HEADER
_HEAD_BYTES = 256 << 10  # of a tile: what tells how it is coded lies within


@dataclass(frozen=True)
class TiffLevel:
    """One level in the file; sizes in px.

    ``copied`` says that chunks are taken as they are. ``strips``: the last one is as short as what
    is left. ``sampling`` is how much less chroma there is (across, down), of YCbCr.
    ``transformed``: JPEG 2000 that turns into RGB by itself.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    coding: Coding
    copied: bool
    strips: bool = False
    sampling: tuple[int, int] = (1, 1)
    transformed: bool = False

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        return -(-self.width // self.tile_width)

    @property
    def rows(self) -> int:
        """Rows of tiles."""
        return -(-self.height // self.tile_height)


def byte_order(source: ExportSource) -> str:
    """Return the order of the samples that are copied, which must be the file's."""
    coding = source.index.levels[0].coding
    own = coding is not None and coding.bits == 16 and coding.kind in _LOSSLESS
    return coding.order if own and coding is not None else "<"


def level_of(source: ExportSource, number: int, order: str) -> TiffLevel:
    """Return how a level is written; raise what reading a tile of it raises."""
    level = source.index.levels[number]
    coding = level.coding
    if coding is None or coding.kind not in _COPIED or not level.planes:
        return _drawn(level)
    if coding.kind in _LOSSLESS and coding.bits == 16 and coding.order != order:
        return _drawn(level)
    strips = level.chunk_width == level.width and not _last_is_full(source, level)
    sides = level.chunk_width, level.chunk_height
    if not strips and any(side % TILE_STEP for side in sides):
        return _drawn(level)
    found = _first(source, level)
    sampling, transformed = (1, 1), False
    if found is not None and coding.kind == "jpeg":
        sampling = _sampling(jpeg.complete(found[0].head, found[1]))
    elif found is not None and coding.kind == "jpeg2000":
        transformed = jpeg2000.read(found[1]).transformed
    return TiffLevel(
        level.width, level.height, *sides, coding, copied=True, strips=strips,
        sampling=sampling, transformed=transformed,
    )  # fmt: skip


def _drawn(level: Level) -> TiffLevel:
    """Return a level that is encoded again: as JPEG, or without loss where it was so before."""
    tile = level.tile_width, level.tile_height
    if any(side % TILE_STEP for side in tile):
        tile = DEFAULT_TILE_SIDE, DEFAULT_TILE_SIDE
    coding, samples, deep = level.coding, 3, False
    if coding is not None:
        samples, deep = coding.samples, coding.bits == 16 and coding.samples == 1
    if deep or (coding is not None and coding.kind in _LOSSLESS):
        colour = "rgb" if samples == 3 else "grey"
        made = Coding("deflate", samples, 16 if deep else 8, colour)
        return TiffLevel(level.width, level.height, *tile, made, copied=False)
    made = Coding("jpeg", samples, 8, "ycbcr" if samples == 3 else "grey")
    sampling = (2, 2) if samples == 3 else (1, 1)
    return TiffLevel(level.width, level.height, *tile, made, copied=False, sampling=sampling)


def encoded(image: Image.Image, coding: Coding, order: str, quality: int) -> bytes:
    """Encode a tile (RGB, L or I;16) of a level that is drawn."""
    if coding.kind == "jpeg":
        target = io.BytesIO()
        image.save(target, "JPEG", quality=quality)
        return target.getvalue()
    data = image.tobytes()
    if coding.bits == 16 and order == ">":
        data = bytes(byte for pair in zip(data[1::2], data[::2], strict=True) for byte in pair)
    return zlib.compress(data, 6)


def _first(source: ExportSource, level: Level) -> tuple[Chunks, bytes] | None:
    """Return the first chunk that is not blank, as far as its head goes."""
    for chunks in level.planes:
        for number, length in enumerate(chunks.lengths):
            if length:
                start = chunks.offsets[number]
                return chunks, source.read(chunks.file, start, min(length, _HEAD_BYTES))
    return None


def _last_is_full(source: ExportSource, level: Level) -> bool:
    """Whether the last chunk of a column reaches over the level's edge, as tiles do."""
    if not level.height % level.chunk_height:
        return not any(side % TILE_STEP for side in (level.chunk_width, level.chunk_height))
    for chunks in level.planes:
        length = chunks.lengths[-1]
        if length:
            data = source.read(chunks.file, chunks.offsets[-1], length)
            return _is_full(level, chunks, data)
    return True


def _is_full(level: Level, chunks: Chunks, data: bytes) -> bool:
    coding = level.coding
    if coding is None:
        return False
    if coding.kind == "jpeg":
        return jpeg.frame_size(jpeg.complete(chunks.head, data))[1] == level.chunk_height
    if coding.kind == "jpeg2000":
        return jpeg2000.read(data).height == level.chunk_height
    try:
        packed.read(coding, data, level.chunk_width, level.chunk_height)
    except SlideError:
        return False
    return True


def _sampling(stream: bytes) -> tuple[int, int]:
    """Return the sampling factors of the first component over those of the others.

    The frame header tells it, not the tag of the slide's file, which scanners write wrong.
    """
    at = 2
    while at + 4 <= len(stream) and stream[at] == 0xFF:
        if stream[at + 1] == 0xFF:
            at += 1
            continue
        if stream[at + 1] in {0xC0, 0xC1, 0xC2} and stream[at + 9] == 3:
            luma, chroma = stream[at + 11], stream[at + 14]
            if chroma >> 4 and chroma & 15:
                return (luma >> 4) // (chroma >> 4) or 1, (luma & 15) // (chroma & 15) or 1
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return 1, 1
