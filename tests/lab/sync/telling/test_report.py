"""What a run did is counted over all of its looks."""

from collections import Counter

import pytest

from labsight_lab.sync.look.plan import Pending, Plan
from labsight_lab.sync.look.scan import Problem, Skipped
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.telling.report import Slide
from tests.lab.sync.telling.made import closed, ended, lone, report, unit


def plan(*pending: Pending, **about: object) -> Plan:
    made = Plan(pending=list(pending))
    for name, value in about.items():
        setattr(made, name, value)
    return made


def no_reason(_: str) -> str:
    return ""


def test_files_slides_and_bytes_are_counted_without_what_labsight_makes() -> None:
    one, slide = report(), unit(sizes=(10, 20, 30))
    one.add(ended("b.svs", size=5))
    for seen in slide.unsettled:
        one.add(ended(seen.path, place="a/s1/", size=seen.size))
    one.add(closed(slide))
    assert (one.sent_slides, one.sent_files, one.sent_bytes, one.bytes) == (2, 4, 65, 65)
    assert list(one.units) == [
        Slide("a/s1.mrxs with 2 more files", "slides/s/a/s1/unit.json", "mrxs", 3, 60)
    ]
    assert [sent.path for sent in one.uploaded][-1] == "a/s1/unit.json"


def test_a_dry_run_plans_files_and_slides() -> None:
    one, slide = report(dry_run=True), unit(sizes=(10, 20, 30))
    one.plan(lone("Fall 50%.svs", 5))
    one.plan(Pending(group=slide.group, unsettled=slide.unsettled[1:]))
    assert [(sent.path, sent.size) for sent in one.planned] == [
        ("Fall 50%.svs", 5),
        ("a/s1/0.dat", 20),
        ("a/s1/1.dat", 30),
    ]
    assert [(slide.key, slide.files, slide.size) for slide in one.slides] == [
        ("slides/scanner-1/Fall 50%25.svs", 1, 5),
        ("slides/scanner-1/a/s1/unit.json", 2, 50),
    ]
    assert one.bytes == 55


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 0),
        ({"unfinished": {"a": "b"}}, 0),
        ({"existing": {"a": "b"}}, 1),
        ({"failed": {"a": "b"}}, 1),
        ({"conflicts": {"a": "b"}}, 1),
        ({"interrupted": True, "failed": {"a": "b"}}, 130),
    ],
)
def test_the_exit_code_follows_what_happened(change: dict[str, object], code: int) -> None:
    one = report()
    for name, value in change.items():
        setattr(one, name, value)
    assert one.exit_code == code


def test_a_failure_stays_while_it_is_tried_again_and_goes_when_it_is_over() -> None:
    one = report()
    one.add(ended("a.svs", Result.FAILED, "503"))
    one.add(ended("b.svs", Result.FAILED, "503"))
    one.begin_look(plan(lone("a.svs")), no_reason)
    assert one.failed == {"a.svs": "503"}, "b.svs is not there any more"
    one.add(ended("a.svs"))
    assert one.failed == {}


def test_what_becomes_of_a_unit_goes_for_its_parts() -> None:
    one, slide = report(), unit()
    one.add(ended("a/s1/0.dat", Result.FAILED, "503", place="a/s1/"))
    assert one.place_of("a/s1/0.dat") == "a/s1/"
    one.begin_look(plan(slide), no_reason)
    assert list(one.failed) == ["a/s1/0.dat"]
    one.add(ended("a/s1/", Result.UNFINISHED, "lacks a/s1/1.dat"))
    assert (one.failed, list(one.unfinished)) == ({}, ["a/s1/"])


def test_a_failed_file_that_is_written_again_is_only_young() -> None:
    one = report()
    one.add(ended("a.svs", Result.FAILED, "cut off"))
    one.begin_look(plan(lone("a.svs")), no_reason)
    one.leave("a.svs", "young", 1000.0)
    assert (one.failed, one.unfinished, one.until) == (
        {},
        {"a.svs": "young"},
        {"a.svs": 1000.0},
    )
    one.begin_look(plan(lone("a.svs")), no_reason)
    assert (one.unfinished, one.until) == ({}, {})


def test_a_look_brings_problems_and_conflicts_with_their_reasons() -> None:
    one = report()
    told = plan(problems=[Problem("x", "two names")], conflicts=["c.svs"], unchanged=12)
    told.skipped = Skipped(Counter({"hidden": 7}))
    one.add(ended("sent.svs"))
    one.begin_look(told, lambda path: f"{path} is taken")
    assert one.failed == {"x": "two names"}
    assert one.conflicts == {"c.svs": "c.svs is taken"}
    assert one.unchanged == 11, "what this run sent is not counted as unchanged"


def test_what_was_only_touched_is_unchanged() -> None:
    one = report()
    one.add(ended("a.svs", Result.SAME))
    one.add(ended("b.svs", Result.EXISTS, "not proven"))
    assert (one.unchanged, one.sent_files, one.existing) == (1, 0, {"b.svs": "not proven"})
