"""The timetable of the bandwidth limit: read exactly, and right when clocks are changed."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight_lab.sync.sending.timetable import LEAST, MOST, Timetable, Window, parse

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
MBIT = 125_000
EVERY_DAY = frozenset(range(7))
MINUTE = timedelta(minutes=1)


def at(day: str, clock: str) -> datetime:
    """A time in a week of March 2025 that begins on a Monday."""
    number = ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(day)
    hour, _, minute = clock.partition(":")
    return datetime(2025, 3, 3 + number, int(hour), int(minute), tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("20Mbit", 20 * MBIT),
        ("512kbit", 64_000),
        ("1Gbit", 1000 * MBIT),
        ("2.5MB", 2_500_000),
        ("800KB/s", 800_000),
        ("800 kB", 800_000),
        ("1GB", 1e9),
        ("20 mbit/s", 20 * MBIT),
        ("off", None),
        ("OFF", None),
        ("pause", 0),
        ("else 20Mbit", 20 * MBIT),
        ("  20Mbit  ", 20 * MBIT),
    ],
)
def test_a_rate_alone_holds_always(text: str, rate: float | None) -> None:
    assert parse(text) == Timetable((), rate)


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("07:00-19:00 20Mbit", [Window(EVERY_DAY, 420, 1140, 20 * MBIT)]),
        ("7:00 - 19:00 20Mbit", [Window(EVERY_DAY, 420, 1140, 20 * MBIT)]),
        ("07:00\u201319:00 20Mbit", [Window(EVERY_DAY, 420, 1140, 20 * MBIT)]),
        ("22:00-06:00 pause", [Window(EVERY_DAY, 1320, 1800, 0)]),
        ("00:00-24:00 pause", [Window(EVERY_DAY, 0, 1440, 0)]),
        ("22:00-00:00 pause", [Window(EVERY_DAY, 1320, 1440, 0)]),
        ("Mon-Fri 07:00-19:00 off", [Window(frozenset(range(5)), 420, 1140, None)]),
        ("Sat,Sun 50Mbit", [Window(frozenset({5, 6}), 0, 1440, 50 * MBIT)]),
        ("sat, SUNDAY 50Mbit", [Window(frozenset({5, 6}), 0, 1440, 50 * MBIT)]),
        ("Fri-Mon 50Mbit", [Window(frozenset({4, 5, 6, 0}), 0, 1440, 50 * MBIT)]),
        ("Mon,Wed-Thu 50Mbit", [Window(frozenset({0, 2, 3}), 0, 1440, 50 * MBIT)]),
    ],
)
def test_days_and_times(text: str, windows: list[Window]) -> None:
    assert parse(text) == Timetable(tuple(windows))


def test_several_entries() -> None:
    read = parse("Mon-Fri 07:00-19:00 20Mbit, Sat,Sun 50Mbit, else pause")
    assert read == Timetable(
        (
            Window(frozenset(range(5)), 420, 1140, 20 * MBIT),
            Window(frozenset({5, 6}), 0, 1440, 50 * MBIT),
        ),
        0.0,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", '"" lacks an entry: write a rate such as 20Mbit'),
        ("  ", '"" lacks an entry'),
        ("Mon,,Tue off", '"Mon,,Tue off" lacks an entry'),
        ("20Mbit,", '"20Mbit," lacks an entry'),
        ("20", '"20" has no unit: bits per second are kbit, Mbit or Gbit, bytes per second KB,'),
        ("20Mb", '"20Mb" may mean bits or bytes: write Mbit or MB'),
        ("500 kb", '"500 kb" may mean bits or bytes: write kbit or KB'),
        ("20Mbps", '"20Mbps" is no rate: write a rate such as 20Mbit'),
        ("-20Mbit", '"" in "-20Mbit" is no time of day'),
        ("1e3Mbit", '"1e3Mbit" is no rate'),
        ("0Mbit", '"0Mbit" is outside of what works, 256kbit to 1000Gbit; to send nothing write'),
        ("100kbit", '"100kbit" is outside'),
        ("2000Gbit", '"2000Gbit" is outside'),
        ("else", '"else" has no rate'),
        ("else off, 20Mbit", '"else off" applies at all times, so that nothing after it can'),
        ("20Mbit, Mon off", '"20Mbit" applies at all times'),
        ("Mon", '"Mon" has no rate: add a rate such as'),
        ("20Mbit, Sat,Sun", '"Sat,Sun" has no rate'),
        ("offf", '"offf" is neither a rate nor a day'),
        ("Mo-Fr 20Mbit", '"Mo-Fr" in "Mo-Fr 20Mbit" is neither a rate nor a day: days are Mon,'),
        ("Mon-Fry 20Mbit", '"Mon-Fry" in "Mon-Fry 20Mbit" is neither a rate nor a day'),
        ("Sat,Son 20Mbit", '"Son" in "Sat,Son 20Mbit" is neither a rate nor a day'),
        ("07:00-19:00", '"07:00-19:00" has no rate'),
        ("Mon 07:00-19:00, else off", '"Mon 07:00-19:00" has no rate'),
        ("07:00 20Mbit", '"07:00" in "07:00 20Mbit" is no span of time: write it as 07:00-19:00'),
        ("7-19 20Mbit", '"7" in "7-19 20Mbit" is no time of day: write hours and minutes'),
        ("07:00-25:00 off", '"25:00" in "07:00-25:00 off" is no time of day'),
        ("07:60-08:00 off", '"07:60" in "07:60-08:00 off" is no time of day'),
        ("07:00-24:01 off", '"24:01" in'),
        ("24:00-06:00 off", '"24:00" in "24:00-06:00 off" can only end a span: write 00:00'),
        ("07:00-07:00 off", '"07:00-07:00" in "07:00-07:00 off" begins when it ends'),
        ("07:00-19:00 20Mbit 30Mbit", '"20Mbit 30Mbit" in "07:00-19:00 20Mbit 30Mbit" is no rate'),
        ("07:00-19:00 20", '"20" in "07:00-19:00 20" has no unit'),
        ("\x1b[2J off", '"\\x1b[2J off" is no rate'),
        ("off," * 300, "it has 1,200 characters, and may have 1,000"),
    ],
)
def test_what_is_wrong_is_quoted_and_what_is_expected_is_said(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(text)
    assert refused.value.message.startswith(told)


@settings(max_examples=500)
@given(
    st.lists(
        st.sampled_from(
            ["Mon", "-", "Fri", ",", ", ", " ", "07:00", "24:00", "20Mbit", "off", "else", "x", "9"]
        ),
        max_size=12,
    ).map("".join)
    | st.text(max_size=30)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = parse(text)
    except InvalidInput as refused:
        assert refused.message.isprintable()  # noqa: PT017 - either end is right
    else:
        rate = read.rate(at("mon", "12:00"))
        assert not rate or LEAST <= rate <= MOST


@pytest.mark.parametrize(
    ("text", "when", "mbit"),
    [
        ("07:00-19:00 20Mbit, else off", at("mon", "06:59"), None),
        ("07:00-19:00 20Mbit, else off", at("mon", "07:00"), 20),
        ("07:00-19:00 20Mbit, else off", at("sun", "18:59"), 20),
        ("07:00-19:00 20Mbit, else off", at("mon", "19:00"), None),
        ("22:00-06:00 20Mbit, else off", at("mon", "22:00"), 20),
        ("22:00-06:00 20Mbit, else off", at("tue", "05:59"), 20),
        ("22:00-06:00 20Mbit, else off", at("tue", "06:00"), None),
        ("Fri 22:00-06:00 20Mbit, else off", at("sat", "05:00"), 20),
        ("Fri 22:00-06:00 20Mbit, else off", at("fri", "05:00"), None),
        ("Fri 22:00-06:00 20Mbit, else off", at("sat", "23:00"), None),
        ("Sun 22:00-06:00 20Mbit, else off", at("mon", "05:00"), 20),
        ("00:00-24:00 20Mbit, else off", at("mon", "23:59"), 20),
        ("12:00-13:00 1Mbit, 07:00-19:00 20Mbit, else off", at("mon", "12:30"), 1),
        ("07:00-19:00 20Mbit, 12:00-13:00 1Mbit, else off", at("mon", "12:30"), 20),
        ("Sat,Sun 50Mbit, 07:00-19:00 20Mbit, else pause", at("sat", "03:00"), 50),
        ("Sat,Sun 50Mbit, 07:00-19:00 20Mbit, else pause", at("mon", "03:00"), 0),
        ("07:00-19:00 20Mbit", at("mon", "03:00"), None),
    ],
)
def test_the_first_entry_that_fits_applies(text: str, when: datetime, mbit: float | None) -> None:
    assert parse(text).rate(when) == (None if mbit is None else mbit * MBIT)


@pytest.mark.parametrize(
    ("text", "unlimited"),
    [("off", True), ("07:00-19:00 off", True), ("07:00-19:00 off, else pause", False)],
)
def test_it_says_when_there_is_no_limit_at_all(text: str, unlimited: bool) -> None:
    assert parse(text).unlimited is unlimited


def changes(
    text: str, begin: datetime, zone: ZoneInfo, hours: float
) -> Iterator[tuple[str, float | None]]:
    """When the rate changes within so many hours, by the clock on the wall, and what it is then."""
    table, moment = parse(text), begin
    while (then := table.next_change(moment, zone)) and then - begin <= timedelta(hours=hours):
        yield then.strftime("%H:%M %Z"), table.rate(then)
        moment = then


class TestClockChanges:
    """Europe/Berlin on 2025-03-30 and 2025-10-26, America/New_York on 2025-03-09 and 2025-11-02."""

    def test_a_night_in_spring_is_an_hour_shorter(self) -> None:
        begin = datetime(2025, 3, 29, 22, 0, tzinfo=BERLIN).astimezone(UTC)
        table = parse("22:00-06:00 pause, else off")
        end = table.next_change(begin, BERLIN)
        assert end is not None
        assert (end - begin, end.hour) == (timedelta(hours=7), 6)

    def test_a_night_in_autumn_is_an_hour_longer(self) -> None:
        begin = datetime(2025, 11, 1, 22, 0, tzinfo=NEW_YORK).astimezone(UTC)
        end = parse("22:00-06:00 pause, else off").next_change(begin, NEW_YORK)
        assert end is not None
        assert (end - begin, end.hour) == (timedelta(hours=9), 6)

    def test_a_window_inside_the_skipped_hour_does_not_happen(self) -> None:
        begin = datetime(2025, 3, 30, 0, 0, tzinfo=BERLIN).astimezone(UTC)
        assert list(changes("02:10-02:50 pause", begin, BERLIN, 20)) == []

    def test_one_that_begins_in_the_skipped_hour_begins_with_the_new_time(self) -> None:
        begin = datetime(2025, 3, 9, 0, 0, tzinfo=NEW_YORK).astimezone(UTC)
        found = list(changes("02:30-04:00 pause", begin, NEW_YORK, 20))
        assert found == [("03:00 EDT", 0), ("04:00 EDT", None)]

    def test_one_that_ends_in_the_skipped_hour_ends_with_the_old_time(self) -> None:
        begin = datetime(2025, 3, 30, 0, 0, tzinfo=BERLIN).astimezone(UTC)
        found = list(changes("01:00-02:30 pause", begin, BERLIN, 20))
        assert found == [("01:00 CET", 0), ("03:00 CEST", None)]

    def test_a_window_inside_the_repeated_hour_happens_twice(self) -> None:
        begin = datetime(2025, 10, 26, 0, 0, tzinfo=BERLIN).astimezone(UTC)
        assert list(changes("02:10-02:50 pause", begin, BERLIN, 20)) == [
            ("02:10 CEST", 0),
            ("02:50 CEST", None),
            ("02:10 CET", 0),
            ("02:50 CET", None),
        ]

    def test_one_that_ends_in_the_repeated_hour_is_back_when_the_clock_is(self) -> None:
        begin = datetime(2025, 11, 2, 0, 0, tzinfo=NEW_YORK).astimezone(UTC)
        assert list(changes("00:30-01:30 pause", begin, NEW_YORK, 20)) == [
            ("00:30 EDT", 0),
            ("01:30 EDT", None),
            ("01:00 EST", 0),
            ("01:30 EST", None),
        ]

    def test_a_weekly_window_that_the_clock_skips_comes_the_week_after(self) -> None:
        begin = datetime(2025, 3, 30, 0, 0, tzinfo=BERLIN)
        change = parse("Sun 02:10-02:50 pause").next_change(begin, BERLIN)
        assert change == datetime(2025, 4, 6, 2, 10, tzinfo=BERLIN)

    @pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has one zone for all programs")
    def test_without_a_zone_the_rules_of_the_machine_are_followed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin")
        time.tzset()
        try:
            begin = datetime(2025, 3, 29, 22, 0, tzinfo=BERLIN).astimezone()
            change = parse("22:00-06:00 pause, else off").next_change(begin)
        finally:
            monkeypatch.undo()
            time.tzset()
        assert change == datetime(2025, 3, 30, 6, 0, tzinfo=BERLIN)


@pytest.mark.parametrize("text", ["off", "20Mbit", "07:00-19:00 20Mbit, else 20Mbit"])
def test_what_never_changes_says_so(text: str) -> None:
    assert parse(text).next_change(at("mon", "12:00"), UTC) is None


MINUTES = st.integers(0, 1439)
RATES = st.sampled_from(["1Mbit", "2Mbit", "off", "pause"])


def _written(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def entries(draw: st.DrawFn) -> str:
    days = draw(st.sampled_from(["", "Sun ", "Mon-Fri ", "Sat,Sun ", "Fri-Sun "]))
    start = draw(MINUTES)
    end = (start + draw(st.integers(1, 1439))) % 1440
    return f"{days}{_written(start)}-{_written(end)} {draw(RATES)}"


BEGINNINGS = st.sampled_from(
    [
        datetime(2025, 3, 29, 20, tzinfo=UTC),
        datetime(2025, 10, 25, 20, tzinfo=UTC),
        datetime(2025, 3, 9, 2, tzinfo=UTC),
        datetime(2025, 11, 2, 1, tzinfo=UTC),
        datetime(2024, 12, 31, 12, tzinfo=UTC),
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    text=st.lists(entries(), min_size=1, max_size=3).map(", ".join),
    begin=BEGINNINGS,
    zone=st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("Asia/Kathmandu"), UTC]),
    shift=st.integers(0, 59),
)
def test_the_next_change_is_the_first_minute_with_another_rate(
    text: str, begin: datetime, zone: ZoneInfo, shift: int
) -> None:
    table, begin = parse(text), begin + timedelta(minutes=shift, seconds=shift)
    present = table.rate(begin.astimezone(zone))
    minute = begin.replace(second=0)
    moments = (minute + number * MINUTE for number in range(1, 8 * 1440))
    first = next((m for m in moments if table.rate(m.astimezone(zone)) != present), None)
    found = table.next_change(begin, zone)
    if first is not None:
        # In the hour that is repeated, times of two zones are never equal to Python (PEP 495).
        assert found is not None
        assert found.astimezone(UTC) == first
    else:
        assert found is None or found > begin + timedelta(days=7)


@settings(max_examples=60)
@given(text=entries(), days=st.floats(0, 365))
def test_an_entry_holds_from_its_start_until_its_end_and_at_no_other_time(
    text: str, days: float
) -> None:
    moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=days)
    [window] = parse(f"{text}, else 3Mbit").windows
    beginnings = (
        moment.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=before)
        for before in (0, 1)
    )
    inside = any(
        midnight.weekday() in window.days
        and midnight + window.start * MINUTE <= moment < midnight + window.end * MINUTE
        for midnight in beginnings
    )
    assert window.holds(moment) is inside
