"""Imports the slides that queued object events tell of."""

import logging
from typing import Any

from labsight import keys
from labsight.catalog import Catalog, connect
from labsight.objects.s3 import S3Store
from labsight.settings import Environment
from labsight.slides.importing import Importer
from labsight.slides.notices import notices
from labsight.slides.staging.shared import SharedScratch

WAIT_SECONDS = 300  # for a copy that somebody else is fetching: nobody waits for an answer here

_log = logging.getLogger(__name__)

# Read while the function starts, so that a missing setting is told before the first event.
_environment = Environment()
_environment.configure_logging()
_store = S3Store(_environment.archive_bucket)
_catalog = Catalog(connect(_environment.database.url, _environment.database.auth))
# What is copied here to be imported is there for those who then look at it.
_copies = SharedScratch(
    _store, _environment.scratch_folder, _environment.scratch_bytes, WAIT_SECONDS
)
_importer = Importer(_store, _catalog, _copies)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Import each message's slides; name the messages to be delivered again."""
    again = []
    for record in event["Records"]:
        try:
            _import(record["body"])
        except Exception:  # noqa: BLE001 - the others go on, and the queue keeps this one
            _log.exception("message %s goes back to the queue", record["messageId"])
            again.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": again}


def _import(body: str) -> None:
    for notice in notices(body):
        if notice.key.startswith(keys.SLIDES):
            outcome = _importer.run(notice.key, again=notice.again)
            state = outcome.state or "passed over,"
            _log.info("%s: %s %s", notice.key, state, outcome.reason or "")
