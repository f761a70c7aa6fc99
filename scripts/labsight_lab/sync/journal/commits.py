"""Many threads' changes to one SQLite file, few waits for the disk."""

import sqlite3
import threading
from collections.abc import Callable

Change = Callable[[sqlite3.Connection], object]


class _Waiting:
    """A change on its way, and how that ended."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.is_done = False
        self.failure: BaseException | None = None


class Commits:
    """Makes changes durable; those that come while the disk is busy share the next commit.

    A commit waits for the disk, which takes far longer than the change itself. Whichever thread
    gets to commit does so for all that have queued up meanwhile, and none goes on before its own
    change is on disk.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.waiting: list[_Waiting] = []
        self._lock = threading.Lock()
        self.turn = threading.Lock()  # held while the connection is in use

    def make(self, change: Change) -> None:
        """Make a change, or raise and leave all as it was."""
        mine = _Waiting(change)
        with self._lock:
            self.waiting.append(mine)
        with self.turn:
            if not mine.is_done:
                self._commit_waiting()
        if mine.failure is not None:
            raise mine.failure

    def later(self, change: Change) -> None:
        """Let a change go with the next commit, and do not wait for it."""
        with self._lock:
            self.waiting.append(_Waiting(change))

    def flush(self) -> None:
        """Commit what waits, or raise."""
        if self.waiting:
            self.make(lambda _: None)

    def _commit_waiting(self) -> None:
        with self._lock:
            batch, self.waiting = self.waiting, []
        failure: BaseException | None = None
        try:
            self._commit(batch)
        except BaseException as error:
            failure = error
            raise
        finally:
            for one in batch:
                one.is_done, one.failure = True, failure

    def _commit(self, batch: list[_Waiting]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for one in batch:
                one.change(self._db)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk may have ended it already
                self._db.execute("ROLLBACK")
            raise
