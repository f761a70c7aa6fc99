"""The arithmetic of Deep Zoom pyramids over the levels that a slide really has."""

from math import ceil

from labsight.errors import NotFound
from labsight.slides.index import SlideIndex

DEEP_ZOOM_TILES = range(32, 2049)  # px
DEEP_ZOOM_OVERLAPS = range(65)  # px


def deep_zoom_xml(index: SlideIndex, tile: int, overlap: int) -> bytes:
    """Return the Deep Zoom descriptor (schema of 2008) of a slide."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="jpg" '
        f'Overlap="{overlap}" TileSize="{tile}">'
        f'<Size Width="{index.width}" Height="{index.height}"/></Image>\n'
    ).encode()


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


def exact_factor(index: SlideIndex, number: int) -> int | None:
    """Return f where one px of a level covers just f x f px of the finest one, else None.

    The level's size is then the full size over f, rounded up, or down, as by scanners of steps of
    four, which leave out the px that fill no f x f.
    """
    level = index.levels[number]
    sides = ((index.width, level.width), (index.height, level.height))
    full, own = max(sides)
    factor = (2 * full + own) // (2 * own)
    if factor and all(side in (whole // factor, -(-whole // factor)) for whole, side in sides):
        return factor
    return None


def stored_twin(
    index: SlideIndex, number: int, place: tuple[int, int], tile: int, overlap: int
) -> int | None:
    """Return the slide's own level whose tile at (column, row) is this Deep Zoom tile, if any.

    On a level that was rounded down all tiles are, but those of the last column and row.
    """
    size = deep_zoom_level(index, number)
    half = 1 << (deep_zoom_top(index) - number)
    for own, level in enumerate(index.levels):
        if overlap or not level.tile_width == level.tile_height == tile:
            continue
        right, bottom = (place[0] + 1) * tile, (place[1] + 1) * tile
        inside = right <= level.width and bottom <= level.height
        if (level.width, level.height) == size or (inside and exact_factor(index, own) == half):
            return own
    return None


def deep_zoom_source(
    index: SlideIndex, number: int, place: tuple[int, int], tile: int, overlap: int
) -> tuple[int, tuple[int, int, int, int], tuple[int, int]]:
    """Return what a Deep Zoom tile is made from: a level, the box of its px, and their size there.

    The tile is larger than that where the level was rounded down and lacks its last px.
    """
    size = deep_zoom_level(index, number)
    x, y, width, height = deep_zoom_box(size, *place, tile, overlap)
    best = best_level(index, index.width / size[0])
    level, exact = index.levels[best], exact_factor(index, best)
    half = 1 << (deep_zoom_top(index) - number)
    scales = (
        (half / exact, half / exact) if exact else (level.width / size[0], level.height / size[1])
    )
    left, wide, across = _along(x, width, scales[0], level.width)
    top, high, down = _along(y, height, scales[1], level.height)
    return best, (left, top, wide, high), (across, down)


def _along(start: int, length: int, scale: float, full: int) -> tuple[int, int, int]:
    """Return where a stretch of a Deep Zoom level lies on a level of ``full`` px.

    These are its first px, how many there are, and how many px of the stretch they make.
    """
    first = min(int(start * scale), full - 1)
    end = min(full, max(first + 1, round((start + length) * scale)))
    return first, end - first, max(1, min(length, ceil((full - first) / scale)))


def best_level(index: SlideIndex, downsample: float) -> int:
    """Return the coarsest level that is still at least as fine as ``downsample`` asks for."""
    fine_enough = (n for n in range(len(index.levels)) if index.downsample(n) <= downsample * 1.01)
    return max(fine_enough, default=0)
