"""When how much may be sent: a timetable of rates, read from one line of text.

``07:00-19:00 20Mbit, else off`` or ``Mon-Fri 07:00-19:00 20Mbit, Sat,Sun 50Mbit, else off``: the
first entry that fits the clock on the wall applies, and without ``else`` there is no limit outside
them. An entry's days are those on which it begins: ``Fri 22:00-06:00 pause`` ends on Saturday.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from labsight.errors import InvalidInput
from labsight_lab.text import shown

OFF, PAUSE, ELSE = "off", "pause", "else"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES = 24 * 60
# Bytes per second. Bits are counted in thousands, as lines are sold.
UNITS = {"kbit": 125.0, "mbit": 125e3, "gbit": 125e6, "kb": 1e3, "mb": 1e6, "gb": 1e9}
UNCLEAR = {"kb": "kbit or KB", "Kb": "kbit or KB", "mb": "Mbit or MB", "Mb": "Mbit or MB"} | {
    "gb": "Gbit or GB",
    "Gb": "Gbit or GB",
}
# With less, connections that share it are silent for so long that S3 closes them.
LEAST, MOST = 32e3, 125e9  # bytes/s
LONGEST = 1000  # characters

RATES = "a rate such as 20Mbit, 512kbit, 1Gbit, 2.5MB or 800KB, or off (no limit), or pause"
_DASH = re.compile("\\s*[-\u2013]\\s*")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([A-Za-z]*)(?:/s)?")


@dataclass(frozen=True)
class Window:
    """One entry: on these days (0 is Monday), from one minute of the day to another, this rate.

    ``end`` is not inside, and lies beyond 1440 when the window crosses midnight. ``rate`` is in
    bytes per second; 0 sends nothing, None has no limit.
    """

    days: frozenset[int]
    start: int
    end: int
    rate: float | None

    def holds(self, at: datetime) -> bool:
        """Say whether the clock on the wall lies in this window."""
        minute, day = at.hour * 60 + at.minute, at.weekday()
        if day in self.days and self.start <= minute < self.end:
            return True
        return (day - 1) % 7 in self.days and minute + DAY_MINUTES < self.end


@dataclass(frozen=True)
class Timetable:
    """Rates by the clock on the wall: the first window that holds, else ``otherwise``."""

    windows: tuple[Window, ...] = ()
    otherwise: float | None = None

    @property
    def unlimited(self) -> bool:
        """Whether there is no limit at any time."""
        return self.otherwise is None and all(window.rate is None for window in self.windows)

    def rate(self, at: datetime) -> float | None:
        """Return bytes per second at a local time; 0 means send nothing, None no limit.

        An hour that the clock skips in spring is in no window, and one that it repeats in autumn
        is in its window twice.
        """
        for window in self.windows:
            if window.holds(at):
                return window.rate
        return self.otherwise

    def next_change(self, at: datetime, zone: tzinfo | None = None) -> datetime | None:
        """Return when the rate changes next, or None when it never does.

        ``at`` knows its offset from UTC. ``zone`` says by which rules its clock is changed: None
        is the zone of this machine.
        """
        now = at.astimezone(UTC)
        present = self.rate(now.astimezone(zone))
        for moment in sorted(set(self._moments(now, zone))):
            if moment > now and self.rate(moment.astimezone(zone)) != present:
                return moment.astimezone(zone)
        return None

    def _moments(self, now: datetime, zone: tzinfo | None) -> Iterator[datetime]:
        """Yield, in no order, the times in UTC at which the rate may change in the next 2 weeks.

        One week is not enough: the clock may skip a window that comes once a week.
        """
        edges = {edge for window in self.windows for edge in (window.start, window.end)}
        midnight = datetime.combine(now.astimezone(zone), time(), UTC)
        days = [midnight + timedelta(days=number) for number in range(-2, 16)]
        offsets = {_offset(day, zone) for day in days}
        for day in days:
            for offset in offsets:
                yield from (day - offset + timedelta(minutes=edge) for edge in edges)
            if _offset(day, zone) != _offset(day + timedelta(days=1), zone):
                yield _clock_change(day, zone)


def parse(text: str) -> Timetable:
    """Read a timetable; raise InvalidInput that quotes the part that is wrong."""
    *entries, last = _entries(text)
    windows = []
    for entry in entries:
        window = _window(entry)
        if window is None:
            raise InvalidInput(
                f"{_quoted(entry)} applies at all times, so that nothing after it can; "
                "put it last, or give it days or times"
            )
        windows.append(window)
    window = _window(last)
    if window is None:
        return Timetable(tuple(windows), _rate(last.split()[last.lower().startswith(ELSE) :], last))
    return Timetable((*windows, window))


def _entries(text: str) -> list[str]:
    """Split at the commas between entries, not at those between days."""
    if len(text) > LONGEST:
        raise InvalidInput(f"it has {len(text):,} characters, and may have {LONGEST:,}")
    entries, days = [], ""
    for piece in _DASH.sub("-", text).split(","):
        words = piece.split()
        if not words:
            raise InvalidInput(
                f"{_quoted(text.strip())} lacks an entry: write {RATES}; or several with times, "
                "as in 07:00-19:00 20Mbit, else off"
            )
        if len(words) == 1 and _starts_as_days(words[0]):
            days += f"{words[0]},"
        else:
            entries.append(days + " ".join(words))
            days = ""
    if days:
        _days(days[:-1], days[:-1])
        raise InvalidInput(f"{_quoted(days[:-1])} has no rate: add {RATES}")
    return entries


def _window(entry: str) -> Window | None:
    """Read ``[days] [from-to] rate``; None for a rate alone, which holds at all times."""
    words = entry.split()
    days = words.pop(0) if _starts_as_days(words[0]) else ""
    span = words.pop(0) if words and (":" in words[0] or "-" in words[0]) else ""
    if not (days or span):
        return None
    start, end = _span(span, entry) if span else (0, DAY_MINUTES)
    at_days = _days(days, entry) if days else frozenset(range(len(DAYS)))
    return Window(at_days, start, end, _rate(words, entry))


def _starts_as_days(word: str) -> bool:
    return word[0].isalpha() and word.lower() not in {OFF, PAUSE, ELSE}


def _days(text: str, entry: str) -> frozenset[int]:
    found: set[int] = set()
    for piece in text.split(","):
        first, dash, last = piece.partition("-")
        begin, end = _day(first), _day(last if dash else first)
        if begin is None or end is None:
            raise InvalidInput(
                f"{_quoted(piece, entry)} is neither a rate nor a day: days are Mon, Tue, Wed, "
                "Thu, Fri, Sat and Sun, or a span such as Mon-Fri"
            )
        found.update((begin + number) % 7 for number in range((end - begin) % 7 + 1))
    return frozenset(found)


def _day(name: str) -> int | None:
    if len(name) < len("mon"):
        return None
    return next((n for n, day in enumerate(DAYS) if day.startswith(name.lower())), None)


def _span(text: str, entry: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not dash:
        raise InvalidInput(f"{_quoted(text, entry)} is no span of time: write it as 07:00-19:00")
    start, end = _minute(first, entry), _minute(last, entry)
    if start == DAY_MINUTES:
        raise InvalidInput(f"{_quoted(first, entry)} can only end a span: write 00:00")
    if start == end:
        raise InvalidInput(
            f"{_quoted(text, entry)} begins when it ends: for the whole day leave the times out"
        )
    return start, end if end > start else end + DAY_MINUTES


def _minute(text: str, entry: str) -> int:
    match = _CLOCK.fullmatch(text)
    hour, minute = (int(match[1]), int(match[2])) if match else (-1, 0)
    if not (0 <= hour < 24 and minute < 60) and (hour, minute) != (24, 0):
        raise InvalidInput(
            f"{_quoted(text, entry)} is no time of day: write hours and minutes, 00:00 to 24:00"
        )
    return hour * 60 + minute


def _rate(words: list[str], entry: str) -> float | None:
    text = " ".join(words)
    if text.lower() in {OFF, PAUSE}:
        return None if text.lower() == OFF else 0.0
    if not text:
        raise InvalidInput(f"{_quoted(entry)} has no rate: add {RATES}")
    match = _RATE.fullmatch(text)
    if not match or (match[2] and match[2].lower() not in UNITS):
        raise InvalidInput(f"{_quoted(text, entry)} is no rate: write {RATES}")
    number, unit = float(match[1]), match[2]
    if not unit:
        raise InvalidInput(
            f"{_quoted(text, entry)} has no unit: bits per second are kbit, Mbit or Gbit, bytes "
            "per second KB, MB or GB"
        )
    if unit in UNCLEAR:
        raise InvalidInput(f"{_quoted(text, entry)} may mean bits or bytes: write {UNCLEAR[unit]}")
    rate = number * UNITS[unit.lower()]
    if not LEAST <= rate <= MOST:
        raise InvalidInput(
            f"{_quoted(text, entry)} is outside of what works, 256kbit to 1000Gbit; "
            "to send nothing write pause, for no limit off"
        )
    return rate


def _quoted(part: str, entry: str = "") -> str:
    where = f' in "{shown(entry)}"' if entry not in {"", part} else ""
    return f'"{shown(part)}"{where}'


def _offset(moment: datetime, zone: tzinfo | None) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _clock_change(day: datetime, zone: tzinfo | None) -> datetime:
    """Return the second within the day after ``day`` from which the clock has its new offset."""
    before, after = 0, DAY_MINUTES * 60
    old = _offset(day, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(day + timedelta(seconds=middle), zone) == old:
            before = middle
        else:
            after = middle
    return day + timedelta(seconds=after)
