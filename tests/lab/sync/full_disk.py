"""The disk that a journal lies on, which may be full for a while."""

import sqlite3

from labsight_lab.sync.journal.journal import Journal

_TABLES = ("file", "part", "run", "problem", "series")


class Disk:
    """While it ``is_full``, SQLite writes no row, and reads as ever."""

    def __init__(self, journal: Journal) -> None:
        self.is_full = False
        journal.change(self._prepare)

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.create_function("is_full", 0, lambda: self.is_full)
        for table in _TABLES:
            for change in ("INSERT", "UPDATE", "DELETE"):
                db.execute(
                    f"CREATE TEMP TRIGGER {change}_{table} BEFORE {change} ON main.{table}"
                    " WHEN is_full() BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
                )
