"""What is wrong is news once, and once more when it is over."""

from pathlib import Path

import pytest

from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.telling.kinds import Kind
from labsight_lab.sync.telling.standing import Change, Standing
from tests.lab.support import write
from tests.lab.sync.telling.made import closed, ended, lone, look, report, unit
from tests.lab.windows_paths import DEEP, take_paths_as_windows


def new(change: Change) -> list[tuple[str, Kind]]:
    return [(one.path, one.kind) for one in change.new]


def over(change: Change) -> list[tuple[str, str]]:
    return [(one.path, how) for one, how in change.over]


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    return Standing(tmp_path)


def test_a_problem_of_the_look_is_new_once(standing: Standing) -> None:
    told = report(conflicts={"c.svs": "taken"}, unfinished={"u.svs": "cut off"})
    assert new(standing.look(look(told))) == [
        ("c.svs", Kind.CONFLICT),
        ("u.svs", Kind.UNFINISHED),
    ]
    told.conflicts["c.svs"] = "still taken"
    assert new(standing.look(look(told))) == []
    assert standing.problems["c.svs"].reason == "still taken"


def test_a_folder_that_can_be_read_again_is_no_problem_any_more(
    standing: Standing, tmp_path: Path
) -> None:
    folder = str(tmp_path)
    standing.look(look(report(failed={folder: "the folder cannot be read"})))
    assert over(standing.look(look(report()))) == [(folder, "solved")]


def test_what_is_only_young_is_no_problem(standing: Standing) -> None:
    told = report()
    told.leave("a.svs", "too young", 1.0)
    assert new(standing.look(look(told, waiting={"a.svs": 3.0}))) == []


def test_the_end_of_a_file_is_news_at_once_and_not_again_at_the_look(standing: Standing) -> None:
    told = report()
    outcome = ended("a.svs", Result.FAILED, "503")
    told.add(outcome)
    assert new(standing.end(outcome)) == [("a.svs", Kind.FAILED)]
    assert new(standing.end(outcome)) == []
    assert standing.look(look(told)) == Change()


def test_another_kind_of_problem_is_news(standing: Standing) -> None:
    standing.look(look(report(unfinished={"a.svs": "cut off"})))
    change = standing.look(look(report(failed={"a.svs": "cut off for a day"})))
    assert (new(change), over(change)) == ([("a.svs", Kind.FAILED)], [])


@pytest.mark.parametrize(("result", "how"), [(Result.UPLOADED, "sent"), (Result.SAME, "known")])
def test_what_arrives_is_over(standing: Standing, result: Result, how: str) -> None:
    standing.end(ended("a.svs", Result.UNFINISHED, "cut off"))
    assert over(standing.end(ended("a.svs", result))) == [("a.svs", how)]
    assert over(standing.end(ended("a.svs", result))) == []


def test_a_unit_that_is_closed_ends_the_problems_of_its_parts(standing: Standing) -> None:
    standing.end(ended("a/s1/", Result.UNFINISHED, "lacks a/s1/1.dat"))
    standing.end(ended("a/s1/0.dat", Result.FAILED, "503", place="a/s1/"))
    standing.end(ended("b.svs", Result.FAILED, "503"))
    assert over(standing.end(ended("a/s1/0.dat", place="a/s1/"))) == [("a/s1/0.dat", "sent")]
    standing.end(ended("a/s1/0.dat", Result.FAILED, "503", place="a/s1/"))
    change = standing.end(closed(unit()))
    assert sorted(over(change)) == [("a/s1/", "sent"), ("a/s1/0.dat", "sent")]
    assert list(standing.problems) == ["b.svs"]


def test_what_is_tried_again_or_written_again_is_not_over(standing: Standing) -> None:
    standing.end(ended("a.svs", Result.FAILED, "503"))
    standing.end(ended("a/s1/0.dat", Result.FAILED, "503", place="a/s1/"))
    change = standing.look(look(report(), begun=[lone("a.svs")], waiting={"a/s1/": 5.0}))
    assert change == Change()
    assert set(standing.problems) == {"a.svs", "a/s1/0.dat"}


def test_what_is_gone_is_over_and_what_is_there_is_solved(
    standing: Standing, tmp_path: Path
) -> None:
    write(tmp_path / "here.svs", b"x")
    standing.look(look(report(failed={"here.svs": "two names", "gone.svs": "two names"})))
    assert sorted(over(standing.look(look(report())))) == [
        ("gone.svs", "gone"),
        ("here.svs", "solved"),
    ]


def test_what_lies_deep_is_not_gone(
    standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / DEEP, b"x")
    take_paths_as_windows(monkeypatch)
    standing.look(look(report(failed={DEEP: "two names"})))
    assert over(standing.look(look(report()))) == [(DEEP, "solved")]


def test_a_file_that_changed_while_it_was_sent_is_no_problem(standing: Standing) -> None:
    assert standing.end(ended("a.svs", Result.CHANGED, "it changed")) == Change()
