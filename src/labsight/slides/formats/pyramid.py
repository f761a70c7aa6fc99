"""What all formats share: which sizes are a pyramid, its tiles, and what is declined."""

from labsight.slides.index import DEFAULT_TILE_SIDE, MAX_TILE_SIDE, MIN_TILE_SIDE, Coding

Size = tuple[int, int]

MAX_LEVELS = 32
MAX_ICC = 8 << 20  # bytes; the profiles of scanners have a few thousand
_TILED_SIDES = range(64, 1025)  # px; tiles of such sides are decoded one by one at no loss


class LeftToOpenSlide(Exception):
    """The file's pixels cannot be read by range, so that OpenSlide is tried; the text says why."""


def is_reduction(finest: Size, size: Size) -> bool:
    """Whether ``size`` is ``finest`` made smaller: the same shape but for rounding."""
    if size[0] >= finest[0] or size[1] > finest[1]:
        return False
    expected = finest[1] * size[0] / finest[0]
    return abs(size[1] - expected) <= max(2, expected / 50)


def tile_of(coding: Coding, chunk: Size, *, tiled: bool) -> Size:
    """Return the size of published tiles.

    The last strip of an image is shorter, so strips are never published as they are.
    """
    if tiled and coding.for_browsers and all(MIN_TILE_SIDE <= s <= MAX_TILE_SIDE for s in chunk):
        return chunk
    if tiled and all(side in _TILED_SIDES for side in chunk):
        return chunk
    side = DEFAULT_TILE_SIDE
    return (side, side) if chunk != (side, side) else (side // 2, side // 2)
