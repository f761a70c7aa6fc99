"""Makes the coarse levels that a slide lacks, once, at import.

A viewer asks for every power of two. Between stored levels the half-size path makes a tile from a
few chunks as it is asked for; below the coarsest level it would take ever more of them. So a slide
whose coarsest level is large gets levels of a quarter, a sixteenth ... in one object beside its
index, whose tiles are then read like stored ones.
"""

import tempfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from os import SEEK_END
from typing import IO

from PIL import Image

from labsight import keys
from labsight.objects import ObjectStore
from labsight.slides.index import Chunks, Coding, Level, SlideIndex, SourceFile
from labsight.slides.pixels import encode
from labsight.slides.pixels.render import Box, ChunkPixels

LARGEST_COARSEST = 4096  # px: a level of this size is 64 tiles of 512 px
WIDEST_GAP = 16  # between two neighbouring levels; 8 is what libjpeg shrinks by itself
STEP = 4
TILE = 512  # px
QUALITY = 85  # the next level is made of these, so they lose little
_MEMORY = 32 << 20  # bytes of a level before they go to disk

# (level, (x, y, width, height), (width, height), plane) -> samples
Samples = Callable[[int, Box, tuple[int, int], int], Image.Image]


@dataclass(frozen=True)
class _Place:
    """Where the next level goes: behind which level, and its size in px."""

    behind: int
    width: int
    height: int


def with_lacking(store: ObjectStore, index: SlideIndex, samples: Samples) -> SlideIndex:
    """Return the index with the levels it lacks, written to the store; unchanged without need.

    ``samples`` reads a box of a level, scaled, as RGB, L or I;16. The object is written before the
    index that names it, under a name with the version: a repeat writes the same again.
    """
    if not is_lacking(index):
        return index
    with tempfile.SpooledTemporaryFile(_MEMORY) as file:
        made = index
        while (place := _next(made)) is not None:
            level = _make(made, place, _all_samples(made, samples, file), file)
            levels = (*made.levels[: place.behind + 1], level, *made.levels[place.behind + 1 :])
            made = replace(made, levels=levels)
        file.seek(0)
        key = keys.made_levels_key(keys.slide_id(index.key), index.version)
        kept = store.write(key, file.read())
    return replace(made, files=(*made.files, SourceFile(key, kept.etag, kept.size)))


def is_lacking(index: SlideIndex) -> bool:
    """Whether the slide lacks levels that import makes."""
    return _next(index) is not None


def _next(index: SlideIndex) -> _Place | None:
    """Return where a level is lacking."""
    for number, level in enumerate(index.levels):
        side = max(level.width, level.height)
        last = number == len(index.levels) - 1
        if last and side <= LARGEST_COARSEST:
            return None
        if last or level.width > WIDEST_GAP * index.levels[number + 1].width:
            return _Place(number, -(-level.width // STEP), -(-level.height // STEP))
    return None


def _all_samples(made: SlideIndex, samples: Samples, file: IO[bytes]) -> Samples:
    """Return what reads the slide's own levels by ``samples`` and made ones out of ``file``."""

    def read(_file: int, start: int, length: int) -> bytes:
        file.seek(start)
        return file.read(length)

    own = ChunkPixels(made, read)

    def read_any(number: int, box: Box, size: tuple[int, int], plane: int) -> Image.Image:
        if made.levels[number].made:
            return own.samples(number, box, size, plane)
        before = sum(level.made for level in made.levels[:number])
        return samples(number - before, box, size, plane)

    return read_any


def _make(index: SlideIndex, place: _Place, samples: Samples, file: IO[bytes]) -> Level:
    """Write a level's tiles, row by row, and return where they lie."""
    level = Level(place.width, place.height, TILE, TILE, None, TILE, TILE, made=True)
    coding: Coding | None = None
    planes = []
    for plane in range(index.axes.planes):
        offsets, lengths = array("Q"), array("I")
        for tile in _tiles(index, place, samples, plane):
            coding, data = _coded(tile)
            offsets.append(file.seek(0, SEEK_END))
            lengths.append(file.write(data))
        planes.append(Chunks(b"\xff\xd8", offsets, lengths, len(index.files)))
    return replace(level, coding=coding, planes=tuple(planes))


def _tiles(index: SlideIndex, place: _Place, samples: Samples, plane: int) -> Iterator[Image.Image]:
    """Yield full tiles in order; a row of them is in memory at a time."""
    above = index.levels[place.behind]
    for top in range(0, place.height, TILE):
        height = min(TILE, place.height - top)
        low = min(above.height, (top + height) * STEP)
        box = (0, top * STEP, above.width, low - top * STEP)
        row = samples(place.behind, box, (place.width, height), plane)
        for left in range(0, place.width, TILE):
            tile = Image.new(row.mode, (TILE, TILE))
            tile.paste(row.crop((left, 0, min(left + TILE, place.width), height)))
            yield tile


def _coded(tile: Image.Image) -> tuple[Coding, bytes]:
    """Encode a tile so that it can be sent as it is, or, at 16 bits, without loss."""
    if tile.mode == "I;16":
        return Coding("deflate", 1, 16, "grey"), zlib.compress(tile.tobytes(), 6)
    data = encode.jpeg(tile, QUALITY)
    return Coding(
        "jpeg", len(tile.getbands()), colour="ycbcr" if tile.mode == "RGB" else "grey"
    ), data
