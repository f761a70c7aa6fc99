"""One screen of a viewer, 24 neighbouring tiles, out of an object store; a worker."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from bench import object_client
from bench.ours import imported
from labsight import keys
from labsight.objects.store import PARALLEL
from labsight.slides.coalesce import Coalesced
from labsight.slides.indexed_files import IndexedFiles
from labsight.slides.pixels.runs import read_tiles
from labsight.tiles import Request, TileService
from labsight.tiles.options import Options

COLUMNS, ROWS = 6, 4
_CONNECTIONS = 6  # what browsers open to one server over HTTP/1.1


class Screens:
    """Several ways to the same tiles; connections are kept between screens, tiles are not."""

    def __init__(self, endpoint: str, key: str) -> None:
        self._store = object_client.store(endpoint)
        with tempfile.TemporaryDirectory() as cache:
            self._index = imported(self._store, key, Path(cache))
        self._slide = keys.slide_id(key)
        self._single = ThreadPoolExecutor(_CONNECTIONS)
        self._viewer = ThreadPoolExecutor(COLUMNS * ROWS)
        self.renew()

    def grid(self) -> tuple[int, int]:
        """Return how many places there are for the first column and row of a screen."""
        finest = self._index.levels[0]
        return finest.columns - COLUMNS, finest.rows - ROWS

    def by_rows(self, column: int, row: int) -> int:
        """Read neighbours with one request, as the reader of regions does; return bytes."""
        chunks = self._index.levels[0].planes[0]
        files = IndexedFiles(self._store, self._index)
        numbers = self._numbers(column, row)
        found = read_tiles(chunks, numbers, lambda *part: files.read(chunks.file, *part), PARALLEL)
        return sum(len(data) for _, data in found)

    def one_by_one(self, column: int, row: int) -> int:
        """Read each tile with a request of its own, over six connections; return bytes."""
        chunks = self._index.levels[0].planes[0]
        files = IndexedFiles(self._store, self._index)

        def read(number: int) -> int:
            return len(files.read(chunks.file, chunks.offsets[number], chunks.lengths[number]))

        return sum(self._single.map(read, self._numbers(column, row)))

    def renew(self) -> None:
        """Begin with a tile service that has the index at hand and no tile."""
        options = Options(read_chunk=Coalesced(self._store).chunk)
        self._service = TileService(self._store, _no_maker, options)
        self._service.answer(Request("GET", f"/slides/{self._slide}/slide.json"))

    def by_service(self, column: int, row: int) -> int:
        """Ask the tile service for all at once, as a browser does over HTTP/2; return bytes."""
        path = f"/slides/{self._slide}/tiles/0/"

        def read(place: str) -> int:
            answer = self._service.answer(Request("GET", f"{path}{place}.jpg"))
            if answer.status != 200:
                raise RuntimeError(f"{place}: {answer.body!r}")
            return len(answer.body)

        places = [f"{column + x}_{row + y}" for y in range(ROWS) for x in range(COLUMNS)]
        return sum(self._viewer.map(read, places))

    def _numbers(self, column: int, row: int) -> list[int]:
        across = self._index.levels[0].columns
        return [(row + y) * across + column + x for y in range(ROWS) for x in range(COLUMNS)]


def _no_maker() -> NoReturn:
    raise RuntimeError("a stored tile was to be made")
