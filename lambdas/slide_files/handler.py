"""Answers for slides that only OpenSlide can read, from copies that all its processes share."""

from typing import Any

from labsight.objects.s3_http import HttpS3Store
from labsight.settings import Environment
from labsight.slides.staging.shared import SharedScratch
from labsight.tiles import TileService, payload
from labsight.tiles.made import TileMaker
from labsight.tiles.options import Options

WAIT_SECONDS = 2.0

# Read while the function starts, so that a missing setting is told before the first request.
_environment = Environment()
_environment.configure_logging()
_store = HttpS3Store(_environment.archive_bucket)
# A viewer asks for two dozen tiles at once: who does not fetch the copy soon says so, instead of
# keeping a function waiting, of which there are few.
_copies = SharedScratch(
    _store,
    _environment.scratch_folder,
    max_bytes=_environment.scratch_bytes,
    wait_seconds=WAIT_SECONDS,
)
_maker = TileMaker(_store, _copies)
_service = TileService(
    _store,
    lambda: _maker,
    Options(show_labels=_environment.show_labels, kept=_store if _environment.keep_tiles else None),
)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request (API Gateway payload 2.0), as the function that hands it on got it."""
    return payload.from_response(_service.answer(payload.to_request(event)))
