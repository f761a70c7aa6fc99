"""The tables of the journal, and how those of an older release become today's."""

import sqlite3

FORMAT = 3
_SERIES = """
CREATE TABLE series (             -- which DICOM series has a place, for good
    place BLOB PRIMARY KEY,       -- folder of its unit.json in composed letters, without the "/"
    uid TEXT NOT NULL
) WITHOUT ROWID;
"""
TABLES = f"""
CREATE TABLE journal (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
    path BLOB PRIMARY KEY,        -- relative, as the file system spells it; not always valid text
    key TEXT NOT NULL,            -- of its first revision in the archive
    size INTEGER NOT NULL,        -- of the content that state is about
    mtime_ns INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    upload_id TEXT,               -- open upload in parts
    attempted TEXT NOT NULL,      -- CRC-64s of contents that may lie under the next revision
    revision INTEGER NOT NULL DEFAULT 0,  -- last one in the archive; 0: none yet
    crc64 TEXT,                   -- of that revision; SQLite's integers have a sign
    sent REAL,                    -- when the archive took it; none: its answer was lost
    unit BLOB NOT NULL DEFAULT x'',       -- path of the unit's row, of a file that is a part
    members TEXT NOT NULL DEFAULT '',     -- which files a unit.json names, in short
    verified REAL,                -- when the archive last told the same checksum
    removed REAL,                 -- when the local file was removed, its content being archived
    changed REAL NOT NULL         -- when this row was written, seconds since 1970
) WITHOUT ROWID;
CREATE TABLE part (
    path BLOB NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, crc64 TEXT NOT NULL,
    PRIMARY KEY (path, number)
) WITHOUT ROWID;
CREATE TABLE run (
    number INTEGER PRIMARY KEY,
    began REAL NOT NULL,
    ended REAL,                   -- none: at work, or killed
    looked REAL,                  -- when the folder was last looked at, start to end
    files INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    exit_code INTEGER,
    trouble TEXT NOT NULL DEFAULT '',  -- what stopped everything, if anything did
    waiting INTEGER NOT NULL DEFAULT 0  -- groups that were too young at that look
);
CREATE TABLE problem (            -- what the last look found wrong
    path BLOB PRIMARY KEY, kind TEXT NOT NULL, reason TEXT NOT NULL, since REAL NOT NULL
) WITHOUT ROWID;
{_SERIES}"""
# Its checksums were CRC-32: what it knows of contents is not comparable any more. A file that was
# begun is begun anew; content that may have been stored without an answer counts as another.
_FROM_1 = """
ALTER TABLE file RENAME TO former;
DROP TABLE part;
{tables}
INSERT INTO file (path, key, size, mtime_ns, state, reason, attempted, revision, changed)
    SELECT path, key, size, mtime_ns, state, reason,
           CASE attempted WHEN '' THEN '' ELSE '0' END, revision, changed FROM former;
UPDATE file SET sent = changed WHERE state = 'uploaded';
DROP TABLE former;
"""


def make(db: sqlite3.Connection) -> None:
    """Make the tables in an empty file."""
    _run(db, TABLES)


def upgrade(db: sqlite3.Connection, version: int) -> None:
    """Turn an older format into today's."""
    if version == 2:  # it told of no series: each place becomes that of the next one sent there
        _run(db, _SERIES)
        return
    kept = TABLES.split(";\n", 1)[1]  # the table `journal` stayed the same
    _run(db, _FROM_1.format(tables=kept))


def _run(db: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {FORMAT}")
