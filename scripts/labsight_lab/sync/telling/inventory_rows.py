"""All that a journal knows, row by row, however many there are."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labsight.keys import UNIT
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.reader import Reader
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.sending.source import written
from labsight_lab.sync.telling.journal_facts import ARCHIVED, KIND, LONE, PART, UNIT_ROW
from labsight_lab.text import shown

_COLUMNS = (
    "path, key, size, mtime_ns, state, reason, revision, crc64, unit, sent, verified, removed"
)
_ALL = f"SELECT {_COLUMNS} FROM file ORDER BY path"  # noqa: S608 - nothing from outside
_SLIDES = f"SELECT {_COLUMNS} FROM file WHERE unit = x'' ORDER BY path"  # noqa: S608
_UNITS = (
    "SELECT unit, count(*), sum(size), sum(state IN ('uploaded', 'verified')), min(state), min(key)"
    " FROM file WHERE unit != x'' GROUP BY unit ORDER BY unit"
)
_MONTHS = f"""
SELECT strftime('%Y-%m', sent, 'unixepoch', 'localtime'), {KIND}, count(*), sum(size)
FROM file WHERE state IN ('uploaded', 'verified') GROUP BY 1, 2 ORDER BY 1
"""  # noqa: S608
_NS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One file, or one ``unit.json``. Times are seconds since 1970, names are printable.

    ``kind`` is file, part (of ``unit``) or unit. ``revision`` is the last one in the archive, 0 if
    there is none; ``key`` is its place, or where the first one will lie; ``crc64`` its CRC64NVME as
    S3 writes it. ``size`` and ``modified`` are those of the file that ``state`` is about.
    """

    path: str
    kind: str
    unit: str
    key: str
    revision: int
    size: int
    crc64: str
    state: str
    modified: float
    sent: float | None
    verified: float | None
    removed: float | None
    reason: str

    @property
    def is_archived(self) -> bool:
        """Whether the archive has it as it is."""
        return self.state in ARCHIVED


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideRow:
    """A lone file, or a unit with its ``files`` and the bytes of those; of a unit that was never
    closed ``row`` is what is known instead.
    """

    row: Row
    files: int
    size: int
    missing: int = 0
