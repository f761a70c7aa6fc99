"""What tiles should show, and how near to it lossy ones have to come."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Self

import numpy as np
import openslide
from numpy.typing import NDArray
from PIL import Image

from labsight.slides import sidecar
from labsight.slides.index import SlideIndex
from labsight.slides.pixels.encode import QUALITY
from tests.support.archive import Archive

Array = NDArray[Any]
Box = tuple[int, int, int, int]  # x, y, width, height
ALL = 1 << 30  # tiles of a level
_MARGIN = 1.0  # mean difference beyond what the codec itself makes


@dataclass(frozen=True)
class Tile:
    """A tile as it was answered: where it lies (px of its level), how it was made, its pixels."""

    level: int
    box: Box
    way: str
    pixels: Array


def tissue(width: int, height: int, seed: int = 1) -> NDArray[np.uint8]:
    """Return a picture with details of a few px in soft colours, which a shift by one px shows."""
    chance = np.random.default_rng(seed)
    fine = chance.integers(0, 120, (height // 5 + 2, width // 5 + 2), dtype=np.uint8)
    soft = chance.integers(90, 136, (height // 60 + 2, width // 60 + 2, 3), dtype=np.uint8)
    large = [
        np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BICUBIC))
        for one in (fine, soft)
    ]
    found: NDArray[np.uint8] = np.minimum(large[0][..., None].astype(int) + large[1], 255).astype(
        np.uint8
    )
    return found


def decoded(data: bytes) -> Array:
    """Return a picture's RGB as whole numbers that may be subtracted."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int16)


def index_of(archive: Archive, slide: str) -> SlideIndex:
    """Return what import kept of a slide."""
    return sidecar.from_bytes(archive.store.read(f"derived/{slide}/index.bin"))


def tiles(archive: Archive, slide: str, at_most: int = ALL, query: str = "") -> Iterator[Tile]:
    """Ask for the tiles of all levels, or for so many of each level, the last column and row in."""
    index = index_of(archive, slide)
    for number, level in enumerate(index.levels):
        places = [(column, row) for row in range(level.rows) for column in range(level.columns)]
        if len(places) > at_most:
            places = [places[-1], *Random(number).sample(places, at_most - 1)]
        for column, row in places:
            path = f"/slides/{slide}/tiles/{number}/{column}_{row}.jpg{query}"
            answer = archive.get(path)
            assert answer.status == 200, (path, answer.body[:300])
            size = level.tile_size(column, row)
            found = decoded(answer.body)
            assert found.shape == (size[1], size[0], 3), path
            box = (column * level.tile_width, row * level.tile_height, *size)
            yield Tile(number, box, answer.headers["x-labsight-path"], found)


def noise(reference: Array, **options: Any) -> float:
    """Return the mean difference that encoding the reference itself makes."""
    file = io.BytesIO()
    picture = Image.fromarray(reference.astype(np.uint8))
    picture.save(file, "JPEG", **{"quality": QUALITY, **options})
    return distance(decoded(file.getvalue()), reference)


def distance(found: Array, reference: Array) -> float:
    """Return the mean absolute difference of two pictures of one size."""
    assert found.shape == reference.shape, (found.shape, reference.shape)
    return float(np.abs(found.astype(np.int32) - reference).mean())


def is_within_noise(found: Array, reference: Array) -> bool:
    """Whether a picture is what the codec makes of the reference, or nearer to it."""
    return distance(found, reference) <= noise(reference) + _MARGIN


def part(pixels: Array, box: Box) -> Array:
    """Return a part of a picture."""
    x, y, width, height = box
    return pixels[y : y + height, x : x + width]


class ByOpenSlide:
    """A slide as OpenSlide shows it; ``origin`` is where its picture begins at full size, px."""

    def __init__(self, path: Path, origin: tuple[int, int] = (0, 0)) -> None:
        self._slide = openslide.OpenSlide(path)
        self._origin = origin

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._slide.close()

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """Sizes of the levels, px."""
        return self._slide.level_dimensions

    def level_of(self, size: tuple[int, int], number: int) -> int:
        """Return the level of this size: OpenSlide makes some of its own (NDPI).

        Where none has it, because its picture is larger (Leica), the levels are the same ones.
        """
        return self.levels.index(size) if size in self.levels else number

    def region(self, level: int, box: Box) -> Array:
        """Return a box of a level (px of the level) on white, as int16.

        OpenSlide takes the place in px of the full size, and does not round it to the level's px;
        so a whole level is read from its corner when the levels are no whole numbers apart.
        """
        scale = self._slide.level_downsamples[level]
        x, y, width, height = box
        left, top = self._origin
        if abs(scale - round(scale)) < 1e-6:
            place = (left + x * round(scale), top + y * round(scale))
            found = self._slide.read_region(place, level, (width, height))
        else:
            whole = self._slide.read_region((left, top), level, (x + width, y + height))
            found = whole.crop((x, y, x + width, y + height))
        white = Image.new("RGB", found.size, (255, 255, 255))
        white.paste(found, mask=found.getchannel("A"))
        return np.asarray(white).astype(np.int16)
