"""The bar: how far it is, how fast, what is under way; in 80 columns."""

import io

import pytest
from rich.console import Console

from labsight_lab.sync.telling.bar import Bar
from labsight_lab.sync.telling.progress import display_for


def drawn(bar: Bar, width: int = 80) -> list[str]:
    """Return what the bar shows on a terminal of some width."""
    out = io.StringIO()
    bar._console = Console(file=out, width=width, force_terminal=True, color_system=None)
    bar._console.print(bar._drawn())
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.fixture
def bar() -> Bar:
    made = Bar()
    made._files, made._total = 2000, 4_500_000_000
    return made


def test_it_fits_into_80_columns(bar: Bar) -> None:
    bar.moved(1_200_000_000, 12, ["a.svs 45 %", "b/" + "x" * 100 + ".svs 3 %"])
    first, second, third = drawn(bar)
    assert first.startswith("12 of 2,000 files  ")
    assert "1.2 GB of 4.5 GB" in first
    assert max(map(len, (first, second, third))) <= 80
    assert second == "  a.svs 45 %"
    assert third.startswith("  ...xxx")
    assert third.endswith("x.svs 3 %")


def test_more_names_than_three_are_counted(bar: Bar) -> None:
    bar.moved(1, 0, [f"{n}.svs 1 %" for n in range(64)])
    assert drawn(bar)[1:] == ["  0.svs 1 %", "  1.svs 1 %", "  2.svs 1 %", "  and 61 more"]


def test_a_file_name_is_no_markup(bar: Bar) -> None:
    bar.moved(1, 0, ["[bold]a.svs[/bold] 1 %"])
    assert drawn(bar)[1] == "  [bold]a.svs[/bold] 1 %"


def test_who_counts_no_files_is_told_of_all(bar: Bar) -> None:
    bar.moved(1)
    assert drawn(bar)[0].startswith("2,000 files  ")


def test_a_terminal_gets_a_bar_and_names_above_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    display = display_for(as_json=False)
    assert isinstance(display, Bar)
    for _ in range(2):
        display.begin(2, 100)
        display.begin(3, 150)
        display.moved(50, 1, ["a.svs 50 %"])
        display.say("sent [bold]a.svs[/bold]")
        display.end()
        display.end()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("sent [bold]a.svs[/bold]") == 2
