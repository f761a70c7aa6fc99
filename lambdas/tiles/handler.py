"""Answers requests for tiles, descriptors and small pictures, by range out of the archive."""

from functools import cache
from typing import TYPE_CHECKING, Any

from labsight.errors import StorageUnavailable
from labsight.keys import slide_id
from labsight.objects.s3_http import HttpS3Store
from labsight.objects.s3_presign import Presigner
from labsight.settings import Environment
from labsight.slides.import_queue import ImportQueue
from labsight.slides.sidecar import key_of
from labsight.tiles import TileService, payload
from labsight.tiles.forward import Forward
from labsight.tiles.options import Options

if TYPE_CHECKING:
    from labsight.slides.index import SlideIndex
    from labsight.tiles.made import TileMaker

# What S3 leaves unanswered takes 20 s to find out; the edge waits for 30. After these seconds no
# further attempt is made, so that the caller is told to come again before the function is stopped.
PATIENCE_SECONDS = 6

# Read while the function starts, so that a missing setting is told before the first request.
_environment = Environment()
_environment.configure_logging()
_store = HttpS3Store(_environment.archive_bucket, patience=PATIENCE_SECONDS)
_scratch_folder, _scratch_bytes = _environment.scratch_folder, _environment.scratch_bytes
_other, _queue = _environment.file_function, _environment.uploads_queue
_imports = ImportQueue(_queue) if _queue else None


@cache
def _maker() -> "TileMaker":
    from labsight.slides.staging.scratch import Scratch  # noqa: PLC0415 - stored tiles are served
    from labsight.tiles.made import TileMaker  # noqa: PLC0415 - without an imaging library

    return TileMaker(_store, Scratch(_store, _scratch_folder, max_bytes=_scratch_bytes))


def _rebuild(slide: str, data: bytes) -> "SlideIndex | None":
    """Make an index anew; where that takes more than a look into the file, ask the importer."""
    from labsight.slides.rebuilding import rebuilt  # noqa: PLC0415 - needed after a new release only

    index = rebuilt(_store, slide, data)
    key = key_of(data)
    if index is None and key is not None and slide_id(key) == slide and _imports is not None:
        _imports.ask(key)
        raise StorageUnavailable("this slide is being imported again; try again in a moment")
    return index


_service = TileService(
    _store,
    _maker,
    Options(
        show_labels=_environment.show_labels,
        kept=_store if _environment.keep_tiles else None,
        presign=Presigner(_environment.archive_bucket) if _environment.direct else None,
        elsewhere=Forward(_other) if _other else None,
        rebuild=_rebuild,
    ),
)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request (API Gateway payload 2.0)."""
    return payload.from_response(_service.answer(payload.to_request(event)))
