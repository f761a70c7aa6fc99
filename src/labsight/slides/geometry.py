"""The arithmetic of Deep Zoom pyramids over the levels that a slide really has."""

from labsight.errors import NotFound
from labsight.slides.index import SlideIndex


def deep_zoom_top(index: SlideIndex) -> int:
    """Return the number of the finest Deep Zoom level: the one of the slide's full size."""
    return (max(index.width, index.height) - 1).bit_length()


def deep_zoom_level(index: SlideIndex, number: int) -> tuple[int, int]:
    """Return a Deep Zoom level's size in px: halved again and again, rounded up; or NotFound."""
    top = deep_zoom_top(index)
    if not 0 <= number <= top:
        raise NotFound(f"Deep Zoom level {number}: this slide has levels 0 to {top}")
    half = 1 << (top - number)
    return -(-index.width // half), -(-index.height // half)


def deep_zoom_box(
    size: tuple[int, int], column: int, row: int, tile: int, overlap: int
) -> tuple[int, int, int, int]:
    """Return x, y, width, height (px of the level) of a Deep Zoom tile; raise NotFound outside."""
    columns, rows = -(-size[0] // tile), -(-size[1] // tile)
    if not (0 <= column < columns and 0 <= row < rows):
        raise NotFound(f"tile {column}_{row}: this level has {columns} columns and {rows} rows")
    left, top = max(0, column * tile - overlap), max(0, row * tile - overlap)
    right = min(size[0], (column + 1) * tile + overlap)
    return left, top, right - left, min(size[1], (row + 1) * tile + overlap) - top


def stored_twin(index: SlideIndex, number: int, tile: int, overlap: int) -> int | None:
    """Return the slide's own level with this Deep Zoom level's very tiles, if there is one."""
    size = deep_zoom_level(index, number)
    for own, level in enumerate(index.levels):
        if (level.width, level.height) == size:
            same = level.tile_width == level.tile_height == tile and not overlap
            return own if same else None
    return None


def best_level(index: SlideIndex, downsample: float) -> int:
    """Return the coarsest level that is still at least as fine as ``downsample`` asks for."""
    fine_enough = (n for n in range(len(index.levels)) if index.downsample(n) <= downsample * 1.01)
    return max(fine_enough, default=0)
