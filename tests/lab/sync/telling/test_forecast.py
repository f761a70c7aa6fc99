"""How long sending takes when a limit follows the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight_lab.sync.sending.timetable import parse
from labsight_lab.sync.telling.forecast import at_limit, time_to_send

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = 3600


@pytest.mark.parametrize(
    ("limit", "size", "seconds"),
    [
        ("1MB", 0, 0),
        ("1MB", 60_000_000, 60),
        ("off", 10**15, 0),
        ("07:00-19:00 1MB, else off", 10**15, 7 * HOUR),
        ("07:00-19:00 1MB, else 2MB", 1_000_000 * 8 * HOUR, 7.5 * HOUR),
        ("07:00-19:00 pause, else 1MB", 1_000_000 * HOUR, 8 * HOUR),
        ("12:00-13:00 1MB, else pause", 1_000_000 * HOUR * 3, 49 * HOUR),
    ],
)
def test_the_limit_of_each_hour_counts(limit: str, size: int, seconds: float) -> None:
    taken = time_to_send(parse(limit), size, NOON, UTC)
    assert taken == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("limit", "size"),
    [("pause", 1), ("256kbit", 10**13), ("12:00-12:01 256kbit, else pause", 10**9)],
)
def test_what_takes_more_than_a_year_is_not_counted_to_the_end(limit: str, size: int) -> None:
    assert time_to_send(parse(limit), size, NOON, UTC) is None


def test_an_hour_that_the_clock_skips_is_not_waited_for() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight there; from 2:00 it is 3:00
    taken = time_to_send(parse("00:00-06:00 pause, else 1MB"), 1_000_000, before, berlin)
    assert taken == timedelta(hours=5, seconds=1)


@settings(max_examples=50)
@given(st.integers(0, 10**11), st.integers(0, 10**11), st.integers(0, 47))
def test_more_takes_longer_and_in_two_goes_as_long_as_in_one(
    first: int, second: int, hour: int
) -> None:
    table = parse("07:00-19:00 20Mbit, 22:00-23:30 pause, else 100Mbit")
    now = NOON + timedelta(hours=hour)
    one = time_to_send(table, first, now, UTC)
    assert one is not None
    rest = time_to_send(table, second, now + one, UTC)
    both = time_to_send(table, first + second, now, UTC)
    assert rest is not None
    assert both is not None
    assert both >= one
    assert abs((one + rest - both).total_seconds()) < 0.01


def test_it_is_told_in_words() -> None:
    assert at_limit("8Mbit", 90_000_000) == 'at least 1 min 30 s at the limit "8Mbit"'
    assert at_limit("pause", 1) == 'more than a year at the limit "pause"'
