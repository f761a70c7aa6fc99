"""Draws the tiles of levels that cannot be copied, each px decoded once.

A level is drawn block by block. The levels below it, each half of the one above, are made from
the block's pixels while they are there. A block is so large that its coarsest level has whole
tiles, so that blocks need nothing of each other; what they need at most fits into memory however
large the slide is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from labsight.slides.export.copying import Copied
from labsight.slides.export.plan import Batch, Has, Sink, Unit
from labsight.slides.indexed_files import ReadFile
from labsight.slides.pixels.pieces import Box
from labsight.slides.pixels.render import ChunkPixels, extended

BLOCK_PX = 1 << 22  # of the finest level that is drawn: 16 MB, and four times that where it is read
WIDEST_PX = 1 << 26  # where chunks are so large that smaller blocks would decode them repeatedly

Draw = Callable[[Box], Image.Image]  # (x, y, width, height in px of the finest level drawn)
Encode = Callable[[Image.Image], bytes]


@dataclass(frozen=True)
class Drawn:
    """A level that is drawn: its layer, and its size in px."""

    layer: int
    width: int
    height: int


@dataclass(frozen=True)
class Grid:
    """Size of tiles, and by how much they reach over their neighbours, px."""

    width: int
    height: int
    overlap: int = 0

    def columns(self, level: Drawn) -> int:
        """Return the number of tiles in a row."""
        return -(-level.width // self.width)

    def rows(self, level: Drawn) -> int:
        """Return the number of rows."""
        return -(-level.height // self.height)

    def box(self, level: Drawn, column: int, row: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of a tile in its level, with what it overlaps."""
        return (
            max(0, column * self.width - self.overlap),
            max(0, row * self.height - self.overlap),
            min(level.width, (column + 1) * self.width + self.overlap),
            min(level.height, (row + 1) * self.height + self.overlap),
        )


@dataclass(frozen=True)
class Chain:
    """Levels that are drawn together, finest first, each half the size of the one before.

    ``draw`` makes a picture of the finest. ``above`` is the stored level that it is made from, if
    that is copied as well: then both are made from one reading of its tiles. ``least`` are the
    tiles (across, down) that a block has at least.
    """

    levels: tuple[Drawn, ...]
    grid: Grid
    draw: Callable[[Sink, ReadFile | None], Draw]
    encode: Encode
    above: Copied | None = None
    least: tuple[int, int] = (1, 1)

    @cached_property
    def block(self) -> tuple[int, int]:
        """Tiles of the finest level in a block, across and down."""
        step = 1 << (len(self.levels) - 1)
        finest, tile = self.levels[0], self.grid.width * self.grid.height
        most = max(step * step, WIDEST_PX // tile)
        down = min(_up(self.least[1], step), _up(self.grid.rows(finest), step))
        across = max(_up(self.least[0], step), BLOCK_PX // (tile * down) // step * step)
        across = min(across, _up(self.grid.columns(finest), step))
        while across * down > most and (across > step or down > step):
            across, down = (
                max(step, across // 2 // step * step),
                max(step, down // 2 // step * step),
            )
        return across, down

    def units(self, sink: Sink) -> Iterator[Unit]:
        """Yield the blocks."""
        finest, (across, down) = self.levels[0], self.block
        for top in range(0, self.grid.rows(finest), down):
            for left in range(0, self.grid.columns(finest), across):
                yield _Block(self, sink, left, top)


def chain_length(tile: int, first: tuple[int, int], lacking: int) -> int:
    """Return how many of ``lacking`` levels of square tiles are drawn together.

    All where the first of them is a single block; else so many that the block they share is of
    the usual size. The rest is made from what has then been written, which costs little: it has
    1/64 of the px.
    """
    if first[0] * first[1] <= BLOCK_PX:
        return lacking
    length = 1
    while (tile << length) ** 2 <= BLOCK_PX:
        length += 1
    return min(length, lacking)


@dataclass(frozen=True)
class _Block:
    """A block of tiles from ``left``, ``top`` (tiles of the finest level) on."""

    chain: Chain
    sink: Sink
    left: int
    top: int

    def lacks(self, has: Has) -> bool:
        chain = self.chain
        above = chain.above
        return (above is not None and above.lacks(*self._above(above), has)) or self._draws(has)

    def make(self, has: Has) -> list[Batch]:
        chain = self.chain
        batches: list[Batch] = []
        once: _Once | None = None
        if chain.above is not None:
            once = _Once(chain.above.source.read)
            batches.append(chain.above.batch(*self._above(chain.above), has, once.read))
        if self._draws(has):
            draw = chain.draw(self.sink, once.read if once else None)
            batches += self._drawn(draw, has)
        return batches

    def _draws(self, has: Has) -> bool:
        return any(
            not has(level.layer, number)
            for step, level in enumerate(self.chain.levels)
            for number, _ in self._tiles(step, level)
        )

    def _drawn(self, draw: Draw, has: Has) -> Iterator[Batch]:
        finest, grid = self.chain.levels[0], self.chain.grid
        # What the coarsest level's tiles overlap is that many times as much in the finest.
        margin = grid.overlap << (len(self.chain.levels) - 1)
        across, down = self.chain.block
        x, y = self.left * grid.width, self.top * grid.height
        right = min(finest.width, x + across * grid.width + margin)
        bottom = min(finest.height, y + down * grid.height + margin)
        x, y = max(0, x - margin), max(0, y - margin)
        image = draw((x, y, right - x, bottom - y))
        for step, level in enumerate(self.chain.levels):
            if step:
                image, x, y = image.reduce(2), x // 2, y // 2
            tiles = []
            for number, box in self._tiles(step, level):
                if not has(level.layer, number):
                    place = box[0] - x, box[1] - y, box[2] - x, box[3] - y
                    tiles.append((number, self.chain.encode(image.crop(place))))
            yield Batch(level.layer, tiles)

    def _tiles(self, step: int, level: Drawn) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
        """Yield number and box of the tiles of a level that the block makes."""
        grid, (across, down) = self.chain.grid, self.chain.block
        columns = grid.columns(level)
        last_row = min(grid.rows(level), (self.top + down) >> step)
        last_column = min(columns, (self.left + across) >> step)
        for row in range(self.top >> step, last_row):
            for column in range(self.left >> step, last_column):
                yield row * columns + column, grid.box(level, column, row)

    def _above(self, above: Copied) -> tuple[range, range]:
        """Return columns and rows of the stored tiles that the block is made from."""
        across, down = self.chain.block
        left, top = 2 * self.left, 2 * self.top
        return (
            range(left, min(above.columns, left + 2 * across)),
            range(top, min(above.rows, top + 2 * down)),
        )


class _Once:
    """Reads each part of a file once, for as long as a block is made."""

    def __init__(self, read: ReadFile) -> None:
        self._read = read
        self._kept: dict[tuple[int, int, int], bytes] = {}

    def read(self, file: int, start: int, length: int) -> bytes:
        part = file, start, length
        found = self._kept.get(part)
        if found is None:
            found = self._kept[part] = self._read(file, start, length)
        return found


def halved(above: Copied) -> Callable[[Sink, ReadFile | None], Draw]:
    """Return what draws the level of half the size of one that is copied."""

    def drawing(_: Sink, read: ReadFile | None) -> Draw:
        source, level = above.source, above.level
        pixels = ChunkPixels(source.index, read or source.read, parallel=source.parallel)

        def draw(box: Box) -> Image.Image:
            left, top = min(2 * box[0], level.width - 1), min(2 * box[1], level.height - 1)
            width = min(2 * box[2], level.width - left)
            height = min(2 * box[3], level.height - top)
            size = -(-width // 2), -(-height // 2)
            image = pixels.region(above.number, (left, top, width, height), size, above.view)
            return extended(image, (box[2], box[3]))

        return draw

    return drawing


def _up(count: int, step: int) -> int:
    """Return the next multiple of ``step``, one at least."""
    return max(1, -(-count // step)) * step
