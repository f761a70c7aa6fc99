"""Answers requests for tiles, descriptors and small pictures."""

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsight.objects.s3 import S3Store
from labsight.settings import Environment
from labsight.tiles import TileService, payload

if TYPE_CHECKING:
    from labsight.tiles.made import TileMaker


@cache
def _service() -> TileService:
    environment = Environment()
    environment.configure_logging()
    store = S3Store(environment.archive_bucket)

    @cache
    def maker() -> "TileMaker":
        from labsight.slides.scratch import Scratch  # noqa: PLC0415 - stored tiles start without
        from labsight.tiles.made import TileMaker  # noqa: PLC0415 - an imaging library

        folder = Path(tempfile.gettempdir(), "slides")
        return TileMaker(store, Scratch(store, folder, environment.scratch_bytes))

    return TileService(store, maker, show_labels=environment.show_labels)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request (API Gateway payload 2.0)."""
    return payload.from_response(_service().answer(payload.to_request(event)))
