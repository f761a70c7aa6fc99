"""The journal remembers whose a place is, also when none of the files are here any more."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from labsight_lab.sync.journal.commits import Commits
from labsight_lab.sync.journal.series import SeriesLog
from tests.lab.support import open_journal


def test_the_first_series_of_a_place_stays_its_owner(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    SeriesLog(journal).keep({"a\u0308/series-1/": "1.2", "b.svs": ""})
    SeriesLog(journal).keep({"\u00e4/series-1/": "9.9", "b/series-2/": "3.4"})
    journal.close()
    again = open_journal(tmp_path, tmp_path / "j.sqlite")
    assert SeriesLog(again).known() == {"\u00e4/series-1": "1.2", "b/series-2": "3.4"}
    again.close()


def test_a_folder_whose_name_is_no_text_is_kept(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff/series-1/") if os.name == "posix" else "\ud800/series-1/"
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    SeriesLog(journal).keep({odd: "1.2"})
    assert SeriesLog(journal).known() == {odd[:-1]: "1.2"}
    journal.close()


def test_what_is_known_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    log = SeriesLog(journal)
    log.keep({"a/series-1/": "1.2"})
    with monkeypatch.context() as broken:
        broken.setattr(Commits, "make", lambda *_: pytest.fail("something was written"))
        log.keep({"a/series-1/": "1.2", "b.svs": ""})
    journal.close()


def test_a_journal_from_before_the_places_were_kept_goes_on(tmp_path: Path) -> None:
    open_journal(tmp_path, tmp_path / "j.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "j.sqlite")) as database:
        database.executescript("DROP TABLE series; PRAGMA user_version = 2")
    for _ in range(2):
        journal = open_journal(tmp_path, tmp_path / "j.sqlite")
        SeriesLog(journal).keep({"a/series-1/": "1.2"})
        assert SeriesLog(journal).known() == {"a/series-1": "1.2"}
        journal.close()
