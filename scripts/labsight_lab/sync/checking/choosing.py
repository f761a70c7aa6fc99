"""Which of the journal's entries a command is about."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from labsight.errors import InvalidInput
from labsight_lab.sync.journal.entries import SETTLED
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.scan import is_there
from labsight_lab.sync.look.windows import folded

_PAGE = 1000
_STATES = ", ".join(f"'{state.value}'" for state in sorted(SETTLED))


class Choice(NamedTuple):
    """Paths of entries, how many, of how many bytes; ``unknown`` was asked for and never sent."""

    paths: Iterable[str]
    entries: int
    size: int
    unknown: tuple[str, ...] = ()


class _Row(NamedTuple):
    path: str
    unit: str
    size: int


def everything(journal: Journal) -> Choice:
    """Choose all that the journal calls stored or in conflict."""
    ((count, size),) = journal.ask(
        f"SELECT count(*), coalesce(sum(size), 0) FROM file WHERE state IN ({_STATES})"  # noqa: S608 - constants
    )
    return Choice((row.path for row in _rows(journal)), count, size)


def below(journal: Journal, folder: Path, asked: Sequence[Path]) -> Choice:
    """Choose what was sent from these files and folders, and with a part of a unit all of it.

    A relative path is one of the current folder or else of ``folder``. Raises InvalidInput for
    what is neither there nor in the journal.
    """
    meant = {path: _names(folder, path) for path in asked}
    sent = _Sent(journal, {name for names in meant.values() for name in names})
    spelled = {path: sent.spelled(names) for path, names in meant.items()}
    unknown = [_unsent(folder, path, meant[path]) for path in asked if spelled[path] is None]
    chosen = {name for name in spelled.values() if name is not None}
    units = {unit for row in _rows(journal) if _is_in(row.path, chosen) for unit in _units(row)}
    sizes = {
        row.path: row.size
        for row in _rows(journal)
        if _is_in(row.path, chosen) or row.unit in units or row.path in units
    }
    return Choice(sizes, len(sizes), sum(sizes.values()), tuple(unknown))


def _names(folder: Path, asked: Path) -> list[str]:
    """Return what a path may mean, relative to the folder; that itself is an empty name."""
    # Links are resolved, as those to the folder were: below it, none is ever sent.
    places = [place.resolve() for place in (Path.cwd() / asked, folder / asked)]
    inside = [place for place in places if place == folder or folder in place.parents]
    if not inside:
        raise InvalidInput(f"{asked} is not in {folder}, which is what was sent from")
    names = [place.relative_to(folder).as_posix() for place in inside]
    return list(dict.fromkeys("" if name == "." else name for name in names))


def _unsent(folder: Path, asked: Path, names: Sequence[str]) -> str:
    """Return the path of something that was never sent; raise InvalidInput for nothing."""
    for name in names:
        if is_there(folder, name):
            return name or "."
    raise InvalidInput(f"{asked}: no such file or folder in {folder}")


class _Sent:
    """Which of some names the journal knows, and how it spells them.

    Windows and macOS take other capitals and compositions for the same name.
    """

    def __init__(self, journal: Journal, names: set[str]) -> None:
        self._exact: set[str] = set()
        self._alike: dict[str, str] = {}
        alike = {folded(name) for name in names}
        for row in _rows(journal):
            for name in _at_and_above(row.path):
                if name in names:
                    self._exact.add(name)
                if (same := folded(name)) in alike:
                    self._alike[same] = name

    def spelled(self, names: Sequence[str]) -> str | None:
        """Return the first of the names that is known."""
        exact = (name for name in names if name in self._exact)
        alike = (self._alike[same] for name in names if (same := folded(name)) in self._alike)
        return next(exact, next(alike, None))


def _at_and_above(path: str) -> Iterator[str]:
    """Yield a path without a ``/`` at its end, the folders that it lies in, and the empty name."""
    yield (name := path.removesuffix("/"))
    while name:
        yield (name := name.rpartition("/")[0])


def _is_in(path: str, names: set[str]) -> bool:
    """Whether a path is one of the names or lies below one."""
    return not names.isdisjoint(_at_and_above(path))


def _units(row: _Row) -> Iterator[str]:
    if row.unit:
        yield row.unit
    if row.path.endswith("/"):
        yield row.path


def _rows(journal: Journal) -> Iterator[_Row]:
    """Yield entries page by page: there may be a million."""
    after = b""
    while rows := journal.ask(
        f"SELECT path, unit, size FROM file WHERE state IN ({_STATES}) AND path > ? "  # noqa: S608 - constants
        f"ORDER BY path LIMIT {_PAGE}",
        after,
    ):
        for path, unit, size in rows:
            yield _Row(os.fsdecode(path), os.fsdecode(unit), size)
        after = rows[-1][0]
