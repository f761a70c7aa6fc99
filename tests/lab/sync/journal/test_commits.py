"""Changes share commits, wait for them, and fail together."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight_lab.sync.journal.commits import Change, Commits


@pytest.fixture
def commits(db: sqlite3.Connection) -> Iterator[Commits]:
    """Closed at the end, or its thread would outlive the file."""
    commits = Commits(db)
    yield commits
    commits.close()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file with one table."""
    db = sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False)
    db.execute("CREATE TABLE note (text TEXT NOT NULL)")
    yield db
    db.close()


def notes(db: sqlite3.Connection) -> set[str]:
    return {text for (text,) in db.execute("SELECT text FROM note")}


def noted(text: str | None) -> Change:
    """A change that adds a row; the table takes no None."""
    return lambda db: db.execute("INSERT INTO note VALUES (?)", (text,))


def test_changes_that_come_while_the_disk_is_busy_share_the_next_commit(
    db: sqlite3.Connection, commits: Commits
) -> None:
    begun: list[str] = []
    db.set_trace_callback(lambda said: begun.append(said) if said.startswith("BEGIN") else None)
    disk_is_busy, disk_is_free = threading.Event(), threading.Event()

    def slow(db: sqlite3.Connection) -> None:
        noted("slow")(db)
        disk_is_busy.set()
        assert disk_is_free.wait(10)

    asked = [slow, *(noted(str(n)) for n in range(30))]
    threads = [threading.Thread(target=commits.make, args=(change,)) for change in asked]
    threads[0].start()
    assert disk_is_busy.wait(10)
    for thread in threads[1:]:
        thread.start()
    until = time.monotonic() + 10
    while commits._asked.qsize() < 30 and time.monotonic() < until:
        time.sleep(0.001)
    disk_is_free.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert len(notes(db)) == 31
    assert len(begun) == 2


def test_an_unhurried_change_goes_with_the_next_commit_or_the_end(
    db: sqlite3.Connection, commits: Commits
) -> None:
    commits.later(noted("first"))
    assert notes(db) == set()
    commits.make(noted("second"))
    assert notes(db) == {"first", "second"}
    commits.later(noted("third"))
    commits.close()
    assert notes(db) == {"first", "second", "third"}


def test_at_the_end_what_cannot_be_written_is_told(db: sqlite3.Connection) -> None:
    commits = Commits(db)
    commits.later(noted(None))
    with pytest.raises(sqlite3.IntegrityError):
        commits.close()
    commits.close()  # is over


def test_after_the_end_nothing_more_is_taken(commits: Commits) -> None:
    commits.make(noted("before"))
    commits.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        commits.make(noted("after"))
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        commits.later(noted("after"))


def test_an_unhurried_change_outlives_a_commit_that_fails(
    db: sqlite3.Connection, commits: Commits
) -> None:
    number = commits.later(noted("kept"))
    with pytest.raises(sqlite3.IntegrityError):
        commits.make(noted(None))
    assert (notes(db), commits.written) == (set(), 0)
    commits.flush()
    assert (notes(db), commits.written) == ({"kept"}, number)


def test_a_flush_waits_for_what_the_writer_has_taken_already(
    db: sqlite3.Connection, commits: Commits
) -> None:
    is_taken, disk_is_free, is_flushed = (threading.Event() for _ in range(3))

    def slow(db: sqlite3.Connection) -> None:
        is_taken.set()
        assert disk_is_free.wait(10)
        noted("slow")(db)

    def flush() -> None:
        commits.flush()
        is_flushed.set()

    commits.later(slow)
    threads = [
        threading.Thread(target=commits.make, args=(noted("other"),)),
        threading.Thread(target=flush),
    ]
    threads[0].start()
    assert is_taken.wait(10)
    threads[1].start()
    assert not is_flushed.wait(0.2)
    disk_is_free.set()
    assert is_flushed.wait(10)
    assert notes(db) == {"slow", "other"}
    for thread in threads:
        thread.join(10)


def test_a_change_that_fails_leaves_nothing_and_the_next_one_works(
    db: sqlite3.Connection, commits: Commits
) -> None:

    def half(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO note VALUES ('half')")
        db.execute("INSERT INTO note VALUES (NULL)")

    with pytest.raises(sqlite3.IntegrityError):
        commits.make(half)
    commits.make(noted("whole"))
    assert notes(db) == {"whole"}


def test_an_interrupt_in_the_middle_fails_all_that_shared_the_commit(
    db: sqlite3.Connection, commits: Commits
) -> None:

    def interrupted(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO note VALUES ('lost')")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commits.make(interrupted)
    assert notes(db) == set()
    assert not db.in_transaction
