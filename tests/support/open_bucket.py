"""A server whose bucket a browser may read by itself, as in AWS with presigned addresses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from labsight.api.app import create_app
from labsight.api.web import OneOrigin, web_folder
from labsight.catalog import Catalog, connect, upgrade
from labsight.slides.staging.scratch import Scratch
from labsight.tiles import TileService
from labsight.tiles.made import TileMaker
from labsight.tiles.options import Options
from tests.support import browser as real
from tests.support import range_server
from tests.support.archive import Archive

# What the bucket's CORS rules let a page of another origin see.
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag"}


@dataclass
class OpenBucket:
    """The viewer's address, its archive, and the bucket as a browser sees it."""

    address: str
    archive: Archive
    files: range_server.Files
    signed: list[str] = field(default_factory=list)

    def imported(self, name: str, data: bytes) -> str:
        """Import a file, open its bytes to the browser, and return the slide's id."""
        key = self.archive.put(name, data)
        self.archive.importer.run(key)
        index = next(row for row in self.archive.catalog.slides().slides if row.key == key)
        for one in self.archive.store.walk():
            self.files.contents[f"/{one.key}"] = self.archive.store.read(one.key)
            self.files.etags[f"/{one.key}"] = f'"{one.etag}"'
        return str(index.id)

    def presign(self, key: str, seconds: int) -> str:
        """Return an address of an object, as S3 writes them."""
        self.signed.append(key)
        return f"{self.files.url}/{quote(key)}?X-Amz-Expires={seconds}&X-Amz-Signature=5"


@contextmanager
def serving(folder: Path) -> Iterator[OpenBucket]:
    """Serve the web app, the API and tiles, and beside them, on a port of its own, a bucket."""
    engine = connect(f"sqlite:///{folder / 'catalog.sqlite'}")
    upgrade(engine)
    archive = Archive(Catalog(engine), folder / "scratch")
    with range_server.serving() as files:
        files.every = CORS
        bucket = OpenBucket("", archive, files)
        scratch = Scratch(archive.store, folder / "made", 1 << 30)
        tiles = TileService(
            archive.store,
            lambda: TileMaker(archive.store, scratch),
            Options(presign=bucket.presign),
        )
        with real.answering(
            OneOrigin(create_app(lambda: archive.catalog), tiles, web_folder())
        ) as address:
            bucket.address = address
            yield bucket
    engine.dispose()
