"""The journal remembers over runs, refuses what is not its own, and keeps two runs apart."""

import os
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from labsight.errors import Conflict, SettingsError
from labsight_lab.sync.journal.journal import Entry, Identity, Journal, State
from labsight_lab.sync.sending.archive import Part
from labsight_lab.sync.sending.source import Fingerprint
from tests.lab.support import open_journal

ENTRY = Entry(
    path="day/a.svs",
    key="slides/scanner-1/day/a.svs",
    fingerprint=Fingerprint(10, 20),
    state=State.UPLOADING,
    reason="",
    upload="u-1",
    attempted=frozenset({7, 3_000_000_000}),
    revision=1,
    crc32=7,
)


def test_what_is_written_is_there_after_the_next_start(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    journal.write([ENTRY])
    journal.write_part(ENTRY.path, Part(1, "etag"), 42)
    journal.close()
    again = open_journal(tmp_path, tmp_path / "j.sqlite")
    assert again.entries() == {ENTRY.path: ENTRY}
    assert again.parts(ENTRY.path) == {Part(1, "etag"): 42}
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
    journal.write_part(ENTRY.path, Part(1, "etag"), 42)
    journal.write([replace(ENTRY, upload=None)], drop_parts=True)
    assert journal.parts(ENTRY.path) == {}
    journal.close()


def test_a_failed_write_leaves_nothing_half_done(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    broken = replace(ENTRY, path="b.svs", key=None)  # type: ignore[arg-type] # what SQLite refuses
    with pytest.raises(SettingsError, match=r"j\.sqlite cannot be used"):
        journal.write([ENTRY, broken])
    assert journal.entries() == {}
    journal.write([ENTRY])
    assert set(journal.entries()) == {ENTRY.path}
    journal.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes names that are no text")
def test_names_that_are_no_text_are_kept_exactly(tmp_path: Path) -> None:
    odd = replace(ENTRY, path=os.fsdecode(b"\xff\n.svs"))
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    journal.write([odd])
    assert journal.entries() == {odd.path: odd}
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
    assert moved.entries() == {ENTRY.path: ENTRY}
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
