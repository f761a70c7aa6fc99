"""Times and sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight_lab.settings import amounts


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("90s", 90),
        ("90", 90),
        (" 1.5 h ", 5400),
        ("10m", 600),
        ("10 min", 600),
        ("24h", 86_400),
        ("30d", 2_592_000),
        ("0.25s", 0.25),
        ("30D", 2_592_000),
    ],
)
def test_a_time_is_read_in_seconds(text: str, value: float) -> None:
    assert amounts.seconds(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("96 MiB", 96 << 20),
        ("96mib", 96 << 20),
        ("1.5 GB", 1_500_000_000),
        ("512 KiB", 512 << 10),
        ("100", 100),
        ("100 B", 100),
        ("1 kB", 1000),
    ],
)
def test_a_size_is_read_in_bytes(text: str, value: int) -> None:
    assert amounts.count_bytes(text) == value


@pytest.mark.parametrize("text", ["", "fast", "-1s", "1 year", "1e9", "10 h 5", "1,5h", "9" * 99])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidInput, match="a time such as 90s, 10m, 24h or 30d"):
        amounts.seconds(text)


@pytest.mark.parametrize("text", ["", "much", "-1 B", "96 M", "1 PB"])
def test_what_is_no_size_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidInput, match="a size such as 512 KiB, 96 MiB"):
        amounts.count_bytes(text)


@given(st.integers(0, int(amounts.LONGEST_S) * 1000).map(lambda count: count / 1000))
def test_a_written_time_is_read_back(value: float) -> None:
    assert amounts.seconds(amounts.written_seconds(value)) == value


@given(st.integers(0, 10**15 - 1))
def test_a_written_size_is_read_back(value: int) -> None:
    assert amounts.count_bytes(amounts.written_bytes(value)) == value


@pytest.mark.parametrize("text", ["0.9s", "3651d"])
def test_a_time_is_within_bounds(text: str) -> None:
    with pytest.raises(InvalidInput, match="30d, from 1s to ten years"):
        amounts.seconds(text, least=1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(86_400.0, "1d"), (5400.0, "90m"), (90.0, "90s"), (0.0, "0s"), (0.1, "0.1s")],
)
def test_a_time_is_written_in_its_largest_whole_unit(value: float, text: str) -> None:
    assert amounts.written_seconds(value) == text


def test_a_size_is_written_in_its_largest_whole_unit() -> None:
    assert [amounts.written_bytes(n) for n in (96 << 20, 1000, 1001, 0)] == [
        "96 MiB",
        "1 kB",
        "1001 B",
        "0 B",
    ]
