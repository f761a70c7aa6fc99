"""All that a journal knows, row by row, however many there are."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labsight.keys import UNIT
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.reader import Reader
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.source import written
from labsight_lab.sync.telling import spelling
from labsight_lab.sync.telling.journal_facts import (
    ARCHIVED,
    IS_LOST,
    LONE,
    LOST,
    PART,
    STATE,
    UNIT_ROW,
)
from labsight_lab.text import shown

_COLUMNS = (
    f"path, key, size, mtime_ns, {STATE}, reason, revision, crc64, unit, sent, verified, removed"
)
_ALL = f"SELECT {_COLUMNS} FROM file ORDER BY path"  # noqa: S608 - nothing comes from outside
_SLIDES = (
    f"SELECT {_COLUMNS}, spelled(path) FROM file WHERE unit = x''"  # noqa: S608
    " ORDER BY spelled(path), path"
)
_UNITS = (
    "SELECT spelled(unit), unit, count(*), sum(size),"  # noqa: S608 - nothing comes from outside
    f" sum({STATE} NOT IN ('uploaded', 'verified')), sum({IS_LOST}) FROM file"
    " WHERE unit != x'' GROUP BY unit ORDER BY spelled(unit), unit"
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
    """A lone file, or a unit with the number and bytes of its files.

    ``lacking`` of them are not archived as now, ``lost`` of those not any more.
    """

    row: Row
    files: int
    size: int
    lacking: int = 0
    lost: int = 0

    @property
    def state(self) -> str:
        """How far it has come; a unit of which something is lost is lost."""
        return LOST if self.lost else self.row.state


class Inventory:
    """The rows of a journal, at one moment. ``source`` is the name in its keys."""

    def __init__(self, reader: Reader, source: str) -> None:
        self._reader, self._source = reader, source

    def files(self) -> Iterator[Row]:
        """Yield all files and all ``unit.json``, in the order of their paths."""
        return map(self._row, self._reader.rows(_ALL))

    def slides(self) -> Iterator[SlideRow]:
        """Yield lone files and units, in the order in which people look for names."""
        self._reader.teach("spelled", spelling.order)
        rows, units = self._reader.rows(_SLIDES), self._reader.rows(_UNITS)
        row, unit = next(rows, None), next(units, None)
        while row is not None or unit is not None:
            if row is None or (unit is not None and unit[:2] < (row[-1], row[0])):
                assert unit is not None  # noqa: S101 - the condition above
                yield self._open_unit(unit[1:])
                unit = next(units, None)
                continue
            told = self._row(row[:-1])
            if unit is not None and unit[1] == row[0]:
                yield SlideRow(told, *unit[2:])
                unit = next(units, None)
            else:
                lacking, lost = not told.is_archived, told.state == LOST
                yield SlideRow(told, 1, told.size, int(lacking), int(lost))
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
