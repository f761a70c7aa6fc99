"""Indexes of slides without files, and pixels for them, to test what is above both."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from labsight.slides.axes import NO_AXES, Axes
from labsight.slides.index import Coding, Level, SlideIndex
from labsight.slides.view import View
from tests.support.made_slides import Pixels, aperio_writer

KEY = "slides/lab/plain.svs"
COLOURED = Coding("jpeg", 3, colour="ycbcr")


def index_of(
    *sizes: tuple[int, int],
    tile: int | tuple[int, ...] = 256,
    coding: Coding = COLOURED,
    axes: Axes = NO_AXES,
) -> SlideIndex:
    """Return the index of a slide with levels of these sizes, finest first; tiles are square."""
    tiles = tile if isinstance(tile, tuple) else (tile,) * len(sizes)
    levels = tuple(
        Level(width, height, side, side, coding)
        for (width, height), side in zip(sizes, tiles, strict=True)
    )
    return SlideIndex(
        key=KEY, etag="one", size=1, format="made", files=(), levels=levels, axes=axes
    )


@dataclass
class PlainPixels:
    """Reads regions from a picture (height x width x 3) and from what it is at other levels."""

    index: SlideIndex
    picture: Pixels
    asked: list[tuple[int, tuple[int, int, int, int], tuple[int, int]]] = field(
        default_factory=list
    )

    def region(
        self,
        level: int,
        box: tuple[int, int, int, int],
        size: tuple[int, int],
        view: View | None = None,
    ) -> Image.Image:
        """Return a part of a level, as the real readers do, and note that it was asked for."""
        assert view is not None
        x, y, width, height = box
        of = self.index.levels[level]
        assert 0 <= x < x + width <= of.width
        assert 0 <= y < y + height <= of.height
        assert size[0] <= width
        assert size[1] <= height
        self.asked.append((level, box, size))
        part = Image.fromarray(self._level(level)).crop((x, y, x + width, y + height))
        return part if part.size == size else part.resize(size, Image.Resampling.BOX)

    def _level(self, number: int) -> Pixels:
        level = self.index.levels[number]
        if number == 0:
            return self.picture
        factor = -(-self.index.width // level.width)
        high, wide = (-side % factor for side in self.picture.shape[:2])
        filled = np.pad(self.picture, ((0, high), (0, wide), (0, 0)), mode="edge")
        return aperio_writer.reduce(filled, factor)[: level.height, : level.width]
