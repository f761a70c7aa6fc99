"""Chunks that a coarse level lacks although there is something at their place.

What a scanner leaves out is glass, and blank at every level. But some encoders lose chunks of
coarse levels, and some slides have fewer channels there; what the next finer level shows at that
place stands in for them, as in OpenSlide 4.0.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from labsight.slides.index import Level, SlideIndex
from labsight.slides.pixels.pieces import Box, touched

# Finer chunks that one picture may need for that, and px for one place; what needs more is blank.
MAX_CHUNKS = 1024
MAX_PX = 1 << 26


@dataclass(frozen=True)
class LeftOut:
    """A place of a level without a chunk, and where the next finer level shows it; both in px."""

    place: Box
    finer: Box


def left_out(index: SlideIndex, number: int, plane: int, box: Box) -> Iterator[LeftOut]:
    """Yield the chunks that a box touches, which the level lacks and the next finer one shows."""
    level = index.levels[number]
    if number == 0 or not index.levels[number - 1].planes:
        return
    finer, lengths = index.levels[number - 1], level.planes[plane].lengths
    columns, rows = touched(level, box)
    unread = MAX_CHUNKS
    for row in rows:
        for column in columns:
            if lengths[row * level.chunk_columns + column]:
                continue
            one = _at(level, finer, column, row)
            across, down = touched(finer, one.finer)
            unread -= len(across) * len(down)
            if unread < 0 or one.finer[2] * one.finer[3] > MAX_PX:
                return
            there = finer.planes[plane].lengths
            if any(there[y * finer.chunk_columns + x] for y in down for x in across):
                yield one


def _at(level: Level, finer: Level, column: int, row: int) -> LeftOut:
    x, y = column * level.chunk_width, row * level.chunk_height
    right = min(level.width, x + level.chunk_width)
    bottom = min(level.height, y + level.chunk_height)
    left, wide = _scaled((x, right), finer.width, level.width)
    top, high = _scaled((y, bottom), finer.height, level.height)
    return LeftOut((x, y, right - x, bottom - y), (left, top, wide, high))


def _scaled(edges: tuple[int, int], finer: int, own: int) -> tuple[int, int]:
    """Return start and length of a part of one axis in px of the finer level.

    Levels mostly are a whole number of times smaller; what does not fill a px falls away or makes
    one more.
    """
    factor = max(1, round(finer / own))
    whole = own in {finer // factor, -(-finer // factor)}
    scaled = (edge * factor if whole else round(edge * finer / own) for edge in edges)
    start, end = (min(finer, edge) for edge in scaled)
    start = min(start, finer - 1)
    return start, max(1, end - start)
