"""What stands above the rows of a report: whose it is, and all of it added up."""

from dataclasses import dataclass

from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.journal_facts import Amount, Totals
from labsight_lab.sync.telling.known_problems import KnownProblems


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a report is about, its totals and what is wrong. ``made`` is in seconds since 1970."""

    target: Target
    made: float
    totals: Totals
    problems: KnownProblems
    months: list[tuple[str | None, Amount]]
