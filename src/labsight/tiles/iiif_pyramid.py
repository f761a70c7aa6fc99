"""Which of a slide's own levels and tiles a IIIF request can be answered from.

IIIF divides the full size by whole numbers, its *scale factors*. A level is *exact* when one of its
pixels covers f x f px of the finest one, f a whole number: its size is the full size over f,
rounded up, or down, as scanners of steps of 4 do, which leave out the pixels that fill no f x f.
Both have the same tiles, but for the last column and row of a level that was rounded down: clients
that round up ask for one pixel more there, and get a picture drawn from that level.
"""

from labsight.slides.geometry import best_level, exact_factor
from labsight.slides.index import DEFAULT_TILE_SIDE, SlideIndex
from labsight.tiles.iiif_request import LIMITS, ImageRequest, Limits, Size

# Larger published tiles are offered only where they are stored: made ones need several of them.
_MOST_MADE_SIDE = 1024
# A tile that needs more px of its level than this is not offered: it would take seconds.
_MOST_TILE_SOURCE_PX = 1 << 25


def own_tile(index: SlideIndex, request: ImageRequest) -> tuple[int, int, int] | None:
    """Return level, column and row of the published tile that this request is, if it is one."""
    if not _is_plain(request):
        return None
    for number, level in enumerate(index.levels):
        factor = exact_factor(index, number)
        if factor:
            grid = (level.tile_width, level.tile_height)
            place = _place(index, (level.width, level.height), grid, factor, request)
            if place is not None:
                return (number, *place)
    return None


def is_offered(index: SlideIndex, request: ImageRequest, limits: Limits = LIMITS) -> bool:
    """Whether this is one of the tiles that info.json lists, which every viewer asks for."""
    if not _is_plain(request):
        return False
    for tile, factors in tile_sets(index, limits):
        for factor in factors:
            size = -(-index.width // factor), -(-index.height // factor)
            if _place(index, size, tile, factor, request) is not None:
                return True
    return False


def tile_sets(index: SlideIndex, limits: Limits) -> list[tuple[Size, list[int]]]:
    """Return tile sizes (px) and the scale factors at which tiles of that size are served well.

    The factors are all powers of two, from 1 until the slide fits into one tile: OpenSeadragon asks
    for these whatever is listed, and mixes levels up when others are among them. Where an exact
    level has the factor the tiles are its own; others are drawn from the next finer level, and the
    factors end where that is too much work.
    """
    exact = {exact_factor(index, number): number for number in range(len(index.levels))}
    sets: dict[Size, list[int]] = {}
    factor = 1
    while True:
        number = exact.get(factor, best_level(index, factor))
        tile = _tile(index, number, limits, made=factor not in exact)
        if factor > 1 and _source_px(index, number, tile, factor) > _MOST_TILE_SOURCE_PX:
            break
        sets.setdefault(tile, []).append(factor)
        if index.width <= tile[0] * factor and index.height <= tile[1] * factor:
            break
        factor *= 2
    return list(sets.items())


def _is_plain(request: ImageRequest) -> bool:
    """Whether this is asked for as viewers ask for tiles."""
    turned = request.rotation or request.mirrored
    return not turned and (request.quality, request.form) == ("default", "jpg")


def _place(
    index: SlideIndex, size: Size, tile: Size, factor: int, request: ImageRequest
) -> tuple[int, int] | None:
    """Return the column and row, in a grid of tiles over a level's size, that are asked for."""
    x, y, width, height = request.box
    column = _along((x, width, request.size[0]), (index.width, size[0]), tile[0], factor)
    row = _along((y, height, request.size[1]), (index.height, size[1]), tile[1], factor)
    return None if column is None or row is None else (column, row)


def _along(asked: tuple[int, int, int], sides: Size, tile: int, factor: int) -> int | None:
    """Return the number of the tile, along one axis, that is asked for as (start, length, size)."""
    start, length, size = asked
    full, own = sides
    number, rest = divmod(start, tile * factor)
    end = min(full, (number + 1) * tile * factor)
    there = not rest and start + length == end and size == min(tile, own - number * tile)
    return number if there else None


def _source_px(index: SlideIndex, number: int, tile: Size, factor: int) -> float:
    """Return how many px of a level a tile of a scale factor is drawn from, at most."""
    level, shrink = index.levels[number], factor / index.downsample(number)
    return min(level.width, tile[0] * shrink) * min(level.height, tile[1] * shrink)


def _tile(index: SlideIndex, number: int, limits: Limits, *, made: bool) -> Size:
    level = index.levels[number]
    own = level.tile_width, level.tile_height
    if limits.hold(own) and not (made and max(own) > _MOST_MADE_SIDE):
        return own
    return DEFAULT_TILE_SIDE, DEFAULT_TILE_SIDE
