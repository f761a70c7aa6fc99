"""What an import makes of a slide, made with OpenSlide from a local file; a worker of the peers.

The same pictures at the same quality, the barcode, and the same judgement of the scan: the share of
tissue in the thumbnail, and how much of the variation of nine tiles is fine detail.
"""

import importlib
import io
from pathlib import Path
from typing import Any

SIDE, QUALITY, TILES, GRID = 512, 90, 9, 64  # px, of JPEG, judged tiles, cells of the thumbnail
TILE = 240  # px


class Import:
    """One slide."""

    def __init__(self, slide: str) -> None:
        self._path = slide
        self._openslide: Any = importlib.import_module("openslide")
        self._image: Any = importlib.import_module("PIL.Image")
        self._filter: Any = importlib.import_module("PIL.ImageFilter")
        self._stat: Any = importlib.import_module("PIL.ImageStat")
        self._barcodes: Any = importlib.import_module("zxingcpp")

    def run(self) -> dict[str, Any]:
        """Return what was found."""
        slide = self._openslide.OpenSlide(self._path)
        thumbnail = slide.get_thumbnail((SIDE, SIDE))
        label = slide.associated_images["label"].convert("RGB")
        macro = slide.associated_images["macro"].convert("RGB")
        kept = [_jpeg(one) for one in (thumbnail, label, macro)]
        barcode = self._barcodes.read_barcode(label)
        found = {
            "bytes": sum(map(len, kept)),
            "barcode": barcode.text if barcode else None,
            "properties": len(slide.properties),
            "size": Path(self._path).stat().st_size,
        }
        return found | self._quality(slide, thumbnail)

    def _quality(self, slide: Any, thumbnail: Any) -> dict[str, Any]:
        cells = thumbnail.resize((GRID, GRID), self._image.Resampling.BOX).tobytes()
        pixels = [cells[at : at + 3] for at in range(0, len(cells), 3)]
        tissue = [n for n, p in enumerate(pixels) if min(p) < 215 or max(p) - min(p) > 18]
        step = max(1, len(tissue) // TILES)
        width, height = slide.dimensions
        scores = []
        for number in tissue[step // 2 :: step][:TILES]:
            x = int((number % GRID + 0.5) / GRID * width) // TILE * TILE
            y = int((number // GRID + 0.5) / GRID * height) // TILE * TILE
            grey = slide.read_region((x, y), 0, (TILE, TILE)).convert("L")
            laplacian = self._filter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), 1, 128)
            detail = self._stat.Stat(grey.filter(laplacian)).var[0]
            scores.append(detail / max(1.0, self._stat.Stat(grey).var[0]))
        return {"tissue": len(tissue) / GRID**2, "sharpness": sorted(scores)[len(scores) // 2]}


def _jpeg(image: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
