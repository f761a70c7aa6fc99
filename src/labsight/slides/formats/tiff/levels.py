"""Turns the directories of a TIFF file into levels with their tables of chunks.

What the tables claim is checked before it is used, for all levels and planes together.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.formats.pyramid import MAX_LEVELS, LeftToOpenSlide, tile_of
from labsight.slides.formats.tiff.grid import Grid, Size, Source, grid_of
from labsight.slides.formats.tiff.tables import Tables
from labsight.slides.index import (
    MAX_TILES,
    Chunks,
    Level,
)
from labsight.slides.pixels import jpeg
from labsight.slides.sidecar import MAX_PLANES

_FRAME_BYTES = 256 << 10  # a frame header lies before that, behind the largest colour profile


def build(
    levels: Sequence[Sequence[Source | None]], sizes: Sequence[Size] = ()
) -> tuple[Level, ...]:
    """Return levels, finest first, from the sources of their planes; None is a blank plane.

    ``sizes`` are the real sizes where directories count padding as well. Tables are read last: by
    then it is known how large they may be.
    """
    grids = [_common_grid(planes) for planes in levels]
    real = list(sizes) or [(grid.width, grid.height) for grid in grids]
    real = [
        (min(width, grid.width), min(height, grid.height))
        for (width, height), grid in zip(real, grids, strict=True)
    ]
    _check_geometry(levels, grids, real)
    tables = Tables()
    built = tuple(
        _level(tables, planes, grid, size)
        for planes, grid, size in zip(levels, grids, real, strict=True)
    )
    tables.check_total()
    for level, planes, grid in zip(built, levels, grids, strict=True):
        _check_frames(level, planes, grid)
    return built


def _common_grid(planes: Sequence[Source | None]) -> Grid:
    """Return the grid that all planes of a level have; each directory is looked at once."""
    places = {(one.file, one.directory.offset): one for one in planes if one is not None}
    if not places:
        raise DamagedSlide("a level of the slide has no image in the file")
    grids = {grid_of(one.tiff, one.directory) for one in places.values()}
    if len(grids) > 1:
        raise LeftToOpenSlide("its planes differ in size or coding")
    return grids.pop()


def _check_geometry(
    levels: Sequence[Sequence[Source | None]], grids: Sequence[Grid], sizes: Sequence[Size]
) -> None:
    if any(above[0] <= below[0] for above, below in pairwise(sizes)):
        raise DamagedSlide("the levels of the slide do not get smaller one by one")
    planes = sum(len(one) for one in levels)
    chunks = sum(
        len(one) * grid.columns * grid.rows for one, grid in zip(levels, grids, strict=True)
    )
    if len(grids) > MAX_LEVELS or planes > MAX_PLANES or chunks > MAX_TILES:
        raise DamagedSlide(
            f"the slide has {len(grids)} levels with {planes} planes of {chunks} tiles in all; at "
            f"most {MAX_LEVELS} levels, {MAX_PLANES} planes and {MAX_TILES} tiles are read"
        )
    if len({(grid.coding.samples, grid.coding.bits) for grid in grids}) > 1:
        raise LeftToOpenSlide("its levels differ in samples or bits")


def _level(tables: "Tables", planes: Sequence[Source | None], grid: Grid, size: Size) -> Level:
    columns, rows = -(-size[0] // grid.chunk_width), -(-size[1] // grid.chunk_height)
    count = columns * rows if None in planes else 0
    blank = Chunks(b"", array("Q", bytes(8 * count)), array("I", bytes(4 * count)))
    chunks = tuple(
        blank if one is None else tables.chunks(one, grid, (columns, rows)) for one in planes
    )
    tile = tile_of(grid.coding, (grid.chunk_width, grid.chunk_height), tiled=grid.tiled)
    return Level(*size, *tile, grid.coding, grid.chunk_width, grid.chunk_height, chunks)


def _check_frames(level: Level, planes: Iterable[Source | None], grid: Grid) -> None:
    """Trust a chunk's own header, not the tags, for what the chunks are.

    The first or the last chunk is looked at, whichever lies closer to its directory: it is often
    read already. Some writers cut the last one, so what it says alone is no damage.
    """
    stored = (
        (chunks, source)
        for chunks, source in zip(level.planes, planes, strict=True)
        if source is not None and any(chunks.lengths)
    )
    chunks, source = next(stored, (None, None))
    if grid.coding.kind != "jpeg" or chunks is None or source is None:
        return
    here = source.directory.offset
    count = len(chunks.lengths)
    ends = {
        next(number for number in range(count) if chunks.lengths[number]),
        next(number for number in reversed(range(count)) if chunks.lengths[number]),
    }
    found = wanted = (0, 0)
    for number in sorted(ends, key=lambda one: abs(chunks.offsets[one] - here)):
        found, wanted = _frame(source, chunks, number, grid), _chunk_size(number, grid)
        if found == wanted:
            return
    raise DamagedSlide(
        f"a tile is {found[0]} x {found[1]} px, its level has tiles of {wanted[0]} x {wanted[1]} px"
    )


def _chunk_size(number: int, grid: Grid) -> Size:
    """Return the size of a chunk; the last strip has the rows that are left."""
    rows = grid.chunk_height
    return grid.chunk_width, rows if grid.tiled else min(rows, grid.height - number * rows)


def _frame(source: Source, chunks: Chunks, number: int, grid: Grid) -> Size:
    """Return the size of a JPEG chunk; raise LeftToOpenSlide when browsers show it otherwise."""
    data = source.tiff.data(chunks.offsets[number], min(chunks.lengths[number], _FRAME_BYTES))
    try:
        width, height, components = jpeg.frame_size(jpeg.complete(chunks.head, data))
    except UnsupportedSlide as error:
        raise LeftToOpenSlide(error.message) from None
    if components != grid.coding.samples:
        raise LeftToOpenSlide(
            f"its JPEG tiles have {components} components, its tags say {grid.coding.samples}"
        )
    if grid.coding.colour == "rgb" and data[2:4] == b"\xff\xe0" and data[6:10] == b"JFIF":
        # JFIF means YCbCr to every browser, whatever follows it.
        raise LeftToOpenSlide("its RGB tiles call themselves JFIF, which is YCbCr")
    return width, height
