"""A slide as a pyramidal OME-TIFF: stored tiles copied byte for byte into one BigTIFF file.

Each plane (channel, z, t) is a directory with its finest level; smaller levels are its SubIFDs, as
OME-TIFF 6.0 has them. Tiles come first, directories last, so that the file can be written as a
stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from PIL import Image

from labsight.slides.export.background import background_tile
from labsight.slides.export.drawing import Chain, Draw, Drawn, Grid
from labsight.slides.export.ome_levels import byte_order, encoded, level_of
from labsight.slides.export.options import Options
from labsight.slides.export.plan import Batch, Has, Layer, Plan, Sink, Stage, Unit
from labsight.slides.export.source import ExportSource
from labsight.slides.index import Chunks
from labsight.slides.indexed_files import ReadFile
from labsight.slides.pixels import render
from labsight.slides.pixels.pieces import Box
from labsight.slides.pixels.render import extended
from labsight.slides.pixels.runs import read_tiles

_UNIT_TILES = 1024


class OmeTiff:
    """One slide as OME-TIFF: how each level is written, and which layer it is.

    Layers are numbered level by level, plane by plane. The number behind a layer's tiles is that of
    its background tile.
    """

    def __init__(self, source: ExportSource, options: Options) -> None:
        self.source = source
        self.options = options
        self.order = byte_order(source)
        count = len(source.index.levels)
        self.levels = [level_of(source, number, self.order) for number in range(count)]
        self.planes = source.index.axes.planes

    def plan(self) -> Plan:
        """Return the plan."""
        layers: list[Layer] = []
        stages: list[Stage] = []
        tiles = stored = 0
        for number, level in enumerate(self.levels):
            for plane in range(self.planes):
                layer = len(layers)
                layers.append(Layer("", level.columns * level.rows + 1, 1))
                if not level.copied:
                    tiles += level.columns * level.rows
                    stages.append(Stage(self._chain(number, plane, layer).units, decoding=True))
                    continue
                chunks = self.source.index.levels[number].planes[plane]
                blank = background_tile(level, self._ground) if not all(chunks.lengths) else b""
                tiles += sum(1 for length in chunks.lengths if length) + bool(blank)
                stored += sum(chunks.lengths)
                stages.append(Stage(partial(self._units, chunks, layer, blank)))
        return Plan(
            layers=tuple(layers),
            stages=tuple(stages),
            tiles=tiles,
            stored_bytes=stored,
            options={"quality": self.options.quality},
        )

    @property
    def _ground(self) -> int:
        return render.background(self.source.index)[0]

    def _units(self, chunks: Chunks, layer: int, blank: bytes, _: Sink) -> Iterator[Unit]:
        count = len(chunks.lengths)
        for start in range(0, count, _UNIT_TILES):
            numbers = range(start, min(start + _UNIT_TILES, count))
            yield _Raw(self.source, chunks, layer, numbers)
        if blank:
            yield _Background(layer, count, blank)

    def _chain(self, number: int, plane: int, layer: int) -> Chain:
        level = self.levels[number]
        size = level.tile_width, level.tile_height

        def drawing(_: Sink, __: ReadFile | None) -> Draw:
            def draw(box: Box) -> Image.Image:
                return self.source.pixels.samples(number, box, box[2:], plane)

            return draw

        def encode(image: Image.Image) -> bytes:
            whole = extended(image, size)
            return encoded(whole, level.coding, self.order, self.options.quality)

        own = self.source.index.levels[number]
        least = (1, 1)
        if own.planes:
            least = -(-own.chunk_width // size[0]), -(-own.chunk_height // size[1])
        finest = Drawn(layer, level.width, level.height)
        return Chain((finest,), Grid(*size), drawing, encode, least=least)


@dataclass(frozen=True)
class _Raw:
    """Chunks of a plane that are copied as they are."""

    source: ExportSource
    chunks: Chunks
    layer: int
    numbers: range

    def lacks(self, has: Has) -> bool:
        lengths = self.chunks.lengths
        return any(lengths[number] and not has(self.layer, number) for number in self.numbers)

    def make(self, has: Has) -> list[Batch]:
        chunks = self.chunks
        wanted = [number for number in self.numbers if not has(self.layer, number)]
        found = read_tiles(
            chunks, wanted, lambda *part: self.source.read(chunks.file, *part), self.source.parallel
        )
        return [Batch(self.layer, list(found))]


@dataclass(frozen=True)
class _Background:
    """The tile that all blank ones of a layer share."""

    layer: int
    number: int
    data: bytes

    def lacks(self, has: Has) -> bool:
        return not has(self.layer, self.number)

    def make(self, _: Has) -> list[Batch]:
        return [Batch(self.layer, [(self.number, self.data)])]
