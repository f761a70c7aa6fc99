"""How a figure is judged against its bar, and how the report tells it."""

import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench import __main__ as program
from bench.effort import Effort
from bench.folders import NotMeasured
from bench.report import HEADS, Bar, Figure, summary, table, unmeasured, write_json

RATIO = Bar(what="stored tile", against="a peer", least=200)
TIME = Bar(what="screen", most=30, unit="ms")


@pytest.mark.parametrize(
    ("bar", "value", "met"),
    [
        (RATIO, 200.0, True),
        (RATIO, 199.9, False),
        (RATIO, None, False),
        (RATIO, float("nan"), False),
        (TIME, 30.0, True),
        (TIME, 30.1, False),
        (TIME, None, False),
        (TIME, float("nan"), False),
    ],
)
def test_a_figure_meets_its_bar_or_misses_it(bar: Bar, value: float | None, met: bool) -> None:
    assert Figure(bar=bar, value=value).met is met


def test_the_table_tells_figure_bar_and_verdict_of_each_line() -> None:
    figures = [
        Figure(bar=RATIO, value=412.345, ours="0.009 ms", peer="3.6 ms"),
        Figure(bar=TIME, value=31.24),
        Figure(bar=TIME, value=None, why="install it"),
    ]
    head, *rows = table(figures).splitlines()
    assert head.split() == list(HEADS)
    assert rows[0].split("  ")[-1] == "met"
    assert all(text in rows[0] for text in ("0.009 ms", "a peer: 3.6 ms", "412x", "at least 200x"))
    assert "31.2 ms" in rows[1]
    assert "at most 30 ms" in rows[1]
    assert rows[1].endswith("  MISSED")
    assert rows[2].endswith("  MISSED, not measured: install it")
    assert summary(figures) == "1 of 3 bars met, 2 missed"


def test_what_is_not_counted_is_told_and_misses_nothing() -> None:
    figures = [
        Figure(bar=RATIO, value=300.0),
        Figure(bar=TIME, value=None, why="rclone is not installed", counted=False),
    ]
    assert table(figures).endswith("  not counted: rclone is not installed")
    assert summary(figures) == "1 of 1 bars met, 0 missed"


def test_the_columns_of_the_table_are_aligned() -> None:
    rows = table([Figure(bar=RATIO, value=1.5), Figure(bar=TIME, value=2.0)]).splitlines()
    assert len({row.index("at ") for row in rows[1:]}) == 1


def test_a_bar_without_a_figure_counts_as_missed() -> None:
    found = [Figure(bar=RATIO, value=300.0)]
    (missing,) = unmeasured([RATIO, TIME], found, "the peer is not there")
    assert missing.bar == TIME
    assert not missing.met
    assert "the peer is not there" in missing.cells[-1]


def test_the_figures_are_written_for_machines(tmp_path: Path) -> None:
    write_json([Figure(bar=RATIO, value=250.0, ours="a")], tmp_path / "figures.json")
    (told,) = json.loads((tmp_path / "figures.json").read_text())
    assert told["met"] is True
    assert told["value"] == 250.0
    assert told["bar"]["what"] == "stored tile"


class _Lines:
    """Stands for a file of bench.lines."""

    def __init__(self, bars: Sequence[Bar], error: Exception | None = None) -> None:
        self.BARS = bars
        self._error = error

    def measure(self, effort: Effort) -> Iterator[Figure]:
        assert not effort.quick
        if self._error:
            raise self._error
        yield from (Figure(bar=bar, value=100.0) for bar in self.BARS)


@pytest.mark.parametrize("error", [None, NotMeasured("apt-get it"), ValueError("odd")], ids=str)
def test_the_program_ends_with_1_when_a_bar_is_missed(
    error: Exception | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(["--only", "stored"], lambda _: _Lines([RATIO, TIME], error)) == 1
    told = capsys.readouterr().out
    assert told.count("MISSED") == 2
    assert not error or told.count(str(error)) == 2


def test_the_program_ends_with_0_when_every_bar_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    bars = [Bar(what="one", least=99)]
    assert program.main(["--only", "stored,http"], lambda _: _Lines(bars)) == 0
    assert "2 of 2 bars met, 0 missed" in capsys.readouterr().out


def test_an_unknown_line_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(["--only", "stored,teleport"])
    assert ended.value.code == 2
    assert "there is no teleport among the lines of slides: stored," in capsys.readouterr().err


def test_sending_is_measured_when_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def load(name: str) -> _Lines:
        asked.append(name)
        return _Lines([Bar(what=name, least=1)])

    assert program.main(["--of", "sync"], load) == 0
    assert asked == list(program.SETS["sync"])
    assert program.main([], load) == 0
    assert asked == [*program.SETS["sync"], *program.SETS["slides"]]
    with pytest.raises(SystemExit):
        program.main(["--of", "sync", "--only", "stored"])
    assert "there is no stored among the lines of sync" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for names in program.SETS.values() for name in names])
def test_every_file_of_lines_says_what_it_shows(name: str) -> None:
    module = importlib.import_module(f"bench.lines.{name}")
    assert module.BARS
    assert all((bar.least is None) != (bar.most is None) for bar in module.BARS)
