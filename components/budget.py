"""A monthly budget that speaks up before the bill does."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, ResourceOptions
from pulumi_aws import budgets

# Percent of the limit, and of which figure. Forecasts need about five weeks of history.
WARNINGS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """How much a month, counted over what carries a tag, and the topic (ARN) that is told.

    Costs are only found by a tag that somebody with access to the bill has activated as a
    cost-allocation tag; until then the budget sees nothing.
    """

    monthly_usd: int
    tag: tuple[str, str]
    topic_arn: Input[str]

    def __post_init__(self) -> None:
        if self.monthly_usd < 1:
            raise ValueError(f"monthly_usd: at least 1 dollar, got {self.monthly_usd}")
        key, value = self.tag
        if not key or not value or "$" in key:
            raise ValueError(f"tag: a key without $ and a value, got {key!r} = {value!r}")


class Budget(ComponentResource):
    """Costs of what carries a tag, held against a limit; three notices to one topic."""

    def __init__(self, name: str, args: BudgetArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:Budget", name, None, opts)
        budgets.Budget(
            f"{name}-month",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [tag_filter(*args.tag)]}],
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [args.topic_arn],
                }
                for kind, percent in WARNINGS
            ],
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})


def tag_filter(key: str, value: str) -> str:
    """Write a tag that a user made as AWS Budgets filters by it.

    https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html
    """
    return f"user:{key}${value}"
