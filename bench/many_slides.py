"""Random tiles of many slides, for as long as it takes to see whether memory grows; a worker."""

import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import object_client, slides
from bench.folders import CACHE
from bench.memory_use import resident_megabytes
from bench.ours import imported
from labsight import keys
from labsight.keys import SlideKey
from labsight.objects.folder import FolderStore
from labsight.objects.slide_folder import SlideFolder
from labsight.objects.split import SplitStore
from labsight.slides import sidecar
from labsight.slides.index import SlideIndex, SourceFile
from labsight.slides.staging.scratch import Scratch
from labsight.tiles import Request, TileService
from labsight.tiles.made import TileMaker

SLIDES = 50
_MADE_SHARE = 0.03  # of the tiles: edges and lacking levels, which have to be decoded


class ManySlides:
    """One large file under fifty names, each with an index of its own."""

    def __init__(self) -> None:
        self._chance = random.Random(50)
        self._folder = tempfile.TemporaryDirectory(dir=CACHE)
        root = Path(self._folder.name)
        derived, names = root / "derived", root / "slides"
        derived.mkdir()
        names.mkdir()
        paths = [names / f"slide-{number:02}.svs" for number in range(SLIDES)]
        for path in paths:
            os.link(slides.aperio(), path)
        folder = SlideFolder(names, object_client.SOURCE)
        store = SplitStore({keys.SLIDES: folder, keys.DERIVED: FolderStore(derived)})
        keyed = [str(SlideKey(object_client.SOURCE, path.name)) for path in paths]
        self._index = imported(store, keyed[0], derived)
        for key in keyed[1:]:
            store.write(keys.index_key(keys.slide_id(key)), sidecar.to_bytes(self._named(key)))
        scratch = Scratch(store, derived, 0)
        self._service = TileService(store, lambda: TileMaker(store, scratch))
        self._slides = [keys.slide_id(key) for key in keyed]

    def _named(self, key: str) -> SlideIndex:
        """Return the index of the same file under another name."""
        index = self._index
        return replace(index, key=key, files=(SourceFile(key, index.etag, index.size),))

    def made(self, count: int) -> float:
        """Ask for tiles that have to be made; return the memory in use, MB."""
        for _ in range(count):
            self._ask(self._made_path())
        return resident_megabytes()

    def run(self, count: int) -> float:
        """Ask for random tiles of random slides; return the memory in use, MB."""
        for _ in range(count):
            chance = self._chance.random()
            self._ask(self._made_path() if chance < _MADE_SHARE else self._stored_path())
        return resident_megabytes()

    def _ask(self, path: str) -> None:
        answer = self._service.answer(Request("GET", path))
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {answer.body[:200]!r}")

    def _stored_path(self) -> str:
        chance, slide = self._chance, self._chance.choice(self._slides)
        number = chance.choices(range(len(self._index.levels)), (90, 9, 1))[0]
        level = self._index.levels[number]
        place = f"{chance.randrange(level.columns)}_{chance.randrange(level.rows)}"
        return f"/slides/{slide}/tiles/{number}/{place}.jpg"

    def _made_path(self) -> str:
        """Choose a Deep Zoom tile at half the full size."""
        chance, slide = self._chance, self._chance.choice(self._slides)
        finest = self._index.levels[0]
        columns, rows = finest.columns // 2, finest.rows // 2
        place = f"{chance.randrange(columns)}_{chance.randrange(rows)}"
        return f"/slides/{slide}_files/15/{place}.jpg"
