"""An archive in memory, with what imports and serves it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from labsight.catalog import Catalog
from labsight.keys import SlideKey
from labsight.objects.memory import MemoryStore
from labsight.slides.importing import Importer, Outcome
from labsight.slides.rebuilding import rebuilt
from labsight.slides.staging.scratch import Scratch
from labsight.tiles import Request, Response, TileService
from labsight.tiles.made import TileMaker
from labsight.tiles.options import Options


@dataclass
class Archive:
    """A store, its importer and its tile service."""

    catalog: Catalog
    scratch_folder: Path
    show_labels: bool = True
    scratch_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        scratch = Scratch(self.store, self.scratch_folder, self.scratch_bytes)
        self.importer = Importer(self.store, self.catalog, scratch)
        self.tiles = TileService(
            self.store,
            lambda: TileMaker(self.store, scratch),
            Options(show_labels=self.show_labels, rebuild=partial(rebuilt, self.store)),
        )

    def put(self, name: str, data: bytes | Path) -> str:
        """Store a file as a scanner's and return its key."""
        key = str(SlideKey("lab", name))
        self.store.write(key, data if isinstance(data, bytes) else data.read_bytes())
        return key

    def imported(self, name: str, data: bytes | Path) -> Outcome:
        """Store a file and import it."""
        return self.importer.run(self.put(name, data))

    def get(self, path: str, **headers: str) -> Response:
        """Ask the tile service."""
        path, _, query = path.partition("?")
        pairs = dict(item.split("=", 1) for item in query.split("&") if item)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.tiles.answer(Request("GET", path, pairs, named))
