"""The journal's memory of what is wrong, as the last look at the folder left it.

Much of it has no row of its own among the files: two names for one key, a folder that cannot be
read, a slide that is cut off.
"""

import os
import sqlite3
import time
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

from labsight_lab.sync.journal.asking import Asks
from labsight_lab.text import shown

MOST = 10_000  # that are kept; somebody who has more of them reads none
_KEEP = (
    "INSERT INTO problem (path, kind, reason, since) VALUES (?, ?, ?, ?) ON CONFLICT (path) DO"
    " UPDATE SET since = iif(kind = excluded.kind, since, excluded.since),"
    " kind = excluded.kind, reason = excluded.reason"
)


class Found(NamedTuple):
    """Why something is not in the archive as it should be; ``kind`` is for its reader to know."""

    kind: str
    reason: str


class KeptProblem(NamedTuple):
    """The same with its path, and since when it is known (seconds since 1970)."""

    path: str
    kind: str
    reason: str
    since: float


class ProblemLog:
    """Keeps the problems of now; writes no more than what is new and what is over."""

    def __init__(self, journal: Asks) -> None:
        self._kept = {one.path: Found(one.kind, one.reason) for one in kept(journal)}

    def differs(self, present: Mapping[str, Found]) -> bool:
        """Say whether there are new problems, or less of them."""
        return min(len(present), MOST) != len(self._kept) or any(
            path not in present or present[path].kind != found.kind
            for path, found in self._kept.items()
        )

    def write(self, db: sqlite3.Connection, present: Mapping[str, Found]) -> None:
        """Keep these and no others; `written` is to be called when they are on disk."""
        now = time.time()
        chosen = _chosen(present)
        over = self._kept.keys() - chosen.keys()
        db.executemany("DELETE FROM problem WHERE path = ?", [(os.fsencode(p),) for p in over])
        new = [(p, found) for p, found in chosen.items() if self._kept.get(p) != found]
        db.executemany(_KEEP, [(os.fsencode(p), f.kind, shown(f.reason), now) for p, f in new])

    def written(self, present: Mapping[str, Found]) -> None:
        """Take note that these are kept now."""
        self._kept = _chosen(present)


def _chosen(present: Mapping[str, Found]) -> dict[str, Found]:
    return dict(islice(present.items(), MOST))


def kept(journal: Asks) -> list[KeptProblem]:
    """Return what is wrong as far as is known, in the order of the paths."""
    rows = journal.ask("SELECT path, kind, reason, since FROM problem ORDER BY path")
    return [KeptProblem(os.fsdecode(path), *rest) for path, *rest in rows]
