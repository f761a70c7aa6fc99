"""labsight's own readers, as workers: the tile service over a folder, and over an object store."""

import math
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from bench import object_client
from bench.worker import Place
from labsight import keys
from labsight.catalog import Catalog, connect, upgrade
from labsight.keys import SlideKey
from labsight.objects import ObjectStore
from labsight.objects.folder import FolderStore
from labsight.objects.slide_folder import SlideFolder
from labsight.objects.split import SplitStore
from labsight.slides import sidecar
from labsight.slides.importing import Importer
from labsight.slides.index import SlideIndex
from labsight.slides.staging.scratch import Scratch
from labsight.tiles import Request, TileService
from labsight.tiles.made import TileMaker

_STORED, _MADE = ("stored",), ("half-size", "decoded")  # X-Labsight-Path


class Tile(NamedTuple):
    """What to ask, and the ways in which it may have been made: not from what was kept."""

    request: Request
    ways: tuple[str, ...]


def imported(store: ObjectStore, key: str, cache: Path) -> SlideIndex:
    """Import one slide as `labsight serve` does, and return its index."""
    engine = connect(f"sqlite:///{cache / 'catalog.sqlite'}")
    upgrade(engine)
    outcome = Importer(store, Catalog(engine), Scratch(store, cache, 0)).run(key)
    engine.dispose()
    if outcome.reason:
        raise RuntimeError(f"{key}: {outcome.reason}")
    return sidecar.from_bytes(store.read(keys.index_key(outcome.slide_id)))


def local(slide: Path, cache: Path) -> tuple[ObjectStore, str]:
    """Return the folder of a slide as a store, what is made going to ``cache``; and its key."""
    folder = SlideFolder(slide.parent, object_client.SOURCE)
    store = SplitStore({keys.SLIDES: folder, keys.DERIVED: FolderStore(cache)})
    return store, str(SlideKey(object_client.SOURCE, slide.name))


class _Tiles:
    """Reads through the whole service: routing, ETag, index, ranged read, head."""

    def __init__(self, store: ObjectStore, key: str, cache: Path) -> None:
        self.index = imported(store, key, cache)
        self._store, self._scratch = store, Scratch(store, cache, 0)
        self._slide = keys.slide_id(key)
        self._service = self._fresh()

    def _fresh(self) -> TileService:
        """Return a service that has the index at hand and no tile."""
        service = TileService(self._store, lambda: TileMaker(self._store, self._scratch))
        service.answer(Request("GET", f"/slides/{self._slide}/slide.json"))
        return service

    def plan(self, power: int, places: Sequence[Place]) -> list[Tile]:
        """Choose tiles in the level of that scale, or Deep Zoom's tiles where there is none.

        What was made for earlier ones is forgotten.
        """
        self._service = self._fresh()
        shrink = 1 << power
        for number, level in enumerate(self.index.levels):
            if round(self.index.downsample(number)) == shrink and not level.made:
                break
        else:
            return self._lacking(power, places)
        ways = _STORED if level.stored else _MADE
        size = level.width, level.height
        grid = _whole(size, (level.tile_width, level.tile_height))
        return [
            Tile(Request("GET", f"/slides/{self._slide}/tiles/{number}/{place}.jpg"), ways)
            for place in _spread(grid, places)
        ]

    def _lacking(self, power: int, places: Sequence[Place]) -> list[Tile]:
        """Whole tiles of the slide's own size, which is what `.dzi` announces."""
        finest = self.index.levels[0]
        number = math.ceil(math.log2(max(finest.width, finest.height))) - power
        size = finest.width >> power, finest.height >> power
        grid = _whole(size, (finest.tile_width, finest.tile_height))
        return [
            Tile(Request("GET", f"/slides/{self._slide}_files/{number}/{place}.jpg"), _MADE)
            for place in _spread(grid, places)
        ]

    def read(self, tile: Tile) -> bytes:
        """Return a tile; raise RuntimeError when it came another way than is measured."""
        answer = self._service.answer(tile.request)
        if answer.headers.get("x-labsight-path") not in tile.ways:
            raise RuntimeError(f"{tile.request.path}: {answer.status} {answer.headers}")
        return answer.body

    def read_together(self, places: Sequence[Place], threads: int) -> int:
        """Read tiles of the finest level from several threads; return bytes."""
        with ThreadPoolExecutor(threads) as pool:
            return sum(len(data) for data in pool.map(self.read, self.plan(0, places)))


class LocalTiles(_Tiles):
    """Slides in a folder of this machine."""

    def __init__(self, slide: str) -> None:
        self._cache = tempfile.TemporaryDirectory()
        cache = Path(self._cache.name)
        super().__init__(*local(Path(slide), cache), cache)


class RemoteTiles(_Tiles):
    """A slide in an object store, read by HTTP range."""

    def __init__(self, endpoint: str, key: str) -> None:
        self._cache = tempfile.TemporaryDirectory()
        super().__init__(object_client.store(endpoint), key, Path(self._cache.name))


def _whole(size: tuple[int, int], tile: tuple[int, int]) -> tuple[int, int]:
    """Count the tiles that are not cut by the edge: those at the edge are made."""
    return max(1, size[0] // tile[0]), max(1, size[1] // tile[1])


def _spread(grid: tuple[int, int], places: Sequence[Place]) -> list[str]:
    return [f"{int(x * grid[0])}_{int(y * grid[1])}" for x, y in places]
