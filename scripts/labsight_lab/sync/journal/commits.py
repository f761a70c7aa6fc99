"""Many threads' changes to one SQLite file, few waits for the disk."""

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

Change = Callable[[sqlite3.Connection], object]


class _Waiting:
    """A change that somebody waits for, and how it ended."""

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
        self.written = 0  # the number of the last unhurried change that is on disk
        self._lock = threading.Lock()  # guards all below, and is held for a moment at most
        self._asked: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._unhurried: list[Change] = []
        self._numbered = 0
        self._writer: threading.Thread | None = None
        self._is_closed = False

    def make(self, change: Change) -> None:
        """Make a change, or raise and leave all as it was."""
        mine = _Waiting(change)
        with self._lock:
            self._check_open()
            self._start()
            self._asked.put(mine)
        _wait(mine)

    def later(self, change: Change) -> int:
        """Let a change go with the next commit that succeeds; return its number."""
        with self._lock:
            self._check_open()
            self._unhurried.append(change)
            self._numbered += 1
            return self._numbered

    def flush(self) -> None:
        """Return when all that came before is on disk, or raise."""
        if self.written < self._numbered:
            self.make(_nothing)

    def close(self) -> None:
        """Commit what waits, or raise; after this, nothing more is taken."""
        last = _Waiting(_nothing)
        with self._lock:
            if self._is_closed:
                return
            if self._unhurried:
                self._start()
            self._is_closed = True
            self._asked.put(last)
            self._asked.put(None)
        if self._writer is not None:
            self._writer.join()
            _wait(last)

    def _check_open(self) -> None:
        if self._is_closed:
            raise sqlite3.ProgrammingError("it is closed")

    def _start(self) -> None:
        """Begin to write: who only reads a journal needs no thread for it."""
        if self._writer is None:
            # A daemon: no command that is interrupted twice waits for a disk that hangs.
            writer = threading.Thread(target=self._write, daemon=True)
            writer.start()
            self._writer = writer

    def _write(self) -> None:
        is_last = False
        while not is_last:
            asked = [self._asked.get(), *_waiting(self._asked)]
            changes = [one for one in asked if one is not None]
            is_last = len(changes) < len(asked)
            failure = self._failure_of([one.change for one in changes])
            for one in changes:
                one.failure = failure
                one.done.release()

    def _failure_of(self, changes: list[Change]) -> BaseException | None:
        """Commit these after all that waits without hurry, which is kept when that fails."""
        with self._lock:
            unhurried, self._unhurried = self._unhurried, []
            last = self._numbered
        try:
            self._commit([*unhurried, *changes])
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            with self._lock:
                self._unhurried[:0] = unhurried
            return error
        self.written = last
        return None

    def _commit(self, changes: list[Change]) -> None:
        with self.turn:
            if self._db.in_transaction:  # as a ROLLBACK failed, too
                self._db.execute("ROLLBACK")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for change in changes:
                    change(self._db)
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # what ended it is told, not what follows from that
                    if self._db.in_transaction:  # a full disk may have ended it already
                        self._db.execute("ROLLBACK")
                raise


def _wait(one: _Waiting) -> None:
    one.done.acquire()
    if one.failure is not None:
        raise one.failure


def _waiting(asked: "queue.SimpleQueue[_Waiting | None]") -> Iterator[_Waiting | None]:
    """Yield all that waits by now."""
    with suppress(queue.Empty):
        while True:
            yield asked.get_nowait()


def _nothing(_: sqlite3.Connection) -> None:
    """Change nothing: what waits without hurry goes along."""
