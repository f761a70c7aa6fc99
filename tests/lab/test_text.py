"""Names, sizes and times as people read them."""

import pytest

from labsight_lab import text


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Müller 1.svs", "Müller 1.svs"),
        ("\x1b[2J.svs", "\\x1b[2J.svs"),
        ("a\nb.svs", "a\\nb.svs"),
        ("\udcff.svs", "\\udcff.svs"),
        ("a\u202eb.svs", "a\\u202eb.svs"),
    ],
)
def test_a_name_cannot_act_on_the_terminal(name: str, printed: str) -> None:
    assert text.shown(name) == printed


@pytest.mark.parametrize(
    ("count", "written"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_300_000_000, "1.3 GB"), (5e15, "5000.0 TB")],
)
def test_sizes(count: float, written: str) -> None:
    assert text.size(count) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.25, "0.2 s"),
        (12, "12 s"),
        (65, "1 min 05 s"),
        (7500, "2 h 05 min"),
        (100_000, "27 h 46 min"),
        (15 * 86_400 + 3 * 3600, "15 d 03 h"),
    ],
)
def test_durations(seconds: float, written: str) -> None:
    assert text.duration(seconds) == written


@pytest.mark.parametrize(
    ("number", "written"), [(1, "1 file"), (0, "0 files"), (2000, "2,000 files")]
)
def test_counts(number: int, written: str) -> None:
    assert text.count(number, "file") == written
