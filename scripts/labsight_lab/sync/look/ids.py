"""Case and slide ids that the lab has for a file: from its name, or from a list beside the data."""

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from labsight.objects.metadata import MAX_ID
from labsight_lab.sync.look import id_pattern, id_table
from labsight_lab.sync.look.id_table import Columns, ListUnreadable, Table

SLOW_S = 5.0  # that an expression may take for one name
MAX_PROBLEMS = 1000  # that are told one by one
_FIELDS = {"case_id": "case", "slide_id": "slide", "scanner": "scanner"}


class FoundIds(NamedTuple):
    """What is known of a slide; composed, printable, 1 to 64 characters each."""

    case_id: str | None = None
    slide_id: str | None = None
    scanner: str | None = None


_NOTHING = FoundIds()


class Ids:
    """Finds ids by an expression over the relative path, and by a list, which has the last word.

    Raises SettingsError for an expression that cannot be used. What is wrong with a line of the
    list or with an id is a problem to report; the file goes to the archive all the same, without
    that id. The list is read by ``refresh``.
    """

    def __init__(
        self,
        pattern: str | None = None,
        table: Path | None = None,
        columns: Columns | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._pattern = id_pattern.compiled(pattern) if pattern else None
        self._path = table
        self._columns = columns or Columns()
        self._clock = clock
        self._table = Table()
        self._stamp: tuple[int, int] | None = None
        self._misfits: list[str] = []
        self._problems: dict[str, None] = {}  # in the order in which they were found, each once

    @property
    def problems(self) -> tuple[str, ...]:
        """What people should know: of the list as it is now, and of ids that were not taken."""
        return (*self._table.problems, *self._misfits, *self._problems)

    def refresh(self) -> None:
        """Read the list again if it has changed; raise ListUnreadable while it cannot be read.

        Once a pass, before anything of it is sent. What is under way keeps to the list as it was.
        """
        if self._path is None:
            return
        try:
            status = self._path.stat()
        except OSError as error:
            raise ListUnreadable.by(self._path, error) from error
        stamp = status.st_mtime_ns, status.st_size
        if stamp != self._stamp:
            self._table = id_table.read(self._path, self._columns)
            self._stamp, self._misfits = stamp, []

    def of(self, path: str) -> FoundIds:
        """Return what is known of the slide at a relative path, of several files the one to open.

        Fields that neither tells are None.
        """
        if self._pattern is None and self._path is None:
            return _NOTHING
        named, listed = self._named(path), self._table.row(path)
        return FoundIds(
            *(
                self._checked(path, field, listed.get(field) or named.get(group))
                for field, group in _FIELDS.items()
            )
        )

    def check(self, paths: Iterable[str]) -> None:
        """Hold the list against the files there are, before ``of`` is asked.

        Names in it that fit no file become problems, and so do file names alone that fit several:
        of those no ids are taken.
        """
        self._misfits = self._table.check(paths)

    def _named(self, path: str) -> dict[str, str | None]:
        if self._pattern is None:
            return {}
        if len(path) > id_pattern.MAX_NAME:
            self._problem(
                f"{path}: too long to take ids from: over {id_pattern.MAX_NAME} characters"
            )
            return {}
        begun = self._clock()
        found = self._pattern.search(unicodedata.normalize("NFC", path))
        if (took := self._clock() - begun) > SLOW_S:
            self._pattern = None
            self._problem(
                f"{id_pattern.SETTING} took {took:.0f} s for {path!r} and is not used any more: "
                "write it with fewer repeats"
            )
        return found.groupdict() if found else {}

    def _checked(self, path: str, field: str, value: str | None) -> str | None:
        """Return an id as it is sent; one that would be cut or shown as another is left out."""
        text = unicodedata.normalize("NFC", (value or "").strip())
        if not text:
            return None
        what = field.replace("_", " ")
        if not text.isprintable():
            self._problem(f"{path}: the {what} {text[:80]!r} has signs that cannot be shown")
            return None
        if len(text) > MAX_ID:
            self._problem(
                f"{path}: the {what} {text[:80]!r} has {len(text)} characters; at most {MAX_ID}"
            )
            return None
        return text

    def _problem(self, text: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.setdefault(text)
