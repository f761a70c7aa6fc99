"""What a run did, as people read it when it ends."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.look.scan import Problem, Skipped
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.telling.document import document
from labsight_lab.sync.telling.kinds import ADVICE, Kind
from labsight_lab.sync.telling.listing import NAMED
from labsight_lab.sync.telling.report import Report
from labsight_lab.sync.telling.summary import slides, summary
from tests.lab.sync.telling.made import closed, ended, lone, report, unit


def full() -> Report:
    one = report(unchanged=1200, seconds=61.0, log=Path("/logs/x.jsonl"))
    one.skipped = Skipped(Counter({"hidden": 7}), [Problem(f".{n}", "hidden") for n in range(7)])
    one.add(ended("a.svs", size=2_000_000))
    one.add(ended("b.svs", Result.EXISTS, "its answer was lost"))
    one.add(ended("c.svs", Result.UNFINISHED, "it ends inside its header"))
    one.add(ended("d\x1b[2J.svs", Result.FAILED, "cannot be read"))
    one.add(ended("e.svs", Result.CONFLICT, "taken"))
    one.leave("young.svs", "too young", datetime(2026, 11, 21, 14, 5, 9).astimezone().timestamp())
    one.notes = ("'x' in the list of ids fits no file",)
    return one


def test_it_names_what_needs_somebody_and_what_to_do() -> None:
    assert summary(full()).splitlines() == [
        "sent 1 file, 2.0 MB in 1 min 01 s; 1,200 unchanged, 7 skipped",
        "still being written, left for the next run (1):",
        "  young.svs: too young; at the earliest at 14:05:09",
        "not finished, left for the next run (1):",
        "  c.svs: it ends inside its header",
        "not proven to be in the archive (1):",
        "  b.svs: its answer was lost",
        "  what to do: `labsight verify` asks the archive and proves it",
        "failed (1):",
        "  d\\x1b[2J.svs: cannot be read",
        f"  what to do: {ADVICE[Kind.FAILED]}",
        "conflict, nothing was overwritten (1):",
        "  e.svs: taken",
        "  what to do: `labsight verify` compares it with what the archive holds",
        "skipped, hidden (7): .0, .1, .2, .3, .4, ...",
        "note: 'x' in the list of ids fits no file",
        "log: /logs/x.jsonl",
    ]


@pytest.mark.parametrize("wide", [60, 80, 120])
def test_it_fits_into_a_terminal_and_keeps_names_in_one_piece(wide: int) -> None:
    one = full()
    name = "a folder with blanks in it/a name that is wider than any terminal has been for years"
    one.failed[name] = "the reason is long, too, " * 5
    lines = summary(one, wide).splitlines()
    assert f"  {name}" in lines
    assert max(len(line) for line in lines if name not in line) <= wide


def test_units_are_told_as_slides_of_several_files() -> None:
    one, slide = report(seconds=2.0), unit(sizes=(10, 20, 30))
    for seen in slide.unsettled:
        one.add(ended(seen.path, place="a/s1/", size=seen.size))
    one.add(closed(slide))
    assert summary(one) == "sent 1 slide (3 files), 60 B in 2.0 s; 0 unchanged, 0 skipped"
    assert slides(2, 27) == "2 slides (27 files)"


def test_a_dry_run_lists_what_it_would_send_and_where() -> None:
    one = report(dry_run=True)
    one.plan(lone("a.svs", 1000))
    one.plan(lone("Fall 50%.svs", 1000))
    one.plan(unit(sizes=(1_000_000, 20, 30)))
    assert summary(one).splitlines() == [
        "to s3://archive/slides/scanner-1/",
        "     size  files  slide -> its place there",
        "   1.0 kB      1  a.svs",
        "   1.0 kB      1  Fall 50%.svs -> Fall 50%25.svs",
        "   1.0 MB      3  a/s1.mrxs with 2 more files -> a/s1/unit.json",
        "would send 3 slides (5 files), 1.0 MB; 0 unchanged, 0 skipped",
    ]


def test_a_row_that_is_too_wide_becomes_two() -> None:
    one = report(dry_run=True)
    one.plan(lone("x" * 40 + "%.svs", 1000))
    lines = summary(one, 80).splitlines()
    assert lines[2:4] == [
        "   1.0 kB      1  " + "x" * 40 + "%.svs",
        " " * 18 + "-> " + "x" * 40 + "%25.svs",
    ]


def test_a_dry_run_tells_how_long_it_takes_at_the_limit() -> None:
    one = report(dry_run=True, limit="1Mbit")
    assert "limit" not in summary(one)
    one.plan(lone("a.svs", 125_000 * 90))
    assert 'would send 1 file, 11.2 MB, at least 1 min 30 s at the limit "1Mbit"; ' in summary(one)


def test_a_very_long_list_is_cut_and_says_so() -> None:
    one = report(dry_run=True)
    for number in range(1003):
        one.plan(lone(f"{number}.svs"))
        one.conflicts[f"c{number}.svs"] = f"taken by c{number + 1}.svs"
    lines = summary(one).splitlines()
    assert [line.strip() for line in lines if line.strip().startswith("and ")] == [
        "and 3 more, which --json names"
    ] * 2


def test_what_is_said_of_many_files_is_said_once() -> None:
    one = report()
    for number in range(2000):
        path = f"{number:04}.svs"
        reason = f"the archive already holds {object_key('scanner-1', path)}, not from here"
        one.add(ended(path, Result.CONFLICT, reason))
    one.add(ended("b.svs", Result.CONFLICT, "the archive holds b.svs, and it is large"))
    assert summary(one).splitlines()[1:] == [
        "conflict, nothing was overwritten (2,001):",
        "  2,000 of them: the archive already holds an object of its name, not from here",
        *(f"    {number:04}.svs" for number in range(NAMED)),
        f"    and {2000 - NAMED:,} more, which --json names",
        "  b.svs: the archive holds b.svs, and it is large",
        "  what to do: `labsight verify` compares it with what the archive holds",
    ]
    told = document(one)["conflicts"]
    assert told[7]["reason"] == (
        "the archive already holds slides/scanner-1/0007.svs, not from here"
    )
    assert len(told) == 2001


def test_an_interrupted_run_says_how_it_goes_on() -> None:
    assert summary(report(interrupted=True)).splitlines()[-1] == (
        "stopped; run the same command again and it goes on where it was"
    )


def test_what_verifying_missed_is_told_first() -> None:
    one = report(lost={"a.svs": "`labsight verify`: there is no object"})
    lines = summary(one).splitlines()
    assert lines[1:3] == [
        "not in the archive any more as it was sent (1):",
        "  a.svs: `labsight verify`: there is no object",
    ]
    assert "--resend" in lines[3]
    assert one.exit_code == 1
    assert document(one)["lost"][0]["path"] == "a.svs"
