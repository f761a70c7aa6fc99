"""An estimate: the bills of a few months, what idling costs, and what one slide costs to keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stacks.cost import workload as assumed
from stacks.cost.ageing import days_in_tiers
from stacks.cost.lines import MB_IN_GB, Line, lines
from stacks.cost.prices import Prices
from stacks.cost.workload import HOURS, Workload
from stacks.settings import Settings

MONTHS = (1, 12, 36)

LEFT_OUT = (
    "tax, support plans, discounts, savings plans, currency",
    "downloads of whole slides or of the archive (about 0.09 $/GB; 8 TB: about 700 $)",
    (
        "that other things in the account use up its free shares (CloudFront 1 TB and 10 million "
        "requests, 10 alarms, 3 dashboards, 10,000 users, a million queue requests, 100,000 traces)"
    ),
    "Lambda's free share (a million calls, 400,000 GB-s a month), counted as used up",
    "restores from the archive tiers, which are billed as a month of the frequent tier",
    "slides that are opened again later: 30 more days in the frequent tier each",
    "traffic between zones, through NAT and endpoints; bursts of a t-type processor",
    "what people write to the gateway's share (0.01 $/GB)",
    "growth of the database beyond its storage, snapshots that outlive the stack",
    "GuardDuty, Security Hub and trails of the account, which labsight does not set up",
)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a stack costs: line items by month, and the figures made of them (US dollars)."""

    stack: str
    region: str
    prices_of: str
    note: str
    work: Workload
    bills: Mapping[int, Sequence[Line]]
    slide: Mapping[int, float]

    def total(self, month: int) -> float:
        """Return the bill of a month."""
        return sum(line.usd for line in self.bills[month])

    @property
    def idle_hour(self) -> float:
        """What an hour costs in which nobody does anything and nothing is stored yet."""
        first = next(iter(self.bills.values()))
        return sum(line.idle for line in first) / HOURS


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How much more one item costs in another stack, by month; less is negative."""

    name: str
    cause: str
    usd: Mapping[int, float]


def estimate(
    settings: Settings,
    work: Workload,
    prices: Prices,
    *,
    stack: str = "",
    months: Sequence[int] = MONTHS,
) -> Estimate:
    """Price a stack's settings under a workload; raises PriceMissing for what has no price."""
    if not months or min(months) < 1:
        raise ValueError(f"months: one or more, from 1 on, got {list(months)}")
    return Estimate(
        stack=stack,
        region=prices.region,
        prices_of=prices.date,
        note=prices.note,
        work=work,
        bills={month: lines(settings, work, prices, month) for month in months},
        slide={month: keeping_a_slide(settings, work, prices, month) for month in months},
    )


def keeping_a_slide(settings: Settings, work: Workload, prices: Prices, months: int) -> float:
    """Return what sending one slide and storing it for so many months costs in all."""
    archive = settings.archive
    days = days_in_tiers(
        months * assumed.MONTH_DAYS,
        archive_after=archive.archive_after_days,
        deep_after=archive.deep_archive_after_days,
    )
    stored = sum(
        work.gb * count / assumed.MONTH_DAYS * prices[f"s3.{tier}"] for tier, count in days.items()
    )
    small = assumed.DERIVED_MB / MB_IN_GB * months * prices["s3.frequent"]
    puts = work.gb * MB_IN_GB / assumed.PART_MB + 2 + assumed.DERIVED_OBJECTS
    monitored = months / 1000 * prices["s3.monitoring"]
    return stored + small + monitored + puts / 1000 * prices["s3.put"]


def compare(one: Estimate, other: Estimate) -> list[Difference]:
    """Return what changes from one stack to another, item by item, the largest change first."""
    names = {line.name: line.cause for each in (one, other) for line in _every(each)}
    found = [
        Difference(
            name=name,
            cause=cause,
            usd={month: _usd(other, month, name) - _usd(one, month, name) for month in one.bills},
        )
        for name, cause in names.items()
    ]
    changed = [difference for difference in found if any(difference.usd.values())]
    return sorted(changed, key=lambda each: (-max(map(abs, each.usd.values())), each.name))


def _every(each: Estimate) -> list[Line]:
    return [line for bill in each.bills.values() for line in bill]


def _usd(each: Estimate, month: int, name: str) -> float:
    return sum(line.usd for line in each.bills[month] if line.name == name)
