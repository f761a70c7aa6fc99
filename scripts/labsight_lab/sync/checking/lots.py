"""What may be asked to go: files and whole units that were stored long enough ago."""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from labsight_lab.sync.journal.entries import STORED, Entry, members_digest
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.quiet import NANO
from labsight_lab.sync.look.scan import Seen, scan

YOUNG = "sent or changed too recently"
CHANGED = "changed since, so not archived as now"
PARTLY = "of a unit that is not archived as a whole as it is now"
_PAGE = 1000
_MAY_GROW = frozenset({".dcm", ".dicom", ".tif", ".tiff"})  # series and sets
_STATES = ", ".join(f"'{state.value}'" for state in sorted(STORED))


class Lot(NamedTuple):
    """A file, or the files of a unit, that go together or not at all.

    ``files`` lie here, in the order in which they are to go; ``proofs`` are the paths of all that
    has to be in the archive for it, the unit itself at the end. ``place`` is the path of the file
    or of the unit.
    """

    place: str
    files: tuple[Seen, ...]
    proofs: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes here."""
        return sum(seen.size for seen in self.files)


@dataclass
class Lots:
    """What may go, and how many of the stored files here may not, by reason."""

    found: list[Lot] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)


def find(journal: Journal, folder: Path, before: float) -> Lots:
    """Look for what was stored before a moment, and not changed since it (seconds since 1970)."""
    return _Finder(journal, scan(folder).files, before).all()


class _Stored(NamedTuple):
    path: str
    unit: str
    size: int
    mtime_ns: int
    since: float  # when it was sent; where that answer was lost, when the journal last told of it


class _Finder:
    """Holds the journal against a listing of the folder, which follows no link."""

    def __init__(self, journal: Journal, files: list[Seen], before: float) -> None:
        self._journal, self._before = journal, before
        self._here = {seen.path: seen for seen in files}
        self._as_stored: set[str] = set()
        self._news: list[str] = []
        self._old: set[str] = set()
        self._lots = Lots()

    def all(self) -> Lots:
        """Return all lots, in the order of their places."""
        units: set[str] = set()
        for one in _stored(self._journal):
            if one.since <= self._before:
                self._old.add(one.path)
            seen = self._here.get(one.path)
            if seen is None:
                continue
            if (seen.size, seen.mtime_ns) == (one.size, one.mtime_ns):
                self._as_stored.add(one.path)
            if one.unit:
                units.add(one.unit)
            else:
                self._file(seen)
        self._news = sorted(self._here.keys() - self._as_stored)
        for unit in units:
            self._unit(unit)
        self._lots.found.sort()
        return self._lots

    def _file(self, seen: Seen) -> None:
        if reason := self._keeps(seen):
            self._lots.kept[reason] += 1
        else:
            self._lots.found.append(Lot(seen.path, (seen,), (seen.path,)))

    def _unit(self, place: str) -> None:
        parts = self._journal.members(place)
        here = [self._here[part.path] for part in parts if part.path in self._here]
        reasons = {reason for seen in here if (reason := self._keeps(seen))}
        if place not in self._old:
            reasons.add(YOUNG)
        if not self._is_closed(place, parts) or self._has_news(place, here):
            reasons.add(PARTLY)
        if reasons:
            worst = next(one for one in (CHANGED, PARTLY, YOUNG) if one in reasons)
            self._lots.kept[worst] += len(here)
            return
        # The file to open lies beside the others' folder: without it nothing looks like a slide.
        here.sort(key=lambda seen: (seen.path.startswith(place), seen.path))
        proofs = (*(part.path for part in parts), place)
        self._lots.found.append(Lot(place, tuple(here), proofs))

    def _keeps(self, seen: Seen) -> str:
        """Return why a file has to stay."""
        if seen.path not in self._as_stored:
            return CHANGED
        is_old = seen.path in self._old and seen.mtime_ns / NANO <= self._before
        return "" if is_old else YOUNG

    def _is_closed(self, place: str, parts: list[Entry]) -> bool:
        """Whether the ``unit.json`` names the parts as they are archived now."""
        unit = self._journal.entry(place)
        return (
            unit is not None
            and unit.state in STORED
            and all(part.state in STORED for part in parts)
            and unit.members == members_digest({part.path: part.revision for part in parts})
        )

    def _has_news(self, place: str, here: list[Seen]) -> bool:
        """Whether something that is not archived may belong to a unit.

        It lies in the unit's folder, or it is a file beside the others that may be one more.
        """
        kinds = {kind for seen in here if (kind := _kind(seen.path))[1] in _MAY_GROW}
        beside = {folder for folder, _ in kinds}
        return any(
            path.startswith(place) or _kind(path) in kinds
            for folder in {place} | beside
            for path in self._news_below(folder)
        )

    def _news_below(self, folder: str) -> Iterator[str]:
        for path in islice(self._news, bisect_left(self._news, folder), None):
            if not path.startswith(folder):
                return
            yield path


def _kind(path: str) -> tuple[str, str]:
    """Return the folder of a file, with ``/`` at its end or empty, and its suffix."""
    folder, slash, name = path.rpartition("/")
    return folder + slash, PurePosixPath(name).suffix.lower()


def _stored(journal: Journal) -> Iterator[_Stored]:
    """Yield what is stored page by page: there may be a million."""
    after = b""
    while rows := journal.ask(
        "SELECT path, unit, size, mtime_ns, coalesce(sent, changed) FROM file "  # noqa: S608 - constants
        f"WHERE state IN ({_STATES})"
        f" AND path > ? ORDER BY path LIMIT {_PAGE}",
        after,
    ):
        for path, unit, *rest in rows:
            yield _Stored(os.fsdecode(path), os.fsdecode(unit), *rest)
        after = rows[-1][0]
