"""Changes share commits, wait for them, and fail together."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight_lab.sync.journal.commits import Commits


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file with one table."""
    db = sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False)
    db.execute("CREATE TABLE note (text TEXT NOT NULL)")
    yield db
    db.close()


def notes(db: sqlite3.Connection) -> set[str]:
    return {text for (text,) in db.execute("SELECT text FROM note")}


def test_changes_that_come_while_the_disk_is_busy_share_the_next_commit(
    db: sqlite3.Connection,
) -> None:
    commits = Commits(db)
    begun: list[str] = []
    db.set_trace_callback(lambda said: begun.append(said) if said.startswith("BEGIN") else None)
    with commits.turn:  # the disk is busy
        threads = [
            threading.Thread(
                target=commits.make,
                args=(lambda db, n=n: db.execute("INSERT INTO note VALUES (?)", (str(n),)),),
            )
            for n in range(30)
        ]
        for thread in threads:
            thread.start()
        while len(commits.waiting) < 30:
            pass
    for thread in threads:
        thread.join(10)
    assert len(notes(db)) == 30
    assert len(begun) == 1


def test_a_change_that_fails_leaves_nothing_and_the_next_one_works(
    db: sqlite3.Connection,
) -> None:
    commits = Commits(db)

    def half(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO note VALUES ('half')")
        db.execute("INSERT INTO note VALUES (NULL)")

    with pytest.raises(sqlite3.IntegrityError):
        commits.make(half)
    commits.make(lambda db: db.execute("INSERT INTO note VALUES ('whole')"))
    assert notes(db) == {"whole"}


def test_an_interrupt_in_the_middle_fails_all_that_shared_the_commit(
    db: sqlite3.Connection,
) -> None:
    commits = Commits(db)

    def interrupted(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO note VALUES ('lost')")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commits.make(interrupted)
    assert notes(db) == set()
    assert not db.in_transaction
