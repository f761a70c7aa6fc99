"""The readers that labsight is measured against; runs in the peers' environment, without labsight.

Each at JPEG quality 75, 4:2:0, one thread, as a tile server would set them.
"""

import importlib
import io
import os
from collections.abc import Sequence
from typing import Any

from bench.worker import Place

QUALITY = 75
Tile = tuple[int, int, int]  # level, column, row


class DeepZoom:
    """openslide-python's DeepZoomGenerator with Pillow, as openslide's own example server."""

    def __init__(self, slide: str, size: int = 254, overlap: int = 1) -> None:
        openslide: Any = importlib.import_module("openslide")
        deepzoom: Any = importlib.import_module("openslide.deepzoom")
        self._pyramid = deepzoom.DeepZoomGenerator(openslide.OpenSlide(slide), size, overlap)

    def plan(self, power: int, places: Sequence[Place]) -> list[Tile]:
        """Choose tiles of the level of that scale."""
        level = self._pyramid.level_count - 1 - power
        columns, rows = self._pyramid.level_tiles[level]
        return [(level, int(x * columns), int(y * rows)) for x, y in places]

    def read(self, tile: Tile) -> bytes:
        """Return one as JPEG."""
        level, column, row = tile
        out = io.BytesIO()
        self._pyramid.get_tile(level, (column, row)).save(out, "JPEG", quality=QUALITY)
        return out.getvalue()


class LargeImage:
    """One of large_image's sources; ``plain`` leaves colour management out, its fastest setting."""

    def __init__(self, slide: str, source: str, *, plain: bool) -> None:
        os.environ["LARGE_IMAGE_CACHE_BACKEND"] = "python"
        large_image: Any = importlib.import_module("large_image")
        large_image.config.setConfig("cache_backend", "python")
        module: Any = importlib.import_module(f"large_image_source_{source}")
        style = {"style": {"icc": False}} if plain else {}
        self._source = module.open(
            slide, encoding="JPEG", jpegQuality=QUALITY, jpegSubsampling=2, noCache=True, **style
        )

    def plan(self, power: int, places: Sequence[Place]) -> list[Tile]:
        """Choose tiles of the level of that scale."""
        source = self._source
        columns = max(1, (source.sizeX >> power) // source.tileWidth)
        rows = max(1, (source.sizeY >> power) // source.tileHeight)
        level = source.levels - 1 - power
        return [(level, int(x * columns), int(y * rows)) for x, y in places]

    def read(self, tile: Tile) -> bytes:
        """Return one as JPEG."""
        level, column, row = tile
        data: bytes = self._source.getTile(column, row, level)
        return data
