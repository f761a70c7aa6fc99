from typing import Any

import pytest

from components.budget import Budget, BudgetArgs, tag_filter
from tests.support.pulumi_recorder import Declare, Recorded

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
BUDGET = "aws:budgets/budget:Budget"


def args(**changes: Any) -> BudgetArgs:
    return BudgetArgs(
        **{"monthly_usd": 150, "tag": ("stack", "dev"), "topic_arn": TOPIC, **changes}
    )


def test_the_costs_of_what_carries_the_tag_are_held_against_the_limit(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: Budget("budget", args()))
    inputs = recorded.one(BUDGET).inputs
    assert (inputs["limitAmount"], inputs["limitUnit"], inputs["timeUnit"]) == (
        "150",
        "USD",
        "MONTHLY",
    )
    assert inputs["costFilters"] == [{"name": "TagKeyValue", "values": ["user:stack$dev"]}]


def test_the_topic_hears_before_at_and_in_expectation_of_the_limit(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: Budget("budget", args()))
    notices = recorded.one(BUDGET).inputs["notifications"]
    assert [(one["notificationType"], one["threshold"]) for one in notices] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    assert all(one["subscriberSnsTopicArns"] == [TOPIC] for one in notices)


def test_a_tag_is_written_as_budgets_filter_by_it() -> None:
    assert tag_filter("project", "labsight") == "user:project$labsight"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"monthly_usd": 0}, "monthly_usd: at least 1 dollar, got 0"),
        ({"tag": ("", "dev")}, "tag: a key without"),
        ({"tag": ("a$b", "dev")}, "tag: a key without"),
        ({"tag": ("stack", "")}, "tag: a key without"),
    ],
)
def test_a_budget_that_counts_nothing_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        args(**changes)
