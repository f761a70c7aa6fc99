"""Imports the slides that queued object events tell of."""

import logging
from contextlib import closing
from typing import Any

from labsight import keys
from labsight.catalog import Catalog, connect
from labsight.objects.s3 import S3Store
from labsight.settings import Environment
from labsight.slides.importing import Importer
from labsight.slides.notices import created_keys
from labsight.slides.scratch import Scratch

_log = logging.getLogger(__name__)

# Read while the function starts, so that a missing setting is told before the first event.
_environment = Environment()
_environment.configure_logging()
_store = S3Store(_environment.archive_bucket)
_scratch_folder, _scratch_bytes = _environment.scratch_folder, _environment.scratch_bytes
_catalog = Catalog(connect(_environment.database.url, _environment.database.auth))


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Import each message's slides; name the messages to be delivered again.

    Staged copies go with the call: between calls the process is frozen and holds no lock on a
    shared file system, so that another importer would take their folder for a dead one's.
    """
    again = []
    with closing(Scratch(_store, _scratch_folder, max_bytes=_scratch_bytes)) as scratch:
        importer = Importer(_store, _catalog, scratch)
        for record in event["Records"]:
            try:
                _import(importer, record["body"])
            except Exception:  # noqa: BLE001 - the others go on, and the queue keeps this one
                _log.exception("message %s goes back to the queue", record["messageId"])
                again.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": again}


def _import(importer: Importer, body: str) -> None:
    for key in created_keys(body):
        if key.startswith(keys.SLIDES):
            outcome = importer.run(key)
            _log.info("%s: %s %s", key, outcome.state, outcome.reason or "")
