"""The journal for somebody who only reads it, beside a run that is at work or not."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from labsight.errors import SettingsError
from labsight_lab.sync.journal import schema
from labsight_lab.sync.journal.entries import Identity

_PATIENCE_S = 10.0
_AT_A_TIME = 1000  # rows


class Reader:
    """One moment of a journal: what is changed meanwhile is not seen.

    It locks nobody out, and upgrades nothing. While nobody has the journal open no file beside it
    is made either, unless ``may_last``: then it can be read from for long, whoever begins.
    ``folder`` is the one that the journal was last used for. All methods raise SettingsError when
    the file cannot be used.
    """

    def __init__(self, path: Path, identity: Identity, *, may_last: bool = False) -> None:
        self.path = path
        is_open = path.with_name(f"{path.name}-wal").exists()
        how = "mode=ro" if is_open or may_last else "mode=ro&immutable=1"
        with self._explained():
            self._db = sqlite3.connect(
                f"{_uri(path)}?{how}", uri=True, timeout=_PATIENCE_S, isolation_level=None
            )
        try:
            with self._explained():
                self._begin(identity)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def ask(self, question: str, *given: object) -> list[tuple[Any, ...]]:
        """Return the rows that answer a question."""
        with self._explained():
            return self._db.execute(question, given).fetchall()

    def rows(self, question: str, *given: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that answer a question, however many there are."""
        with self._explained():
            cursor = self._db.execute(question, given)
            while rows := cursor.fetchmany(_AT_A_TIME):
                yield from rows

    def teach(self, name: str, function: Callable[[bytes], bytes]) -> None:
        """Have questions use a function that always says the same of the same."""
        with self._explained():
            self._db.create_function(name, 1, function, deterministic=True)

    def _begin(self, identity: Identity) -> None:
        self._db.execute("BEGIN")
        ((version,),) = self._db.execute("PRAGMA user_version").fetchall()
        if version != schema.FORMAT:
            older = "an older labsight: `labsight sync` brings it up to date"
            newer = "a newer labsight: update this one"
            raise SettingsError(
                f"journal {self.path} was written by {newer if version > schema.FORMAT else older}"
            )
        known = dict(self._db.execute("SELECT name, value FROM journal"))
        self.folder: str = known.get("folder", "")
        identity.check(self.path, known)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SettingsError(
                f"journal {self.path} cannot be read ({error}); check its rights, or name another "
                "with --journal"
            ) from error


def is_at_work(journal: Path) -> bool:
    """Say whether a run holds the journal's lock, without taking it."""
    lock = journal.with_name(f"{journal.name}.lock")
    if not lock.exists():
        return False
    try:
        with closing(
            sqlite3.connect(f"{_uri(lock)}?mode=ro", uri=True, timeout=0, isolation_level=None)
        ) as probe:
            probe.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return False


def _uri(path: Path) -> str:
    """Return the address of a file as SQLite reads it (https://www.sqlite.org/uri.html)."""
    posix = quote(os.fsencode(path.absolute().as_posix()))
    return f"file://{'' if posix.startswith('/') else '/'}{posix}"
