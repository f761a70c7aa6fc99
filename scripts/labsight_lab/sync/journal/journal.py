"""What was begun and what is done, in one SQLite file for each folder and bucket.

What is going to be asked is on disk before the request; what was answered follows with the next
commit. A killed run therefore leaves at most the truth plus requests in doubt; ``Entry.attempted``
names what those would have stored.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labsight.errors import Conflict, SettingsError
from labsight_lab.sync.journal import schema
from labsight_lab.sync.journal.commits import Change, Commits
from labsight_lab.sync.journal.entries import Entry, Identity, Known, Part, State
from labsight_lab.sync.source import Fingerprint
from labsight_lab.text import shown

_ENTRY = (
    "SELECT path, key, size, mtime_ns, state, reason, upload_id, attempted, revision, crc64, sent,"
    " unit, members, verified, removed FROM file"
)
_KEEP = (
    "INSERT OR REPLACE INTO file (path, key, size, mtime_ns, state, reason, upload_id, attempted,"
    " revision, crc64, sent, unit, members, verified, removed, changed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_HANGS_S = 5.0  # a commit that takes longer is not waited for at the end
_PROBED_S = 1.0  # whoever asks whether a run is at work holds its lock for a moment


class Journal:
    """The journal of one folder; several threads may use it at once, several runs may not.

    ``moved_from`` names another folder that it was kept for until now; ``lock`` makes it the new
    folder's. All methods raise SettingsError when the file cannot be used.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path = path
        self.moved_from: str | None = None
        self._folder = identity.rows()["folder"]
        self._guard: sqlite3.Connection | None = None
        self._claims: set[str] = set()
        self._claiming = threading.Lock()
        with self._explained():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # names can tell of patients
            self._db = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False
            )
        self._commits = Commits(self._db)
        self._paths: set[str] = set()  # all that there are rows for, once they were read
        self._is_read = False
        self._owed: dict[str, int] = {}  # by path the number of a change that nobody waited for
        try:
            with self._explained():
                self._open(identity)
        except BaseException:
            self.close()
            raise

    def _open(self, identity: Identity) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # a power cut must not forget an answer
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > schema.FORMAT:
            raise SettingsError(
                f"journal {self.path} was written by a newer labsight; update this one"
            )
        if version < schema.FORMAT:
            self._commits.make(lambda db: _prepare(db, identity))
        known = dict(self._db.execute("SELECT name, value FROM journal"))
        identity.check(self.path, known)
        if (folder := known.get("folder")) != self._folder:
            self.moved_from = folder

    def lock(self) -> None:
        """Keep other runs away until this one ends, somehow; raise Conflict when one is at work."""
        with self._explained():
            self._guard = sqlite3.connect(
                f"{self.path}.lock", timeout=_PROBED_S, isolation_level=None
            )
            try:
                self._guard.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                raise Conflict(
                    "another labsight sync of this folder is at work; let it end or stop it "
                    f"(journal {self.path})"
                ) from error
            self.change(
                lambda db: db.execute(
                    "UPDATE journal SET value = ? WHERE name = 'folder'", (self._folder,)
                )
            )

    def close(self) -> None:
        """Let go of the file and of the lock."""
        try:
            with self._explained():
                self._commits.close()
        finally:
            if self._commits.turn.acquire(timeout=_HANGS_S):  # else the disk hangs
                self._db.close()
                self._commits.turn.release()
            if self._guard is not None:
                self._guard.close()

    def known(self) -> dict[str, Known]:
        """Return what a look at the folder needs of all that is known, by relative path."""
        rows = self.ask(
            "SELECT path, size, mtime_ns, state, revision, unit, members, removed IS NOT NULL"
            " FROM file"
        )
        decode, new = os.fsdecode, tuple.__new__  # half of what `Known()` takes
        known = {
            decode(path): new(
                Known,
                (size, mtime, state, revision, decode(unit) if unit else "", parts, bool(gone)),
            )
            for path, size, mtime, state, revision, unit, parts, gone in rows
        }
        self._paths.update(known)  # never replaced: other threads add what they write
        self._is_read = True
        return known

    def entry(self, path: str) -> Entry | None:
        """Return what is known of one file or unit."""
        if self._is_read and path not in self._paths:
            return None  # only who holds the lock adds rows
        if self._owed.get(path, 0) > self._commits.written:
            self.flush()
        rows = self._asked(f"{_ENTRY} WHERE path = ?", os.fsencode(path))
        return _entry(rows[0]) if rows else None

    def entries(self, state: State | None = None) -> Iterator[Entry]:
        """Yield all that is known, or all of one state, in the order of the paths."""
        chosen = "WHERE state = ?" if state else ""
        given = (state.value,) if state else ()
        yield from map(_entry, self.ask(f"{_ENTRY} {chosen} ORDER BY path", *given))

    def members(self, unit: str) -> list[Entry]:
        """Return the files that are parts of a unit, by its path."""
        rows = self.ask(f"{_ENTRY} WHERE unit = ? ORDER BY path", os.fsencode(unit))
        return list(map(_entry, rows))

    def open_uploads(self) -> list[Entry]:
        """Return the files of which an upload in parts is open."""
        return list(map(_entry, self.ask(f"{_ENTRY} WHERE upload_id IS NOT NULL")))

    def write(
        self, entries: Iterable[Entry], *, drop_parts: bool = False, wait: bool = True
    ) -> None:
        """Keep what is now known of these files, all of them or none.

        Without ``wait`` it is on disk with the next change or `flush`, which whoever reads it waits
        for: for answers, of which an earlier entry says that they may have come.
        """
        entries = list(entries)
        rows = [_row(entry) for entry in entries]
        paths = {entry.path for entry in entries}
        self._paths |= paths

        def change(db: sqlite3.Connection) -> None:
            db.executemany(_KEEP, rows)
            if drop_parts:
                db.executemany("DELETE FROM part WHERE path = ?", [(row[0],) for row in rows])

        if wait:
            self.change(change)
        else:
            with self._explained():
                number = self._commits.later(change)
            self._owed |= dict.fromkeys(paths, number)

    def flush(self) -> None:
        """Return when all that was written without waiting is on disk."""
        with self._explained():
            self._commits.flush()

    def write_part(self, path: str, part: Part, crc64: int) -> None:
        """Keep that a part is stored."""
        row = (os.fsencode(path), part.number, part.etag, f"{crc64:016x}")
        self.change(lambda db: db.execute("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?)", row))

    def parts(self, path: str) -> dict[Part, int]:
        """Return the stored parts of a file's open upload, each with its CRC-64."""
        rows = self.ask("SELECT number, etag, crc64 FROM part WHERE path = ?", os.fsencode(path))
        return {Part(number, etag): int(crc64, 16) for number, etag, crc64 in rows}

    @contextmanager
    def claimed(self, path: str) -> Iterator[bool]:
        """Keep a file's row for one thread; say whether that is ours or another has it."""
        with self._claiming:
            is_ours = path not in self._claims
            self._claims.add(path)
        try:
            yield is_ours
        finally:
            if is_ours:
                with self._claiming:
                    self._claims.remove(path)

    def change(self, change: Change) -> None:
        """Make a change, durable when this returns."""
        with self._explained():
            self._commits.make(change)

    def ask(self, question: str, *given: object) -> list[tuple[Any, ...]]:
        """Return the rows that answer a question."""
        self.flush()
        return self._asked(question, *given)

    def _asked(self, question: str, *given: object) -> list[tuple[Any, ...]]:
        with self._commits.turn, self._explained():
            return self._db.execute(question, given).fetchall()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Tell which file SQLite could not use."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
            raise SettingsError(
                f"journal {self.path} cannot be used ({error}); check the disk and its rights, "
                "or give another place with --journal"
            ) from error


def _prepare(db: sqlite3.Connection, identity: Identity) -> None:
    """Make or upgrade the tables, unless another program has just done so."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        schema.make(db)
        db.executemany("INSERT INTO journal VALUES (?, ?)", identity.rows().items())
    elif version < schema.FORMAT:
        schema.upgrade(db, version)


def _row(entry: Entry) -> tuple[Any, ...]:
    return (
        os.fsencode(entry.path),
        entry.key,
        entry.fingerprint.size,
        entry.fingerprint.mtime_ns,
        entry.state,
        shown(entry.reason),  # names in it need not be text
        entry.upload,
        " ".join(f"{crc64:x}" for crc64 in sorted(entry.attempted)),
        entry.revision,
        None if entry.crc64 is None else f"{entry.crc64:016x}",
        entry.sent,
        os.fsencode(entry.unit),
        entry.members,
        entry.verified,
        entry.removed,
        time.time(),
    )


def _entry(row: tuple[Any, ...]) -> Entry:
    path, key, size, mtime_ns, state, reason, upload, tried, revision, crc64, *rest = row
    sent, unit, members, verified, removed = rest
    return Entry(
        path=os.fsdecode(path),
        key=key,
        fingerprint=Fingerprint(size, mtime_ns),
        state=State(state),
        reason=reason,
        upload=upload,
        attempted=frozenset(int(one, 16) for one in tried.split()),
        revision=revision,
        crc64=None if crc64 is None else int(crc64, 16),
        sent=sent,
        unit=os.fsdecode(unit),
        members=members,
        verified=verified,
        removed=removed,
    )
