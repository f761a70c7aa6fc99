"""A slide as a Deep Zoom pyramid: every power of two, rounded up, down to a single px.

Levels that the slide has are copied tile for tile; those that it lacks are drawn, each from the
next finer one. https://github.com/openseadragon/openseadragon/wiki/The-DZI-File-Format
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PIL import Image

from labsight.slides.export.copying import Copied
from labsight.slides.export.drawing import Chain, Draw, Drawn, Grid, chain_length, halved
from labsight.slides.export.options import Options
from labsight.slides.export.plan import Layer, Plan, Sink, Stage, Unit, Written
from labsight.slides.export.source import ExportSource
from labsight.slides.export.written import from_written
from labsight.slides.geometry import DEEP_ZOOM_TILES, deep_zoom_level, deep_zoom_top
from labsight.slides.index import Level
from labsight.slides.indexed_files import ReadFile
from labsight.slides.pixels import encode
from labsight.slides.pixels.pieces import Box


@dataclass(frozen=True)
class Files:
    """Files beside the tiles: names with their folder below the export's root, and contents."""

    names: tuple[str, ...] = ()
    contents: tuple[bytes, ...] = ()


def grid_of(source: ExportSource, options: Options) -> Grid:
    """Return the grid asked for, else the slide's own."""
    own = source.index.levels[0].tile_width
    side = options.tile_size or max(DEEP_ZOOM_TILES[0], min(DEEP_ZOOM_TILES[-1], own))
    return Grid(side, side, options.overlap)


def plan(
    source: ExportSource,
    options: Options,
    folder: str = "",
    suffix: str = ".jpg",
    files: Files = Files(),
) -> Plan:
    """Plan a pyramid whose levels are folders below ``folder``; ``files`` are written first."""
    builder = _Pyramid(source, options, grid_of(source, options))
    stages = builder.stages()
    layers = tuple(
        Layer(f"{folder}{number}", builder.grid.columns(level), builder.grid.rows(level), suffix)
        for number, level in enumerate(builder.levels)
    )
    if files.names:
        written = Written(len(layers), files.contents)
        layers = (*layers, Layer("", 0, 0, names=files.names))
        stages = [Stage(lambda _: iter((written,))), *stages]
    return Plan(
        layers=layers,
        stages=tuple(stages),
        tiles=sum(layer.count for layer in layers),
        stored_bytes=builder.stored_bytes,
        options={
            "tile_size": builder.grid.width,
            "overlap": builder.grid.overlap,
            "quality": options.quality,
            "view": options.view.key,
            "labels": int(options.labels),
        },
    )


class _Pyramid:
    """Finds out how each Deep Zoom level is made."""

    def __init__(self, source: ExportSource, options: Options, grid: Grid) -> None:
        self._source = source
        self._options = options
        self.grid = grid
        top = deep_zoom_top(source.index)
        self.levels = [
            Drawn(number, *deep_zoom_level(source.index, number)) for number in range(top + 1)
        ]
        self.stored_bytes = 0

    def stages(self) -> list[Stage]:
        """Return the stages, finest levels first."""
        found = []
        number = len(self.levels) - 1
        while number >= 0:
            copied = self._copied(number)
            if copied is None:
                chain = self._chain(number, None)
            else:
                self.stored_bytes += sum(copied.chunks.lengths)
                number -= 1
                if number < 0 or self._copied(number) is not None:
                    found.append(Stage(copied.units))
                    continue
                chain = self._chain(number, copied)
            found.append(Stage(chain.units, decoding=True))
            number -= len(chain.levels)
        return found

    def _copied(self, number: int) -> Copied | None:
        """Return how a level is copied, when the slide has one with the same tiles.

        It may lack the last px, as scanners round down: 4 px of the finest level become one.
        """
        wanted, index = self.levels[number], self._source.index
        side = self.grid.width
        if self.grid.overlap:
            return None
        for own, level in enumerate(index.levels):
            near = 0 <= wanted.width - level.width <= 1 and 0 <= wanted.height - level.height <= 1
            plane = index.stored_plane(level, self._options.view)
            if near and level.tile_width == level.tile_height == side and plane is not None:
                return Copied(
                    self._source, own, self._options.view, plane, number,
                    wanted.width, wanted.height, self._options.quality,
                )  # fmt: skip
        return None

    def _chain(self, number: int, above: Copied | None) -> Chain:
        """Return how ``number`` and the levels below it are drawn, down to one that is copied."""
        lacking = 1
        while lacking <= number and self._copied(number - lacking) is None:
            lacking += 1
        first = self.levels[number]
        count = chain_length(self.grid.width, (first.width, first.height), lacking)
        levels = tuple(self.levels[number - step] for step in range(count))
        encoded = partial(encode.jpeg, quality=self._options.quality)
        if above is not None:
            return Chain(levels, self.grid, halved(above), encoded, above)
        if number == len(self.levels) - 1:
            least = least_tiles(self._source.index.levels[0], self.grid)
            return Chain(levels, self.grid, self._whole, encoded, least=least)
        finer = self.levels[number + 1]
        return Chain(levels, self.grid, from_written(finer, self.grid), encoded)

    def _whole(self, _: Sink, __: ReadFile | None) -> Draw:
        """Draw the finest level in its own size."""

        def draw(box: Box) -> Image.Image:
            return self._source.pixels.region(0, box, box[2:], self._options.view)

        return draw


def least_tiles(level: Level, grid: Grid) -> tuple[int, int]:
    """Return how many tiles a block needs so that large chunks are not decoded again and again."""
    if not level.planes:
        return 1, 1
    return -(-level.chunk_width // grid.width), -(-level.chunk_height // grid.height)


def single(units: Sequence[Unit]) -> Stage:
    """Return a stage of a few units."""
    return Stage(lambda _: iter(units))
