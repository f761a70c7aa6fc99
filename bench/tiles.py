"""A stored tile, in process, against OpenSlide's DeepZoom tile of 254 + 1 px."""

import io
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import openslide
from openslide.deepzoom import DeepZoomGenerator

from bench.interleaved import Read, interleave
from bench.report import Line
from labsight.api.serve import SOURCE
from labsight.catalog import Catalog, connect, upgrade
from labsight.keys import DERIVED, SLIDES, SlideKey
from labsight.objects.folder import FolderStore
from labsight.objects.slide_folder import SlideFolder
from labsight.objects.split import SplitStore
from labsight.slides import index as sidecar
from labsight.slides.importing import Importer
from labsight.slides.index import SlideIndex
from labsight.slides.scratch import Scratch
from labsight.tiles import Request, TileService
from labsight.tiles.made import TileMaker

BAR = 100.0
ROUNDS = 7
TILES = 100
QUALITY = 75


def measure() -> Iterator[Line]:
    """Measure the sample slide and, where there are some, real scans."""
    for path in _slides():
        yield from _measure(path)


def _slides() -> list[Path]:
    slides = [Path("sample-data/slides/breast-he.svs")]
    real = os.environ.get("LABSIGHT_REAL_DATA")
    if real:
        slides.append(Path(real, "slides", "CMU-1-Small-Region.svs"))
    return slides


def _measure(path: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder, openslide.OpenSlide(path) as slide:
        service, index = _service(path, Path(folder))
        level = index.levels[0]
        whole = [
            (column, row)
            for column in range(level.width // level.tile_width)
            for row in range(level.height // level.tile_height)
        ]
        tiles = random.Random(1).sample(whole, min(TILES, len(whole)))
        deep_zoom = DeepZoomGenerator(slide, tile_size=254, overlap=1)
        readers = {"labsight": _stored(service, path), "openslide": _openslide(deep_zoom)}
        cost = interleave(readers, tiles, rounds=ROUNDS)
    for name, one in cost.items():
        yield Line(f"{path.name}: {name}, CPU a tile", f"{one.cpu_ms:.4f} ms")
    ratio = cost["openslide"].cpu_ms / cost["labsight"].cpu_ms
    yield Line(f"{path.name}: stored tile against DeepZoom 254+1, CPU", "", ratio, BAR)


def _service(path: Path, cache: Path) -> tuple[TileService, SlideIndex]:
    """Import one slide and return what serves it."""
    folder = SlideFolder(path.parent, SOURCE)
    store = SplitStore({SLIDES: folder, DERIVED: FolderStore(cache)})
    engine = connect(f"sqlite:///{cache / 'catalog.sqlite'}")
    upgrade(engine)
    scratch = Scratch(store, cache, 0)
    key = SlideKey(SOURCE, path.name)
    Importer(store, Catalog(engine), scratch).run(str(key))
    engine.dispose()
    index = sidecar.from_bytes((cache / f"{DERIVED}{key.slide_id}/index.bin").read_bytes())
    return TileService(store, lambda: TileMaker(store, scratch)), index


def _stored(service: TileService, path: Path) -> Read:
    """Read through the whole service: routing, ETag, index, ranged read, head."""
    slide = SlideKey(SOURCE, path.name).slide_id

    def read(column: int, row: int) -> bytes:
        answer = service.answer(Request("GET", f"/slides/{slide}/tiles/0/{column}_{row}.jpg"))
        if answer.headers.get("x-labsight-path") != "stored":
            message = f"tile {column}_{row} was not served as stored: {answer}"
            raise RuntimeError(message)
        return answer.body

    return read


def _openslide(deep_zoom: DeepZoomGenerator) -> Read:
    top = deep_zoom.level_count - 1
    columns, rows = deep_zoom.level_tiles[top]

    def read(column: int, row: int) -> bytes:
        tile = deep_zoom.get_tile(top, (column % columns, row % rows))
        target = io.BytesIO()
        tile.save(target, "JPEG", quality=QUALITY)
        return target.getvalue()

    return read
