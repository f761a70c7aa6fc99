"""The journal's memory of runs: when the folder was last looked at, what was sent, what failed."""

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass

from labsight_lab.sync.journal.asking import Asks
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.problems import Found, ProblemLog
from labsight_lab.text import shown

KEPT = 1000


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of `labsight sync`. Times are seconds since 1970; one that never ended was killed.

    ``waiting`` groups were too young to be sent at the last look. ``trouble`` is what kept all
    files from being sent.
    """

    began: float
    ended: float | None
    looked: float | None
    files: int
    bytes: int
    exit_code: int | None
    trouble: str
    waiting: int = 0


class RunLog:
    """Writes down how a run goes, so that `labsight status` can tell of it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._problems = ProblemLog(journal)
        began = time.time()

        def begin(db: sqlite3.Connection) -> None:
            self._number = db.execute("INSERT INTO run (began) VALUES (?)", (began,)).lastrowid
            db.execute("DELETE FROM run WHERE number <= ?", ((self._number or 0) - KEPT,))

        journal.change(begin)

    def is_news(self, problems: Mapping[str, Found]) -> bool:
        """Say whether these are not the problems that are written down."""
        return self._problems.differs(problems)

    def looked(
        self,
        *,
        files: int,
        bytes: int,  # noqa: A002 - units
        trouble: str = "",
        waiting: int = 0,
        problems: Mapping[str, Found] | None = None,
    ) -> None:
        """Note how things are after a look at the folder.

        ``files`` and ``bytes`` were sent so far. ``problems`` by path are all there are now; None
        when nothing new is known of them.
        """
        row = (time.time(), files, bytes, shown(trouble), waiting, self._number)

        def note(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE run SET looked = ?, files = ?, bytes = ?, trouble = ?, waiting = ?"
                " WHERE number = ?",
                row,
            )
            if problems is not None:
                self._problems.write(db, problems)

        self._journal.change(note)
        if problems is not None:
            self._problems.written(problems)

    def ended(self, exit_code: int, trouble: str = "") -> None:
        """Note that the run ended by itself."""
        row = (time.time(), exit_code, shown(trouble), self._number)
        self._journal.change(
            lambda db: db.execute(
                "UPDATE run SET ended = ?, exit_code = ?, trouble = ? WHERE number = ?", row
            )
        )


def latest(journal: Asks, count: int = 1) -> list[Run]:
    """Return the last runs, the newest first."""
    rows = journal.ask(
        "SELECT began, ended, looked, files, bytes, exit_code, trouble, waiting FROM run "
        "ORDER BY number DESC LIMIT ?",
        count,
    )
    names = ("began", "ended", "looked", "files", "bytes", "exit_code", "trouble", "waiting")
    return [Run(**dict(zip(names, row, strict=True))) for row in rows]
