"""How slides of different ages lie in the tiers of Intelligent-Tiering."""

from collections.abc import Mapping

from stacks.cost.workload import MONTH_DAYS, VIEWED_DAYS

# Days without access until the next tier; the last two only where they are switched on.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
INFREQUENT_AFTER = 30
INSTANT_AFTER = 90


def days_in_tiers(
    age: float, *, archive_after: int | None, deep_after: int | None
) -> Mapping[str, float]:
    """Return how many of its first ``age`` days a slide spends in each tier.

    Counted from the day on which it is opened for the last time. As many slides arrive each day,
    this is also how many days' slides lie in each tier once the archive is ``age`` days old.
    """
    starts = [("frequent", 0.0), ("infrequent", INFREQUENT_AFTER), ("instant", INSTANT_AFTER)]
    if archive_after is not None:
        starts.append(("archive", archive_after))
    if deep_after is not None:
        # Without an archive tier before it, an object goes from instant to deep.
        starts.append(("deep", deep_after))
    borders = [start + (VIEWED_DAYS if start else 0) for _, start in starts] + [float("inf")]
    return {
        tier: max(0.0, min(age, borders[number + 1]) - borders[number])
        for number, (tier, _) in enumerate(starts)
    }


def at_month(
    month: int, *, archive_after: int | None, deep_after: int | None
) -> Mapping[str, float]:
    """Return how many months' slides lie in each tier at the end of a month (the first is 1)."""
    if month < 1:
        raise ValueError(f"month: 1 or later, got {month}")
    days = days_in_tiers(month * MONTH_DAYS, archive_after=archive_after, deep_after=deep_after)
    return {tier: count / MONTH_DAYS for tier, count in days.items()}
