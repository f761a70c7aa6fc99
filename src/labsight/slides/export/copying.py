"""Copies the tiles of a level as they are stored; only those at the edges are cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from labsight.slides.export.plan import Batch, Has, Sink, Unit
from labsight.slides.export.source import ExportSource
from labsight.slides.index import Chunks, Level
from labsight.slides.indexed_files import ReadFile
from labsight.slides.pixels import encode, jpeg, render
from labsight.slides.pixels.left_out import left_out
from labsight.slides.pixels.render import extended
from labsight.slides.pixels.runs import read_tiles
from labsight.slides.view import View

_UNIT_TILES = 1024  # some 10 MB


@dataclass(frozen=True)
class Copied:
    """A stored level that becomes a layer, tile for tile.

    ``width`` and ``height`` are those of the layer, px: it may be one px larger than the level, as
    scanners round down where Deep Zoom rounds up. The last px is repeated there. ``blanks`` says
    whether tiles that the scanner left out are written as background, or left out as well.
    """

    source: ExportSource
    number: int  # of the level
    view: View
    plane: int
    layer: int
    width: int
    height: int
    quality: int
    blanks: bool = True

    @property
    def level(self) -> Level:
        """The level."""
        return self.source.index.levels[self.number]

    @property
    def chunks(self) -> Chunks:
        """Where the tiles lie."""
        return self.level.planes[self.plane]

    @cached_property
    def columns(self) -> int:
        """Tiles in a row of the layer."""
        return -(-self.width // self.level.tile_width)

    @cached_property
    def rows(self) -> int:
        """Rows of tiles of the layer."""
        return -(-self.height // self.level.tile_height)

    @cached_property
    def left_out(self) -> list[tuple[int, int]]:
        """Column and row of each tile that is not written."""
        if self.blanks:
            return []
        blank = (n for n, length in enumerate(self.chunks.lengths) if not length)
        numbers = (number for number in blank if number not in self._lost)
        return [(number % self.columns, number // self.columns) for number in numbers]

    @cached_property
    def _lost(self) -> frozenset[int]:
        """Chunks that the level lacks although the next finer one shows something there."""
        level, index = self.level, self.source.index
        if not self.number:
            return frozenset()
        found = set()
        for number, length in enumerate(self.chunks.lengths):
            if not length:
                row, column = divmod(number, level.columns)
                size = level.tile_size(column, row)
                box = (column * level.tile_width, row * level.tile_height, *size)
                if any(left_out(index, self.number, self.plane, box)):
                    found.add(number)
        return frozenset(found)

    def units(self, _: Sink) -> Iterator[Unit]:
        """Yield the whole level, some rows at a time."""
        rows = max(1, _UNIT_TILES // self.columns)
        for top in range(0, self.rows, rows):
            yield CopiedPart(self, range(self.columns), range(top, min(top + rows, self.rows)))

    def lacks(self, columns: range, rows: range, has: Has) -> bool:
        """Whether a tile there is still to be written."""
        lengths = self.chunks.lengths
        return any(
            not has(self.layer, number) and (self.blanks or lengths[number] or number in self._lost)
            for row in rows
            for number in range(
                row * self.columns + columns.start, row * self.columns + columns.stop
            )
        )

    def batch(self, columns: range, rows: range, has: Has, read: ReadFile) -> Batch:
        """Return what is lacking of some tiles."""
        stored, others = self._sorted(columns, rows, has)
        chunks, level = self.chunks, self.level
        full_columns = level.width // level.tile_width
        full_rows = level.height // level.tile_height
        found = read_tiles(
            chunks, stored, lambda *part: read(chunks.file, *part), self.source.parallel
        )
        tiles = []
        for number, data in found:
            stream = jpeg.complete(chunks.head, data)
            row, column = divmod(number, level.columns)
            if row >= full_rows or column >= full_columns:
                grid = level.tile_width, level.tile_height
                stream = encode.crop(stream, *level.tile_size(column, row), grid)
            tiles.append((stored[number], stream))
        tiles += [(row * self.columns + column, self._made(column, row)) for column, row in others]
        return Batch(self.layer, tiles)

    def _sorted(
        self, columns: range, rows: range, has: Has
    ) -> tuple[dict[int, int], list[tuple[int, int]]]:
        """Return the chunks that are read, with their places in the layer, and other tiles."""
        level, lengths = self.level, self.chunks.lengths
        stored: dict[int, int] = {}
        others: list[tuple[int, int]] = []
        # From there on tiles are larger than the stored ones, by the px that the level lacks.
        wider = self.columns if self.width == level.width else level.width // level.tile_width
        longer = self.rows if self.height == level.height else level.height // level.tile_height
        for row in rows:
            for column in columns:
                place = row * self.columns + column
                if has(self.layer, place):
                    continue
                chunk = row * level.columns + column
                larger = row >= longer or column >= wider
                if not larger and lengths[chunk]:
                    stored[chunk] = place
                elif larger or self.blanks or chunk in self._lost:
                    others.append((column, row))
        return stored, others

    def _made(self, column: int, row: int) -> bytes:
        """Make a tile that is not stored, or reaches over the level's edge."""
        level = self.level
        wide, high = level.tile_width, level.tile_height
        width = min(wide, self.width - column * wide)
        height = min(high, self.height - row * high)
        inside = column < level.columns and row < level.rows
        lost = inside and row * level.columns + column in self._lost
        if inside and not lost and level.tile_size(column, row) == (width, height):
            return encode.blank(width, height, render.background(self.source.index))
        return self._drawn((column * wide, row * high, width, height))

    def _drawn(self, box: tuple[int, int, int, int]) -> bytes:
        """Draw a tile; what it has beyond the level's edge repeats the last px."""
        level = self.level
        left, top = min(box[0], level.width - 1), min(box[1], level.height - 1)
        width = min(box[0] + box[2], level.width) - left
        height = min(box[1] + box[3], level.height) - top
        size = width, height
        image = self.source.pixels.region(self.number, (left, top, *size), size, self.view)
        return encode.jpeg(extended(image, (box[2], box[3])), self.quality)


@dataclass(frozen=True)
class CopiedPart:
    """A rectangle of tiles of a copied level."""

    copied: Copied
    columns: range
    rows: range

    def lacks(self, has: Has) -> bool:
        """Whether one of them is not written yet."""
        return self.copied.lacks(self.columns, self.rows, has)

    def make(self, has: Has) -> list[Batch]:
        """Return those that are not written yet."""
        return [self.copied.batch(self.columns, self.rows, has, self.copied.source.read)]
