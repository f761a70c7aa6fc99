"""All files as one JSON document, with a line for each file."""

import json
from collections.abc import Iterable
from typing import Any, TextIO

from labsight import __version__
from labsight_lab.sync.telling.document import amount_document, moment, problems_document
from labsight_lab.sync.telling.inventory_head import Head
from labsight_lab.sync.telling.inventory_rows import Row
from labsight_lab.text import shown


def write(out: TextIO, head: Head, rows: Iterable[Row]) -> None:
    """Write totals and files; the fields are listed in docs/sync-reports.md."""
    told = json.dumps(_head(head), indent=1, ensure_ascii=False)
    out.write(f'{told.removesuffix("}").rstrip()},\n "files": [')
    before = "\n"
    for row in rows:
        out.write(f"{before}  {json.dumps(_row(row), ensure_ascii=False)}")
        before = ",\n"
    out.write("\n ]\n}\n")


def _head(head: Head) -> dict[str, Any]:
    target, known = head.target, head.totals
    return {
        "labsight": __version__,
        "made": moment(head.made),
        "folder": shown(str(target.folder)),
        "bucket": target.bucket,
        "source": target.source,
        "endpoint": target.endpoint,
        "journal": shown(str(target.journal_file)),
        "archived": amount_document(known.archived),
        "by_state": {state: amount_document(its) for state, its in known.by_state.items()},
        "by_month": [{"month": month} | amount_document(its) for month, its in head.months],
        "verified": known.verified,
        "never_verified": known.unverified,
        "problems": problems_document(head.problems),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "path": row.path,
        "kind": row.kind,
        "unit": row.unit or None,
        "state": row.state,
        "key": row.key,
        "revision": row.revision,
        "bytes": row.size,
        "crc64nvme": row.crc64 or None,
        "modified": moment(row.modified),
        "sent": moment(row.sent),
        "verified": moment(row.verified),
        "removed": moment(row.removed),
        "reason": row.reason or None,
    }
