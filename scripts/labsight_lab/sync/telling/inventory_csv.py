"""All files as a table for Excel and for programs.

UTF-8, commas, CRLF; a file begins with a byte order mark, by which Excel knows the encoding. A text
that a spreadsheet would take for a formula, or that begins with an apostrophe, has an apostrophe
before it: take one away to have the text.
(https://owasp.org/www-community/attacks/CSV_Injection)
"""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.inventory_rows import Row

ENCODING = "utf-8-sig"
COLUMNS = (
    *("path", "kind", "unit", "state", "bucket", "key", "revision", "bytes", "crc64nvme"),
    *("modified_utc", "sent_utc", "verified_utc", "removed_utc", "reason", "source"),
)
# Also as they are written in Chinese, Japanese and Korean.
_FORMULA = tuple("'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def write(out: TextIO, target: Target, rows: Iterable[Row]) -> None:
    """Write a heading, and a line for each file."""
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row in rows:
        told = (row.path, row.kind, row.unit, row.state, target.bucket, row.key)
        amounts = (row.revision, row.size)
        times = map(_time, (row.modified, row.sent, row.verified, row.removed))
        rest = (row.reason, target.source)
        table.writerow([*map(_safe, told), *amounts, _safe(row.crc64), *times, *map(_safe, rest)])


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _time(seconds: float | None) -> str:
    """Write a time as spreadsheets read it."""
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
