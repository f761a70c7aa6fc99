"""Draws a level from the tiles of the next finer one that the export has written before."""

import io
from collections.abc import Callable

from PIL import Image

from labsight.slides.export.drawing import Draw, Drawn, Grid
from labsight.slides.export.plan import Sink
from labsight.slides.indexed_files import ReadFile
from labsight.slides.pixels.pieces import Box


def from_written(finer: Drawn, grid: Grid) -> Callable[[Sink, ReadFile | None], Draw]:
    """Return what draws the level of half the size of ``finer``."""

    def drawing(sink: Sink, _: ReadFile | None) -> Draw:
        def draw(box: Box) -> Image.Image:
            left, top = 2 * box[0], 2 * box[1]
            right = min(finer.width, left + 2 * box[2])
            bottom = min(finer.height, top + 2 * box[3])
            canvas = Image.new("RGB", (right - left, bottom - top))
            for row in range(top // grid.height, -(-bottom // grid.height)):
                for column in range(left // grid.width, -(-right // grid.width)):
                    data = sink.read(finer.layer, row * grid.columns(finer) + column)
                    with Image.open(io.BytesIO(data), formats=["JPEG"]) as tile:
                        x, y, _, _ = grid.box(finer, column, row)
                        canvas.paste(tile, (x - left, y - top))
            return canvas.reduce(2)

        return draw

    return drawing
