"""Serves a folder of slides on one machine: no cloud, no database server."""

import hashlib
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import uvicorn
from sqlalchemy import URL

from labsight import keys
from labsight.api.app import create_app
from labsight.api.hosts import LOOPBACK, OwnNames
from labsight.api.web import OneOrigin, web_folder
from labsight.catalog import Catalog, connect, upgrade
from labsight.catalog.models import ImportState
from labsight.errors import DamagedSlide, LabsightError, SettingsError
from labsight.objects.folder import FolderStore
from labsight.objects.split import SplitStore
from labsight.slides import sidecar
from labsight.slides.formats.kinds import kind_of
from labsight.slides.importing import Importer
from labsight.slides.index import SlideIndex
from labsight.slides.staging.scratch import Scratch
from labsight.slides.unit_folder import UnitFolder
from labsight.tiles import TileService
from labsight.tiles.made import TileMaker
from labsight.tiles.options import Options

SOURCE = "folder"
RESCAN_SECONDS = 10.0

_log = logging.getLogger(__name__)


def serve_folder(
    folder: Path,
    *,
    host: str,
    port: int,
    cache: Path | None,
    show_labels: bool,
    allowed_origin: str | None = None,
) -> None:
    """Serve the slides of ``folder`` until interrupted.

    ``cache`` keeps indexes, small pictures and the catalog between runs; without one a folder of
    the user's cache is taken. The slides themselves are only read. Pages of ``allowed_origin``
    (``*``: of any site) may read IIIF images; by default only labsight's own.
    """
    kept = cache or default_cache(folder)
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{kept} cannot be made ({error.strerror}): give another folder for indexes by --cache"
        ) from None
    served = Served(
        folder, kept, show_labels=show_labels, hosts=_names(host), allowed_origin=allowed_origin
    )
    stop = threading.Event()
    watcher = threading.Thread(target=served.watch, args=(stop, _say), daemon=True)
    config = uvicorn.Config(served.app, host=host, port=port, log_level="warning", access_log=False)
    watcher.start()
    _say(f"Serving {folder} on http://{host}:{port}/ (Ctrl-C ends it)")
    try:
        uvicorn.Server(config).run()
    finally:
        stop.set()
        watcher.join(timeout=30)
        served.close()


def default_cache(folder: Path) -> Path:
    """Return the folder below the user's cache that belongs to a folder of slides."""
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir())
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "labsight" / "serve" / name


def _names(host: str) -> tuple[str, ...]:
    """Return the names to answer to: all of them where the user opened the server to a network."""
    return LOOPBACK if host in LOOPBACK else ()


class Served:
    """A folder's catalog, importer and web application."""

    def __init__(
        self,
        folder: Path,
        cache: Path,
        *,
        show_labels: bool,
        hosts: Collection[str] = LOOPBACK,
        allowed_origin: str | None = None,
    ) -> None:
        cache.mkdir(parents=True, exist_ok=True)
        self._slides = UnitFolder(folder, SOURCE)
        self._store = SplitStore({keys.SLIDES: self._slides, keys.DERIVED: FolderStore(cache)})
        database = URL.create("sqlite", database=str(cache / "catalog.sqlite"))
        self._engine = connect(database.render_as_string())
        upgrade(self._engine)
        self._catalog = Catalog(self._engine)
        # Every file is in place: nothing is copied.
        scratch = Scratch(self._store, cache / "scratch", 0)
        self._importer = Importer(self._store, self._catalog, scratch)
        self._rebuilding = threading.Lock()
        options = Options(
            show_labels=show_labels, allowed_origin=allowed_origin, rebuild=self._rebuild
        )
        tiles = TileService(self._store, lambda: TileMaker(self._store, scratch), options)
        api = create_app(lambda: self._catalog)
        self.app = OwnNames(OneOrigin(api, tiles, web_folder()), hosts)

    def scan(self, say: Callable[[str], None], stop: threading.Event | None = None) -> None:
        """Import what is new or changed, and note what is gone, until told to stop."""
        walked = (info.key for info in self._slides.walk())
        found = {key for key in walked if keys.is_unit(key) or kind_of(key)}
        for key in sorted(found | self._known()):
            if stop is not None and stop.is_set():
                return
            try:
                outcome = self._importer.run(key, who="labsight serve")
            except LabsightError as error:
                say(f"  not yet: {error.message}")
                continue
            if outcome.changed:
                name = keys.place_of(key)[1]
                say(f"  {name}: {outcome.state}{f' - {outcome.reason}' if outcome.reason else ''}")

    def watch(self, stop: threading.Event, say: Callable[[str], None]) -> None:
        """Scan again and again until told to stop; a scan that fails is tried again."""
        while not stop.is_set():
            try:
                self.scan(say, stop)
            except Exception:  # noqa: BLE001 - whatever it was, the next scan may do better
                _log.exception("the folder could not be scanned; trying again")
            stop.wait(RESCAN_SECONDS)

    def _rebuild(self, slide: str, _data: bytes) -> SlideIndex | None:
        """Import a slide once more whose index is of an older release or damaged.

        A browser asks for many tiles at a time: the first of them imports, the others wait for it.
        """
        with self._rebuilding:
            with suppress(DamagedSlide):
                return sidecar.from_bytes(self._store.read(keys.index_key(slide)))
            row = self._catalog.slide(slide)
            self._importer.run(row.key, who="labsight serve", again=True)
            return sidecar.from_bytes(self._store.read(keys.index_key(slide)))

    def close(self) -> None:
        """Let go of the catalog."""
        self._engine.dispose()

    def _known(self) -> set[str]:
        """Return the keys that were imported before; those of removed files turn to failed."""
        known: set[str] = set()
        cursor: str | None = None
        while True:
            page = self._catalog.slides(limit=200, cursor=cursor, state=ImportState.IMPORTED)
            known.update(row.key for row in page.slides)
            cursor = page.next_cursor
            if cursor is None:
                return known


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is the command's output
