"""Many threads' changes to one SQLite file, few waits for the disk."""

import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Element = TypeVar("Element")
Change = Callable[[sqlite3.Connection], object]


class _Waiting:
    """A change on its way, and how that ended."""

    __slots__ = ("change", "done", "failure")

    def __init__(self, change: Change) -> None:
        self.change = change
        self.done = threading.Lock()  # free once it is on disk, or has failed
        self.done.acquire()
        self.failure: BaseException | None = None


class Commits:
    """Makes changes durable; those that come while the disk is busy share the next commit.

    A commit waits for the disk, which takes far longer than the change itself. One thread writes
    for all, and none goes on before its own change is on disk. Were it the threads that write, each
    in its turn, the many that one commit has served would wait for the next commits, too.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.turn = threading.Lock()  # held while the connection is in use
        self._asked: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._unhurried: queue.SimpleQueue[Change] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def make(self, change: Change) -> None:
        """Make a change, or raise and leave all as it was."""
        self._start()
        mine = _Waiting(change)
        self._asked.put(mine)
        mine.done.acquire()
        if mine.failure is not None:
            raise mine.failure

    def later(self, change: Change) -> None:
        """Let a change go with the next commit, and do not wait for it."""
        self._unhurried.put(change)

    def flush(self) -> None:
        """Commit what waits, or raise."""
        if not self._unhurried.empty():
            self.make(lambda _: None)

    def close(self) -> None:
        """Commit what waits, or raise; after this, nothing more can be made."""
        try:
            self.flush()
        finally:
            with self._starting:
                writer, self._writer = self._writer, None
            if writer is not None:
                self._asked.put(None)
                writer.join()

    def _start(self) -> None:
        """Begin to write: who only reads a journal needs no thread for it."""
        with self._starting:
            if self._writer is None:
                # No command that is interrupted for a second time waits for a disk that hangs.
                self._writer = threading.Thread(target=self._write, daemon=True)
                self._writer.start()

    def _write(self) -> None:
        while True:
            asked = [self._asked.get(), *_taken(self._asked)]
            batch = [one for one in asked if one is not None]
            self._commit_for(batch)
            if len(batch) < len(asked):
                return

    def _commit_for(self, batch: list[_Waiting]) -> None:
        """Commit what was asked for, after all that waits without hurry; tell how it ended."""
        failure: BaseException | None = None
        try:
            changes = [*_taken(self._unhurried), *(one.change for one in batch)]
            if changes:
                self._commit(changes)
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            failure = error
        for one in batch:
            one.failure = failure
            one.done.release()

    def _commit(self, changes: list[Change]) -> None:
        with self.turn:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for change in changes:
                    change(self._db)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise


def _taken(waiting: "queue.SimpleQueue[Element]") -> "list[Element]":
    """Return all that waits by now."""
    taken = []
    with suppress(queue.Empty):
        while True:
            taken.append(waiting.get_nowait())
    return taken
