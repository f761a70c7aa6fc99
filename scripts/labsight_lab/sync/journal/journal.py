"""What was begun and what is done, in one SQLite file for each folder and bucket.

Each change is committed (and on disk) before the request that it announces, and again once the
answer is there. A killed run therefore leaves at most the truth plus requests in doubt;
``Entry.attempted`` names what those would have stored.
"""

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from labsight.errors import Conflict, SettingsError
from labsight_lab.sync.sending.archive import Part
from labsight_lab.sync.sending.source import Fingerprint

FORMAT = 1
_TABLES = """
CREATE TABLE journal (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
    path BLOB PRIMARY KEY,        -- relative, as the file system spells it; not always valid text
    key TEXT NOT NULL,            -- of its first revision in the archive
    size INTEGER NOT NULL,        -- of the content that state is about
    mtime_ns INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    upload_id TEXT,               -- open upload in parts
    attempted TEXT NOT NULL,      -- CRC-32s of contents that may lie under the next revision
    revision INTEGER NOT NULL DEFAULT 0,  -- last one in the archive; 0: none yet
    crc32 INTEGER,                -- of that revision
    changed REAL NOT NULL         -- when this row was written, seconds since 1970
) WITHOUT ROWID;
CREATE TABLE part (
    path BLOB NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, crc32 INTEGER NOT NULL,
    PRIMARY KEY (path, number)
) WITHOUT ROWID;
"""


class State(StrEnum):
    """How far a file has come."""

    SEEN = "seen"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    EXISTS = "exists"  # the key is taken, as far as we know by this content: an answer was lost
    FAILED = "failed"
    CONFLICT = "conflict"


SETTLED = frozenset({State.UPLOADED, State.EXISTS, State.CONFLICT})


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What one journal is about; another bucket or source is another journal.

    The folder may move: its journal goes on with it.
    """

    folder: Path
    bucket: str
    source: str
    endpoint: str = ""

    def file_name(self) -> str:
        """Return a name for the journal that tells the bucket and is no other journal's."""
        told = "\0".join((str(self.folder), self.bucket, self.source, self.endpoint))
        digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{self.bucket}-{digest}.sqlite"

    def rows(self) -> dict[str, str]:
        """Return the identity as the journal keeps it."""
        return {
            "folder": os.fsencode(self.folder).decode("utf-8", "backslashreplace"),
            "bucket": self.bucket,
            "source": self.source,
            "endpoint": self.endpoint,
        }


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the journal knows of one file."""

    path: str
    key: str
    fingerprint: Fingerprint
    state: State
    reason: str = ""
    upload: str | None = None
    attempted: frozenset[int] = frozenset()
    revision: int = 0
    crc32: int | None = None


class Journal:
    """The journal of one folder; several threads may use it at once, several runs may not.

    ``moved_from`` names another folder that it was kept for until now; ``lock`` makes it the new
    folder's.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path = path
        self.moved_from: str | None = None
        self._folder = identity.rows()["folder"]
        self._mutex = threading.Lock()
        self._guard: sqlite3.Connection | None = None
        with self._explained():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # names can tell of patients
            self._db = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False
            )
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
        if version not in {0, FORMAT}:
            raise SettingsError(
                f"journal {self.path} was written by a newer labsight; update this one"
            )
        if version == 0:
            with self._changing() as db:
                for statement in _TABLES.split(";\n"):
                    db.execute(statement)
                db.executemany("INSERT INTO journal VALUES (?, ?)", identity.rows().items())
                db.execute(f"PRAGMA user_version = {FORMAT}")
        known = dict(self._db.execute("SELECT name, value FROM journal"))
        folder = known.get("folder")
        if known != identity.rows() | {"folder": folder}:
            raise SettingsError(
                f"journal {self.path} belongs to bucket {known.get('bucket')}, source "
                f"{known.get('source')} at {known.get('endpoint') or 'AWS'}; give another with "
                "--journal"
            )
        if folder != self._folder:
            self.moved_from = folder

    def lock(self) -> None:
        """Keep other runs away until this one ends, somehow; raise Conflict when one is at work."""
        with self._explained():
            self._guard = sqlite3.connect(f"{self.path}.lock", timeout=0, isolation_level=None)
            try:
                self._guard.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                raise Conflict(
                    "another labsight sync of this folder is at work; let it end or stop it "
                    f"(journal {self.path})"
                ) from error
            self._db.execute("UPDATE journal SET value = ? WHERE name = 'folder'", (self._folder,))

    def close(self) -> None:
        """Let go of the file and of the lock."""
        with self._mutex:
            self._db.close()
            if self._guard is not None:
                self._guard.close()

    def entries(self) -> dict[str, Entry]:
        """Return all that is known, by relative path."""
        with self._mutex, self._explained():
            rows = self._db.execute(
                "SELECT path, key, size, mtime_ns, state, reason, upload_id, attempted, revision,"
                " crc32 FROM file"
            )
            found = (
                Entry(
                    path=os.fsdecode(path),
                    key=key,
                    fingerprint=Fingerprint(size, mtime),
                    state=State(state),
                    reason=reason,
                    upload=upload,
                    attempted=frozenset(map(int, tried.split())),
                    revision=revision,
                    crc32=crc32,
                )
                for path, key, size, mtime, state, reason, upload, tried, revision, crc32 in rows
            )
            return {entry.path: entry for entry in found}

    def write(self, entries: Iterable[Entry], *, drop_parts: bool = False) -> None:
        """Keep what is now known of these files, all of them or none."""
        with self._mutex, self._explained(), self._changing() as db:
            for e in entries:
                path = os.fsencode(e.path)
                db.execute(
                    "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        path,
                        e.key,
                        e.fingerprint.size,
                        e.fingerprint.mtime_ns,
                        e.state,
                        e.reason,
                        e.upload,
                        " ".join(map(str, sorted(e.attempted))),
                        e.revision,
                        e.crc32,
                        time.time(),
                    ),
                )
                if drop_parts:
                    db.execute("DELETE FROM part WHERE path = ?", (path,))

    def write_part(self, path: str, part: Part, crc32: int) -> None:
        """Keep that a part is stored."""
        with self._mutex, self._explained(), self._changing() as db:
            db.execute(
                "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?)",
                (os.fsencode(path), part.number, part.etag, crc32),
            )

    def parts(self, path: str) -> dict[Part, int]:
        """Return the stored parts of a file's open upload, each with its CRC-32."""
        with self._mutex, self._explained():
            rows = self._db.execute(
                "SELECT number, etag, crc32 FROM part WHERE path = ?", (os.fsencode(path),)
            )
            return {Part(number, etag): crc32 for number, etag, crc32 in rows}

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Commit all that is done inside, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Tell which file SQLite could not use."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise SettingsError(
                f"journal {self.path} cannot be used ({error}); check the disk and its rights, "
                "or give another place with --journal"
            ) from error
