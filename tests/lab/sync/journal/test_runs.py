"""The journal remembers its runs: the last ones, also those that were killed."""

from contextlib import closing
from pathlib import Path

import pytest

from labsight_lab.sync.journal import runs
from labsight_lab.sync.journal.problems import Found, kept
from labsight_lab.sync.journal.runs import RunLog, latest
from tests.lab.support import open_journal


def test_a_run_tells_when_it_looked_what_it_sent_and_how_it_ended(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    run = RunLog(journal)
    run.looked(files=3, bytes=30, trouble="no network")
    (alive,) = latest(journal)
    assert (alive.ended, alive.files, alive.bytes, alive.trouble) == (None, 3, 30, "no network")
    assert alive.looked is not None
    assert alive.looked >= alive.began
    run.ended(1)
    (over,) = latest(journal)
    assert (over.exit_code, over.trouble, over.files) == (1, "", 3)
    assert over.ended is not None
    journal.close()


def test_the_newest_run_comes_first_and_old_ones_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT", 3)
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    for number in range(5):
        RunLog(journal).ended(number)
    assert [run.exit_code for run in latest(journal, 10)] == [4, 3, 2]
    journal.close()


def test_what_is_told_may_hold_names_that_are_no_text(tmp_path: Path) -> None:
    name = "s1/\udcff\x1b.dat"
    with closing(open_journal(tmp_path, tmp_path / "j.sqlite")) as journal:
        run = RunLog(journal)
        problems = {name: Found("unfinished", f"{name}: it is empty")}
        run.looked(files=0, bytes=0, trouble=name, problems=problems)
        assert not run.is_news(problems)
        run.ended(1, name)
        (told,) = kept(journal)
        assert (told.path, told.reason) == (name, r"s1/\udcff\x1b.dat: it is empty")
        assert latest(journal)[0].trouble == r"s1/\udcff\x1b.dat"


def test_a_look_tells_what_waits_and_what_is_wrong(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, tmp_path / "j.sqlite")
    run = RunLog(journal)
    found = {"a.svs": Found("failed", "503")}
    assert run.is_news(found)
    run.looked(files=0, bytes=0, waiting=4, problems=found)
    assert not run.is_news(found)
    assert latest(journal)[0].waiting == 4
    run.looked(files=1, bytes=7)
    assert [one.path for one in kept(journal)] == ["a.svs"], "nothing new was said of them"
    run.looked(files=1, bytes=7, problems={})
    assert kept(journal) == []
    journal.close()
