"""An estimate as text for people, or as JSON for machines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from stacks.cost.estimate import LEFT_OUT, Difference, Estimate

NAME, CAUSE, MONEY = 44, 38, 11  # columns


def text(found: Estimate) -> str:
    """Write an estimate as a table of line items by month."""
    work, months = found.work, list(found.bills)
    rows = [
        f"stack {found.stack} in {found.region}, US dollars a month",
        (
            f"workload: {work.slides_per_day:g} slides a day of {work.gb:g} GB, {work.days} days a "
            f"month, {work.openings:g} openings of {work.tiles} tiles each, "
            f"{work.desktop_hours:g} desktop hours"
        ),
        "",
        _row("item", "because of", [f"month {month}" for month in months]),
    ]
    for name, cause in _items(found).items():
        rows.append(_row(name, cause, [_money(_usd(found, month, name)) for month in months]))
    rows += [
        _row("total", "", [_money(found.total(month)) for month in months]),
        "",
        f"idle: {found.idle_hour:.4f} $ an hour, before the first slide",
        "keeping one slide, from sending it: "
        + ", ".join(
            f"{usd:.3f} $ for {month} month{'s' if month > 1 else ''}"
            for month, usd in found.slide.items()
        ),
        "",
        f"prices of {found.prices_of}. {found.note}",
        "left out:",
        *(f"  - {one}" for one in LEFT_OUT),
    ]
    return "\n".join(rows)


def difference_text(one: Estimate, other: Estimate, found: Sequence[Difference]) -> str:
    """Write what changes from one stack to another."""
    months = list(one.bills)
    rows = [
        (
            f"from {one.stack} ({one.region}) to {other.stack} ({other.region}), "
            "US dollars a month more or less"
        ),
        "",
        _row("item", "because of", [f"month {month}" for month in months]),
    ]
    rows += [
        _row(each.name, each.cause, [f"{each.usd[month]:+,.2f}" for month in months])
        for each in found
    ]
    totals = [f"{other.total(month) - one.total(month):+,.2f}" for month in months]
    rows.append(_row("total", "", totals))
    return "\n".join(rows)


def document(
    found: Estimate, other: Estimate | None = None, changes: Sequence[Difference] = ()
) -> dict[str, Any]:
    """Return an estimate, and its difference to another, as plain values."""
    answer: dict[str, Any] = {
        "stack": found.stack,
        "region": found.region,
        "prices_of": found.prices_of,
        "note": found.note,
        "workload": asdict(found.work),
        "idle_usd_per_hour": found.idle_hour,
        "months": {
            str(month): {
                "total_usd": found.total(month),
                "items": [asdict(line) for line in bill],
            }
            for month, bill in found.bills.items()
        },
        "keeping_one_slide_usd": {str(month): usd for month, usd in found.slide.items()},
        "left_out": list(LEFT_OUT),
    }
    if other is not None:
        answer["compared_with"] = document(other)
        answer["differences"] = [
            {**asdict(each), "usd": {str(month): usd for month, usd in each.usd.items()}}
            for each in changes
        ]
    return answer


def _items(found: Estimate) -> Mapping[str, str]:
    """Return every item of any month with its cause, in the order of the bill."""
    latest = max(found.bills)
    every = [*found.bills[latest], *(line for bill in found.bills.values() for line in bill)]
    return {line.name: line.cause for line in every}


def _usd(found: Estimate, month: int, name: str) -> float:
    return sum(line.usd for line in found.bills[month] if line.name == name)


def _money(usd: float) -> str:
    return f"{usd:,.2f}"


def _row(name: str, cause: str, figures: Sequence[str]) -> str:
    return f"{name:<{NAME}}{cause:<{CAUSE}}" + "".join(f"{each:>{MONEY}}" for each in figures)
