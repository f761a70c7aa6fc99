"""Makes what is kept beside a slide: small pictures, windows, coarse levels, a judgement."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from PIL import Image

from labsight.errors import DamagedSlide, InvalidInput, UnsupportedSlide
from labsight.objects import ObjectStore
from labsight.objects.side_by_side import side_by_side
from labsight.slides import quality
from labsight.slides.axes import Channel
from labsight.slides.index import Associated, SlideIndex
from labsight.slides.indexing import Indexed
from labsight.slides.made_levels import with_lacking
from labsight.slides.pixels import channels, render
from labsight.slides.pixels.of_slide import SlidePixels
from labsight.slides.quality import Quality
from labsight.slides.staging.protocol import Staging

THUMBNAIL_SIDE = 512  # px
PICTURE_QUALITY = 90
_SAMPLE_SIDE = 1024  # px of the coarsest level that windows are found from

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """What is kept of a slide; ``pictures`` by name, the thumbnail always among them."""

    index: SlideIndex
    pictures: Mapping[str, Image.Image]
    quality: Quality


def prepare(store: ObjectStore, staging: Staging, indexed: Indexed) -> Prepared:
    """Read the pixels that import needs; raise DamagedSlide or UnsupportedSlide."""
    index = with_windows(indexed.index, _pixels(store, staging, indexed.index))
    try:
        index = with_lacking(store, index, _pixels(store, staging, index).samples)
        pixels = _pixels(store, staging, index)
        kept = _small(store, indexed, index, pixels)
    except InvalidInput:
        raise UnsupportedSlide(
            f"it has {index.width} x {index.height} px and no smaller level, too much to show as a "
            "whole; export it again as a pyramid"
        ) from None
    listed = tuple(Associated(name, image.width, image.height) for name, image in kept.items())
    judged = _judged(index, pixels, kept["thumbnail"], store.parallel)
    return Prepared(replace(index, associated=listed), kept, judged)


def _pixels(store: ObjectStore, staging: Staging, index: SlideIndex) -> SlidePixels:
    return SlidePixels(store, index, lambda: staging, max_tiles=render.MAX_THUMBNAIL_TILES)


def _small(
    store: ObjectStore, indexed: Indexed, index: SlideIndex, pixels: SlidePixels
) -> dict[str, Image.Image]:
    """Return thumbnail, label and macro; over a network they are read at the same time."""

    def thumbnail() -> dict[str, Image.Image]:
        return {"thumbnail": render.thumbnail(index, pixels, THUMBNAIL_SIDE)}

    kept: dict[str, Image.Image] = {}
    for found in side_by_side((thumbnail, partial(_pictures, indexed)), min(2, store.parallel)):
        kept.update(found)
    return kept


def _pictures(indexed: Indexed) -> dict[str, Image.Image]:
    """Read the pictures that can be read: a damaged label does not keep a slide from being seen."""
    found = {}
    for name, read in indexed.pictures.items():
        try:
            found[name] = read()
        except DamagedSlide as error:
            _log.warning("left out the %s image: %s", name, error)
    return found


def with_windows(index: SlideIndex, pixels: SlidePixels) -> SlideIndex:
    """Find black and white of the channels whose file does not tell, from the coarsest level."""
    if all(one.has_window for one in index.axes.channels):
        return index
    found = tuple(
        _windowed(index, pixels, number, channel)
        for number, channel in enumerate(index.axes.channels)
    )
    return replace(index, axes=replace(index.axes, channels=found))


def _windowed(index: SlideIndex, pixels: SlidePixels, number: int, channel: Channel) -> Channel:
    if channel.has_window:
        return channel
    coarsest = len(index.levels) - 1
    level = index.levels[coarsest]
    box = (0, 0, level.width, level.height)
    shrink = max(1.0, max(level.width, level.height) / _SAMPLE_SIDE)
    size = max(1, round(level.width / shrink)), max(1, round(level.height / shrink))
    plane = index.axes.plane(number, index.axes.middle_z)
    sample = pixels.samples(coarsest, box, size, plane)
    return replace(channel, window=channels.window_of(sample))


def _judged(
    index: SlideIndex, pixels: SlidePixels, thumbnail: Image.Image, parallel: int
) -> Quality:
    """Judge brightfield slides; what fluorescence would need, its pixels alone do not tell."""
    if index.axes.channels:
        return Quality(None, None)
    finest = index.levels[0]

    def tile_at(x: float, y: float) -> Image.Image:
        column, row = int(x * finest.columns), int(y * finest.rows)
        width, height = finest.tile_size(column, row)
        box = (column * finest.tile_width, row * finest.tile_height, width, height)
        return pixels.region(0, box, (width, height))

    def tiles_at(places: Sequence[quality.Place]) -> Iterator[Image.Image]:
        return side_by_side((partial(tile_at, *place) for place in places), parallel)

    return quality.assess(thumbnail, tiles_at)
