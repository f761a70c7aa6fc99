"""Lines for logs, a bar for a terminal, nothing beside JSON or where nobody sees it."""

import io
import re
import sys

import pytest

from labsight_lab.sync.telling import pace
from labsight_lab.sync.telling.progress import Lines, Silent, display_for


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time for all that measures a pace; it may be moved."""
    now = [100.0]
    made = pace.Pace
    monkeypatch.setattr("labsight_lab.sync.telling.progress.Pace", lambda: made(lambda: now[0]))
    return now


def test_lines_tell_rate_and_time_left(clock: list[float]) -> None:
    out = Terminal()
    lines = Lines(out=out)
    lines.begin(2, 40_000_000)
    clock[0] += 30
    lines.moved(10_000_000, 1, ["a.svs 50 %"])
    assert out.getvalue().splitlines() == [
        "to send: 2 files, 40.0 MB",
        "1 of 2 files, 10.0 MB of 40.0 MB, 333.3 kB/s, about 1 min 30 s left",
    ]


def test_who_counts_no_files_is_told_of_bytes(clock: list[float]) -> None:
    out = Terminal()
    lines = Lines("to verify", out)
    lines.begin(2, 40)
    clock[0] += 10
    lines.moved(20)
    assert out.getvalue().splitlines() == [
        "to verify: 2 files, 40 B",
        "20 B of 40 B, 2 B/s, about 10 s left",
    ]


def test_away_from_a_terminal_lines_begin_with_the_time() -> None:
    out = io.StringIO()
    Lines(out=out).say("hello")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d hello\n", out.getvalue())


def test_one_small_file_is_not_announced_and_more_of_the_same_only_once() -> None:
    out = Terminal()
    lines = Lines(out=out)
    lines.begin(1, 1000)
    lines.end()
    assert out.getvalue() == ""
    for number in (5, 6, 7):
        lines.begin(number, number * 1000)
    assert out.getvalue() == "to send: 5 files, 5.0 kB\n"
    lines.end()
    lines.begin(1, 200_000_000)
    assert out.getvalue().endswith("to send: 1 file, 200.0 MB\n")


def test_a_reader_that_has_gone_stops_nothing() -> None:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    Lines(out=Broken()).say("hello")
    closed = io.StringIO()
    closed.close()
    Lines(out=closed).say("hello")


def test_a_json_run_shows_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    display = display_for(as_json=True)
    assert isinstance(display, Silent)
    display.begin(1, 1)
    display.moved(1, 1, ["a"])
    display.say("sent")
    display.end()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("missing", ["stdout", "stderr"])
def test_a_program_without_a_window_shows_nothing(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, missing, None)
    display = display_for(as_json=False)
    assert isinstance(display, Silent if missing == "stdout" else Lines)
