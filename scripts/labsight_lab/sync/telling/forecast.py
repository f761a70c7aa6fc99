"""How long sending takes under a bandwidth limit that follows the clock."""

from datetime import UTC, datetime, timedelta, tzinfo

from labsight_lab.sync.sending.timetable import Timetable, parse
from labsight_lab.text import duration, shown

LONGEST = timedelta(days=365)


def time_to_send(
    timetable: Timetable, size: int, now: datetime, zone: tzinfo | None = None
) -> timedelta | None:
    """Return how long ``size`` bytes take from ``now`` on, by the limit alone.

    In hours without a limit all that is left is sent at once. None when it takes more than a year,
    as with a limit that always pauses. ``zone`` is by whose rules the clock changes, None for this
    machine's.
    """
    began = at = now.astimezone(UTC)
    left = float(size)
    while left > 0:
        if at - began > LONGEST:
            return None
        rate = timetable.rate(at.astimezone(zone))
        if rate is None:
            break
        change = timetable.next_change(at, zone)
        seconds = (change - at).total_seconds() if change else LONGEST.total_seconds()
        needed = left / rate if rate else float("inf")
        at += timedelta(seconds=min(needed, seconds))
        left -= rate * seconds
        if change is None and needed > seconds:
            return None
    return at - began


def at_limit(limit: str, size: int) -> str:
    """Say how long so many bytes take from now on at a limit, as people write it."""
    taken = time_to_send(parse(limit), size, datetime.now().astimezone())
    told = "more than a year" if taken is None else f"at least {duration(taken.total_seconds())}"
    return f'{told} at the limit "{shown(limit)}"'
