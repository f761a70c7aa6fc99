"""What a run did, as people and machines read it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from labsight_lab.sync.look.plan import Plan, Problem
from labsight_lab.sync.telling.progress import Lines, Meter, Silent, display_for
from labsight_lab.sync.telling.report import Report, Sent


def report() -> Report:
    return Report(
        Path("/slides"),
        "archive",
        "scanner-1",
        uploaded=[Sent("a.svs", "slides/scanner-1/a.svs", 2_000_000)],
        existing={"b.svs": "its answer was lost"},
        unfinished={"c.svs": "still being written"},
        failed={"d\x1b[2J.svs": "cannot be read"},
        conflicts={"e.svs": "taken"},
        unchanged=1200,
        skipped=Counter({"hidden": 7}),
        skipped_names=[Problem(f".{n}", "hidden") for n in range(7)],
        seconds=61,
    )


def test_the_summary_names_everything_that_needs_somebody() -> None:
    assert report().summary().splitlines() == [
        "sent 1 file, 2.0 MB in 1 min 01 s; 1,200 unchanged, 7 skipped",
        "not proven to be in the archive (1):",
        "  b.svs: its answer was lost",
        "not finished, left for the next run (1):",
        "  c.svs: still being written",
        "failed (1):",
        "  d\\x1b[2J.svs: cannot be read",
        "conflicts, nothing was overwritten (1):",
        "  e.svs: taken",
        "skipped, hidden (7): .0, .1, .2, .3, .4, ...",
    ]


def test_a_dry_run_lists_what_it_would_send_and_where() -> None:
    planned = Report(Path("/slides"), "archive", "s-1", dry_run=True)
    planned.planned.append(Sent("a.svs", "slides/s-1/a.svs", 1000))
    assert planned.summary().splitlines() == [
        "would send 1 file, 1.0 kB; 0 unchanged, 0 skipped",
        "  a.svs -> slides/s-1/a.svs (1.0 kB)",
    ]


def test_the_document_is_json_and_holds_the_same() -> None:
    document = json.loads(json.dumps(report().document()))
    assert document["uploaded"] == [
        {"path": "a.svs", "key": "slides/scanner-1/a.svs", "bytes": 2_000_000}
    ]
    assert document["failed"] == [{"path": "d\\x1b[2J.svs", "reason": "cannot be read"}]
    assert document["skipped"]["by_reason"] == {"hidden": 7}
    assert (document["unchanged"], document["bytes"]) == (1200, 2_000_000)
    assert (document["seconds"], document["exit_code"]) == (61, 1)


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
    one = Report(Path("/slides"), "archive", "scanner-1")
    for name, value in change.items():
        setattr(one, name, value)
    assert one.exit_code == code


def test_a_new_pass_forgets_what_is_solved_and_keeps_what_waits() -> None:
    one = report()
    one.failed = {"solved.svs": "503", "waits.svs": "503"}
    one.begin_pass(Plan(unchanged={"a.svs", "old.svs"}), {"waits.svs"})
    assert one.failed == {"waits.svs": "503"}
    assert (one.unfinished, one.conflicts) == ({}, {})
    assert one.unchanged == 1, "what this run sent is not counted as unchanged"


def test_lines_tell_rate_and_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("labsight_lab.sync.telling.progress.time.monotonic", lambda: now[0])
    meter = Meter(Lines())
    meter.begin(2, 40_000_000)
    now[0] += 29
    meter.moved("a.svs", 1)
    now[0] += 1
    meter.moved("a.svs", 10_000_000)
    now[0] += 1
    meter.moved("b.svs", 10_000_000)
    meter.end()
    assert capsys.readouterr().out.splitlines() == [
        "sending 2 files, 40.0 MB",
        "10.0 MB of 40.0 MB, 333.3 kB/s, about 1 min 30 s left",
    ]


def test_a_json_run_shows_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    display = display_for(as_json=True)
    assert isinstance(display, Silent)
    display.begin(1, 1)
    display.say("sent")
    display.end()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_and_names_above_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    display = display_for(as_json=False)
    display.begin(2, 100)
    display.moved(50)
    display.say("sent [bold]a.svs[/bold]")
    display.end()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2 files" in shown.err
    assert "sent [bold]a.svs[/bold]" in shown.err, "a file name is no markup"
