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
from labsight_lab.sync.telling.journal_facts import ARCHIVED, LONE, PART, UNIT_ROW
from labsight_lab.text import shown

_COLUMNS = (
    "path, key, size, mtime_ns, state, reason, revision, crc64, unit, sent, verified, removed"
)
_ALL = f"SELECT {_COLUMNS} FROM file ORDER BY path"  # noqa: S608 - nothing comes from outside
_SLIDES = f"SELECT {_COLUMNS} FROM file WHERE unit = x'' ORDER BY path"  # noqa: S608
_UNITS = (
    "SELECT unit, count(*), sum(size), sum(state NOT IN ('uploaded', 'verified')) FROM file"
    " WHERE unit != x'' GROUP BY unit ORDER BY unit"
)
_NANO = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One file, or one ``unit.json``. Times are seconds since 1970, names are printable.

    ``kind`` is file, part (of ``unit``) or unit. ``revision`` is the last one in the archive, 0 if
    there is none; ``key`` is its place, or where the first one will lie; ``crc64`` its CRC64NVME as
    S3 writes it. ``size`` and ``modified`` are of the content that ``state`` is about.
    """

    path: str
    kind: str
    state: str
    key: str
    unit: str = ""
    revision: int = 0
    size: int = 0
    crc64: str = ""
    modified: float | None = None
    sent: float | None = None
    verified: float | None = None
    removed: float | None = None
    reason: str = ""

    @property
    def is_archived(self) -> bool:
        """Whether the archive has it as it is."""
        return self.state in ARCHIVED


@dataclass(frozen=True, slots=True)
class SlideRow:
    """A lone file, or a unit with the number and bytes of its files; ``lacking`` are not sent."""

    row: Row
    files: int
    size: int
    lacking: int = 0


class Inventory:
    """The rows of a journal, at one moment. ``source`` is the name in its keys."""

    def __init__(self, reader: Reader, source: str) -> None:
        self._reader, self._source = reader, source

    def files(self) -> Iterator[Row]:
        """Yield all files and all ``unit.json``, in the order of their paths."""
        return map(self._row, self._reader.rows(_ALL))

    def slides(self) -> Iterator[SlideRow]:
        """Yield lone files and units, in the order of their paths."""
        rows, units = self._reader.rows(_SLIDES), self._reader.rows(_UNITS)
        row, unit = next(rows, None), next(units, None)
        while row is not None or unit is not None:
            if row is None or (unit is not None and unit[0] < row[0]):
                assert unit is not None  # noqa: S101 - the condition above
                yield self._open_unit(unit)
                unit = next(units, None)
                continue
            told = self._row(row)
            if unit is not None and unit[0] == row[0]:
                yield SlideRow(told, *unit[1:])
                unit = next(units, None)
            else:
                yield SlideRow(told, 1, told.size, 0 if told.is_archived else 1)
            row = next(rows, None)

    def _open_unit(self, unit: tuple[Any, ...]) -> SlideRow:
        """Return a unit whose ``unit.json`` nobody has begun to send: some of its files lack."""
        path = os.fsdecode(unit[0])
        row = Row(
            path=f"{shown(path)}{UNIT}",
            kind=UNIT_ROW,
            state=State.SEEN,
            key=object_key(self._source, path),
        )
        return SlideRow(row, *unit[1:])

    def _row(self, row: tuple[Any, ...]) -> Row:
        encoded, key, size, mtime_ns, state, reason, revision, crc64, unit, *times = row
        path = os.fsdecode(encoded)
        is_unit = path.endswith("/")
        return Row(
            path=f"{shown(path)}{UNIT}" if is_unit else shown(path),
            kind=UNIT_ROW if is_unit else PART if unit else LONE,
            state=state,
            key=object_key(self._source, path, revision) if revision > 1 else key,
            unit=shown(os.fsdecode(unit)),
            revision=revision,
            size=size,
            crc64="" if crc64 is None else written(int(crc64, 16)),
            modified=mtime_ns / _NANO,
            sent=times[0],
            verified=times[1],
            removed=times[2],
            reason=shown(reason),
        )
