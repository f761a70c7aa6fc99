"""Imports the slides that queued object events tell of."""

import logging
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from labsight import keys
from labsight.catalog import Catalog, connect
from labsight.objects.s3 import S3Store
from labsight.settings import Environment
from labsight.slides.importing import Importer
from labsight.slides.notices import created_keys
from labsight.slides.scratch import Scratch

_log = logging.getLogger(__name__)


@cache
def _catalog() -> Catalog:
    database = Environment().database
    return Catalog(connect(database.url, database.auth))


@cache
def _importer() -> Importer:
    environment = Environment()
    environment.configure_logging()
    store = S3Store(environment.archive_bucket)
    scratch = Scratch(store, Path(tempfile.gettempdir(), "slides"), environment.scratch_bytes)
    return Importer(store, _catalog(), scratch)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Import each message's slides; name the messages to be delivered again."""
    importer = _importer()
    again = []
    for record in event["Records"]:
        try:
            for key in created_keys(record["body"]):
                if key.startswith(keys.SLIDES):
                    outcome = importer.run(key)
                    _log.info("%s: %s %s", key, outcome.state, outcome.reason or "")
        except Exception:  # noqa: BLE001 - the others go on, and the queue keeps this one
            _log.exception("message %s goes back to the queue", record["messageId"])
            again.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": again}
