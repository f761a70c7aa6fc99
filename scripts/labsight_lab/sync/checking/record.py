"""The record of local files that were removed: JSON lines beside the journal, each on disk at once.

    {"at": "2026-11-24T20:33:20.100+01:00", "what": "removing", "path": "2026/a.svs",
     "key": "slides/…", "size": 123, "crc64nvme": "…", "mtime_ns": …,
     "identity": [66306, 1311, 123, …, …]}
    {"at": "2026-11-24T20:33:20.200+01:00", "what": "removed", "path": "2026/a.svs"}

Each removal has a line before and one after it: ``removed``, or ``kept`` with the reason. Where the
second is missing, the command was killed in between; its next run finds out which it was.
"""

import json
import math
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from labsight.errors import Conflict, SettingsError

REMOVING, REMOVED, KEPT = "removing", "removed", "kept"


def place_beside(journal: Path) -> Path:
    """Return where the record of a journal lies."""
    return journal.with_name(f"{journal.name}.removed.jsonl")


def moment(seconds: float) -> str:
    """Write a time (seconds since 1970) as the log does."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")


class Record:
    """Adds to the record of a journal, as the only one at the time.

    Raises Conflict when another is at work, SettingsError when the file cannot be used.
    """

    def __init__(self, journal: Path, now: Callable[[], float] = time.time) -> None:
        self.place, self._now = place_beside(journal), now
        self._guard = _locked(journal)
        try:
            self._file = open(self.place, "ab", opener=_for_the_user_alone)  # noqa: SIM115
            if _is_torn(self.place):
                self._file.write(b"\n")
        except OSError as error:
            self._guard.close()
            raise self._unusable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # it was told when the last line was written
            self._file.close()
        self._guard.close()

    def note(self, what: str, path: str, **told: Any) -> float:
        """Add a line, and return its time (whole milliseconds) when it is on disk."""
        at = math.floor(self._now() * 1000) / 1000
        line = json.dumps({"at": moment(at), "what": what, "path": path, **told})
        try:
            self._file.write(f"{line}\n".encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unusable(error) from error
        return at

    def unended(self) -> list[dict[str, Any]]:
        """Return the first lines of removals of which it is not told how they ended."""
        begun: dict[str, dict[str, Any]] = {}
        try:
            with self.place.open("rb") as lines:
                for line in map(_read, lines):
                    if line.get("what") == REMOVING:
                        begun[line["path"]] = line
                    else:
                        begun.pop(line.get("path", ""), None)
        except OSError as error:
            raise self._unusable(error) from error
        return list(begun.values())

    def _unusable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"the record {self.place} cannot be used ({error.strerror or error}); nothing is "
            "removed without it: check the disk and its rights"
        )


def _read(line: bytes) -> dict[str, Any]:
    """Read a line; one that a power cut tore says nothing."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and isinstance(told.get("path"), str) else {}


def _is_torn(place: Path) -> bool:
    """Whether the last line has no end."""
    with place.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _for_the_user_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # names can tell of patients


def _locked(journal: Path) -> sqlite3.Connection:
    """Take a lock that every system frees when the process ends, somehow.

    It is not sync's own: a service that watches holds that for years.
    """
    guard = sqlite3.connect(f"{journal}.clean.lock", timeout=0, isolation_level=None)
    try:
        guard.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        guard.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise Conflict(
                f"another labsight clean of this folder is at work (journal {journal}); let it end"
            ) from error
        raise SettingsError(f"{journal}.clean.lock cannot be used: {error}") from error
    return guard
