"""Changes to the journal from beside a running sync: only of what is still as it was read."""

import os
import sqlite3
from collections.abc import Iterable

from labsight_lab.sync.journal.entries import Entry
from labsight_lab.sync.journal.journal import Journal

# `changed` stays: it tells since when the content is as it is, and that is not what happens here.
_EXCHANGE = (
    "UPDATE file SET size = ?, mtime_ns = ?, state = ?, reason = ?, revision = ?, crc64 = ?,"
    " verified = ?, removed = ?"
    " WHERE path = ? AND size = ? AND mtime_ns = ? AND state = ? AND revision = ? AND crc64 IS ?"
    " AND removed IS ? AND upload_id IS NULL"
)


def exchange(journal: Journal, pairs: Iterable[tuple[Entry, Entry]]) -> list[Entry]:
    """Put new entries in the place of others, in one change; return those that were put.

    An entry that is not as it was read any more is left alone: whoever changed it knows better.
    Key, unit and members stay as they are.
    """
    rows = [(after, _row(before, after)) for before, after in pairs]
    put: list[Entry] = []

    def change(db: sqlite3.Connection) -> None:
        put.clear()
        put.extend(after for after, row in rows if db.execute(_EXCHANGE, row).rowcount)

    if rows:
        journal.change(change)
    return put


def _row(before: Entry, after: Entry) -> tuple[object, ...]:
    now, then = after.fingerprint, before.fingerprint
    return (
        *(now.size, now.mtime_ns, after.state, after.reason, after.revision, _written(after.crc64)),
        *(after.verified, after.removed),
        *(os.fsencode(before.path), then.size, then.mtime_ns, before.state, before.revision),
        *(_written(before.crc64), before.removed),
    )


def _written(crc64: int | None) -> str | None:
    return None if crc64 is None else f"{crc64:016x}"
