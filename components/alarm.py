"""Alarms: a list of what to watch, told to one topic when it happens and when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pulumi import ComponentResource, Input, ResourceOptions
from pulumi_aws import cloudwatch

from components.topic import Topic

Statistic = Literal["Average", "Maximum", "Minimum", "SampleCount", "Sum"]
Comparison = Literal["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"]

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
DAY = 86_400  # seconds
WEEK = 7 * DAY
LONG_PERIOD = 3600
GUIDE = "docs/operations.md"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One thing to be told of; ``advice`` says what it means and what to do first.

    The alarm sounds when ``statistic`` over ``seconds`` compares with ``threshold`` in all of
    ``times`` periods, one after the other. A period without figures counts as good (what is
    switched off does not fail), or with ``missing="ignore"`` leaves the alarm as it was.
    """

    name: str
    advice: str
    namespace: str
    metric: str
    dimensions: Mapping[str, Input[str]]
    threshold: float
    statistic: Statistic = "Sum"
    comparison: Comparison = "GreaterThanThreshold"
    seconds: int = 300
    times: int = 1
    missing: Literal["notBreaching", "breaching", "ignore"] = "notBreaching"

    def __post_init__(self) -> None:
        if self.seconds % 60 or self.seconds < 60 or self.times < 1:
            raise ValueError(
                f"{self.name}: CloudWatch takes whole minutes and at least one period, "
                f"got {self.times} of {self.seconds} s"
            )
        longest = WEEK if self.seconds >= LONG_PERIOD else DAY
        if self.seconds * self.times > longest:
            raise ValueError(
                f"{self.name}: CloudWatch looks back {longest} s at most with periods of "
                f"{self.seconds} s, got {self.times} of them"
            )
        if not self.advice.isascii():
            raise ValueError(f"{self.name}: advice in ASCII only, got {self.advice!r}")


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """What to watch, and who is told."""

    topic: Topic
    watches: tuple[Watch, ...]

    def __post_init__(self) -> None:
        names = [watch.name for watch in self.watches]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"alarms: a name is for one alarm, got twice: {', '.join(twice)}")


class Alarms(ComponentResource):
    """One CloudWatch alarm for each watch, in the region of the topic."""

    names: tuple[str, ...]

    def __init__(self, name: str, args: AlarmsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:Alarms", name, None, opts)
        self.names = tuple(f"{name}-{watch.name}" for watch in args.watches)
        for logical, watch in zip(self.names, args.watches, strict=True):
            _alarm(logical, watch, args.topic, ResourceOptions(parent=self))
        self.register_outputs({})


def _alarm(name: str, watch: Watch, topic: Topic, opts: ResourceOptions) -> None:
    cloudwatch.MetricAlarm(
        name,
        alarm_description=f"{watch.advice} See {GUIDE}.",
        namespace=watch.namespace,
        metric_name=watch.metric,
        dimensions=watch.dimensions,
        statistic=watch.statistic,
        comparison_operator=watch.comparison,
        threshold=watch.threshold,
        period=watch.seconds,
        evaluation_periods=watch.times,
        treat_missing_data=watch.missing,
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        region=topic.place.region,
        opts=opts,
    )
