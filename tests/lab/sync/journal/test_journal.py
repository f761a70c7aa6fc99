"""The journal remembers over runs, refuses what is not its own, and keeps two runs apart."""

import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from labsight.errors import Conflict, SettingsError
from labsight_lab.sync.journal.commits import Change, Commits
from labsight_lab.sync.journal.entries import Entry, Identity, Known, Part, State, members_digest
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.source import Fingerprint
from tests.lab.support import open_journal

ENTRY = Entry(
    path="day/a.svs",
    key="slides/scanner-1/day/a.svs",
    fingerprint=Fingerprint(10, 20),
    state=State.UPLOADING,
    reason="",
    upload="u-1",
    attempted=frozenset({7, 2**64 - 1}),
    revision=1,
    crc64=2**64 - 2,
    sent=0.5,
    unit="day/",
    members="digest",
    verified=1.5,
    removed=2.5,
)


def test_what_is_written_is_there_after_the_next_start(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    journal.write([ENTRY])
    journal.write_part(ENTRY.path, Part(1, "etag"), 2**63 + 42)
    journal.close()
    again = open_journal(tmp_path, tmp_path / "j.sqlite")
    assert list(again.entries()) == [ENTRY]
    assert again.parts(ENTRY.path) == {Part(1, "etag"): 2**63 + 42}
    again.close()


def test_what_is_written_is_committed_at_once(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    journal.write([ENTRY])
    other = sqlite3.connect(tmp_path / "j.sqlite")
    assert other.execute("SELECT state FROM file").fetchall() == [("uploading",)]
    other.close()
    journal.close()


def test_parts_are_forgotten_with_their_upload(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    journal.write_part(ENTRY.path, Part(1, "etag"), 2**63 + 42)
    journal.write([replace(ENTRY, upload=None)], drop_parts=True)
    assert journal.parts(ENTRY.path) == {}
    journal.close()


def test_a_failed_write_leaves_nothing_half_done(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    broken = replace(ENTRY, path="b.svs", key=None)  # type: ignore[arg-type] # what SQLite refuses
    with pytest.raises(SettingsError, match=r"j\.sqlite cannot be used"):
        journal.write([ENTRY, broken])
    assert list(journal.entries()) == []
    journal.write([ENTRY])
    assert journal.entry(ENTRY.path) == ENTRY
    journal.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes names that are no text")
def test_names_that_are_no_text_are_kept_exactly(tmp_path: Path) -> None:
    odd = replace(ENTRY, path=os.fsdecode(b"\xff\n.svs"))
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    journal.write([odd])
    assert journal.entry(odd.path) == odd
    assert list(journal.known()) == [odd.path]
    journal.close()


@pytest.mark.parametrize(
    "change", [{"bucket": "other"}, {"source": "s-2"}, {"endpoint": "http://x"}]
)
def test_a_journal_is_refused_for_what_it_is_not_about(
    tmp_path: Path, change: dict[str, str]
) -> None:
    identity = Identity(folder=tmp_path, bucket="archive", source="scanner-1")
    Journal(tmp_path / "j.sqlite", identity).close()
    other = replace(identity, **change)  # type: ignore[arg-type] # all three are text
    assert other.file_name() != identity.file_name()
    with pytest.raises(SettingsError, match="give another with --journal"):
        Journal(tmp_path / "j.sqlite", other)


def test_a_journal_goes_on_for_a_folder_that_was_moved_and_says_so(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "old", tmp_path / "j.sqlite")
    journal.lock()
    assert journal.moved_from is None
    journal.write([ENTRY])
    journal.close()
    moved = open_journal(tmp_path / "new", tmp_path / "j.sqlite")
    assert moved.moved_from == str(tmp_path / "old")
    moved.lock()
    assert moved.entry(ENTRY.path) == ENTRY
    moved.close()
    again = open_journal(tmp_path / "new", tmp_path / "j.sqlite")
    assert again.moved_from is None
    again.close()


def test_a_look_at_a_moved_journal_changes_nothing(tmp_path: Path) -> None:
    open_journal(tmp_path / "old", tmp_path / "j.sqlite").close()
    open_journal(tmp_path / "new", tmp_path / "j.sqlite").close()
    unchanged = open_journal(tmp_path / "old", tmp_path / "j.sqlite")
    assert unchanged.moved_from is None
    unchanged.close()


def test_two_runs_of_one_folder_do_not_meet(tmp_path: Path) -> None:
    first = open_journal(tmp_path, tmp_path / "j.sqlite")
    first.lock()
    second = open_journal(tmp_path, tmp_path / "j.sqlite")
    with pytest.raises(Conflict, match="another labsight sync of this folder is at work"):
        second.lock()
    second.close()
    first.close()
    third = open_journal(tmp_path, tmp_path / "j.sqlite")
    third.lock()
    third.close()


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "j.sqlite").write_text("a letter to a friend, long enough to be read as a header")
    with pytest.raises(SettingsError, match="file is not a database"):
        open_journal(tmp_path, tmp_path / "j.sqlite")


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    open_journal(tmp_path, tmp_path / "j.sqlite").close()
    database = sqlite3.connect(tmp_path / "j.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(SettingsError, match="written by a newer labsight"):
        open_journal(tmp_path, tmp_path / "j.sqlite")


def test_a_look_needs_little_of_each_entry(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    journal.write([ENTRY])
    told = 10, 20, "uploading", 1, "day/", "digest"
    assert journal.known() == {ENTRY.path: Known(*told, removed=True)}
    journal.write([replace(ENTRY, removed=None)])
    assert journal.known() == {ENTRY.path: Known(*told, removed=False)}
    assert journal.entry("unknown") is None
    journal.close()


def test_entries_are_found_by_state_by_unit_and_by_open_upload(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    unit = replace(ENTRY, path="day/", unit="", upload=None, state=State.UPLOADED)
    alone = replace(ENTRY, path="b.svs", unit="", upload=None, state=State.FAILED)
    journal.write([ENTRY, unit, alone])
    assert list(journal.entries(State.FAILED)) == [alone]
    assert journal.members("day/") == [ENTRY]
    assert journal.open_uploads() == [ENTRY]
    assert [entry.is_unit for entry in journal.entries()] == [False, True, False]
    journal.close()


def test_the_digest_of_members_tells_files_and_revisions() -> None:
    one = members_digest({"a": 1, "b": 2})
    assert one == members_digest({"b": 2, "a": 1})
    assert len({one, members_digest({"a": 1}), members_digest({"a": 2, "b": 1})}) == 3


def test_many_threads_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")

    def write(number: int) -> None:
        for turn in range(20):
            journal.write([replace(ENTRY, path=f"{number}-{turn}.svs")])
            assert journal.entry(f"{number}-{turn}.svs") is not None

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    assert len(journal.known()) == 320
    journal.close()


def former(place: Path, folder: Path) -> None:
    """Write a journal as the first release did."""
    database = sqlite3.connect(place)
    database.executescript("""
        CREATE TABLE journal (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE file (path BLOB PRIMARY KEY, key TEXT NOT NULL, size INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
            upload_id TEXT, attempted TEXT NOT NULL, revision INTEGER NOT NULL DEFAULT 0,
            crc32 INTEGER, changed REAL NOT NULL) WITHOUT ROWID;
        CREATE TABLE part (path BLOB NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL,
            crc32 INTEGER NOT NULL, PRIMARY KEY (path, number)) WITHOUT ROWID;
        PRAGMA user_version = 1;
    """)
    identity = Identity(folder=folder, bucket="archive", source="scanner-1")
    database.executemany("INSERT INTO journal VALUES (?, ?)", identity.rows().items())
    database.executemany(
        "INSERT INTO file VALUES (?, ?, 10, 20, ?, '', ?, ?, ?, ?, 1.0)",
        [
            (b"done.svs", "slides/scanner-1/done.svs", "uploaded", None, "", 1, 5),
            (b"begun.svs", "slides/scanner-1/begun.svs", "uploading", "u-1", "5 6", 0, None),
        ],
    )
    database.execute("INSERT INTO part VALUES (?, 1, 'e', 5)", (b"begun.svs",))
    database.commit()
    database.close()


def test_a_journal_of_the_first_release_goes_on(tmp_path: Path) -> None:
    former(tmp_path / "j.sqlite", tmp_path)
    for _ in range(2):
        journal = open_journal(tmp_path, tmp_path / "j.sqlite")
        done, begun = journal.entry("done.svs"), journal.entry("begun.svs")
        assert done is not None
        assert begun is not None
        assert (done.state, done.revision, done.crc64) == (State.UPLOADED, 1, None)
        assert (begun.state, begun.upload, begun.attempted) == (
            State.UPLOADING,
            None,
            frozenset({0}),
        )
        assert journal.parts("begun.svs") == {}
        journal.close()


def test_two_programs_may_take_over_an_old_journal_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former(tmp_path / "j.sqlite", tmp_path)
    make = Commits.make

    def overtaken(commits: Commits, change: Change) -> None:
        monkeypatch.setattr(Commits, "make", make)
        open_journal(tmp_path, tmp_path / "j.sqlite").close()
        make(commits, change)

    monkeypatch.setattr(Commits, "make", overtaken)
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    assert {entry.path for entry in journal.entries()} == {"done.svs", "begun.svs"}
    journal.close()
