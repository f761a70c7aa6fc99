"""What a journal says of its files as a whole; SQL adds up, however many there are."""

from collections.abc import Iterable
from dataclasses import dataclass

from labsight_lab.sync.journal.asking import Asks
from labsight_lab.sync.journal.entries import State

DAY_S = 86_400.0
ARCHIVED = frozenset({State.UPLOADED, State.VERIFIED})
# `labsight verify` gives what is archived a reason only when it did not find it there.
LOST = "lost"
IS_LOST = "(state = 'uploaded' AND reason != '')"
STATE = f"iif({IS_LOST}, '{LOST}', state)"
LONE, PART, UNIT_ROW = "file", "part", "unit"
KIND = "CASE WHEN substr(path, -1) = x'2f' THEN 'unit' WHEN unit = x'' THEN 'file' ELSE 'part' END"
_COUNTS = f"""
SELECT {STATE}, {KIND}, count(*), sum(size), count(verified), min(verified),
       min(CASE WHEN verified IS NULL THEN sent END), count(removed),
       sum(sent >= ?), sum(iif(sent >= ?, size, 0)), sum(sent >= ?), sum(iif(sent >= ?, size, 0))
FROM file GROUP BY 1, 2
"""  # noqa: S608 - both are above
_MONTHS = f"""
SELECT strftime('%Y-%m', sent, 'unixepoch', 'localtime'), {KIND}, count(*), sum(size)
FROM file WHERE {STATE} IN ('uploaded', 'verified') GROUP BY 1, 2 ORDER BY 1
"""  # noqa: S608


@dataclass(frozen=True)
class Count:
    """The rows of one state and kind. Times are seconds since 1970, sizes bytes.

    ``unproven_since`` is when the oldest that was never verified was sent.
    """

    state: str
    kind: str
    rows: int
    size: int
    verified: int
    verified_since: float | None
    unproven_since: float | None
    removed: int
    day_rows: int
    day_size: int
    week_rows: int
    week_size: int


@dataclass(frozen=True)
class Amount:
    """Slides (lone files and units), their files, and the bytes of those."""

    slides: int = 0
    files: int = 0
    size: int = 0


@dataclass(frozen=True)
class Totals:
    """All rows added up; what is not proven to be in the archive does not count as archived.

    ``verified`` and ``unverified`` count objects: files, and the ``unit.json`` of units.
    """

    archived: Amount
    day: Amount
    week: Amount
    by_state: dict[str, Amount]
    verified: int
    unverified: int
    oldest_unverified: float | None
    oldest_proof: float | None
    removed: int


def totals(journal: Asks, now: float) -> Totals:
    """Add up what a journal knows; ``now`` is in seconds since 1970."""
    day, week = now - DAY_S, now - 7 * DAY_S
    counts = [Count(*row) for row in journal.ask(_COUNTS, day, day, week, week)]
    stored = [one for one in counts if one.state in ARCHIVED]
    verified = sum(one.verified for one in stored)
    return Totals(
        archived=_amount((one.kind, one.rows, one.size) for one in stored),
        day=_amount((one.kind, one.day_rows or 0, one.day_size or 0) for one in counts),
        week=_amount((one.kind, one.week_rows or 0, one.week_size or 0) for one in counts),
        by_state={
            state: _amount((one.kind, one.rows, one.size) for one in counts if one.state == state)
            for state in sorted({one.state for one in counts})
        },
        verified=verified,
        unverified=sum(one.rows for one in stored) - verified,
        oldest_unverified=_least(one.unproven_since for one in stored),
        oldest_proof=_least(one.verified_since for one in stored),
        removed=sum(one.removed for one in stored),
    )


def _amount(rows: Iterable[tuple[str, int, int]]) -> Amount:
    """Add up rows of a kind: a unit's own row is no file of the folder."""
    slides = files = size = 0
    for kind, number, its_size in rows:
        slides += number if kind != PART else 0
        files += number if kind != UNIT_ROW else 0
        size += its_size if kind != UNIT_ROW else 0
    return Amount(slides, files, size)


def _least(times: Iterable[float | None]) -> float | None:
    return min((one for one in times if one is not None), default=None)


def months(journal: Asks) -> list[tuple[str | None, Amount]]:
    """Return what was sent in each month (``2026-11``, by this machine's clock), oldest first.

    None stands for what was sent at a time that nobody knows.
    """
    rows = journal.ask(_MONTHS)
    names = list(dict.fromkeys(month for month, *_ in rows))
    return [
        (name, _amount((kind, number, size) for month, kind, number, size in rows if month == name))
        for name in names
    ]
