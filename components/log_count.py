"""Counts lines of a log, for what no AWS service counts by itself, such as failed imports."""

from dataclasses import dataclass

import pulumi
from pulumi import ComponentResource, Input, ResourceOptions
from pulumi_aws import cloudwatch

# The importer's log, one JSON document a line: "<key>: failed <reason>", or an error of its own.
# Regular expressions stand between percent signs.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
FAILED_IMPORT = '{ ($.message = %:\\sfailed\\s%) || ($.level = "ERROR") }'


@dataclass(frozen=True, kw_only=True)
class LogCountArgs:
    """Which lines of which log group."""

    log_group: Input[str]
    pattern: str


class LogCount(ComponentResource):
    """A metric of the stack's own that counts the lines of one log group that match a pattern."""

    namespace: str
    metric: str

    def __init__(self, name: str, args: LogCountArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:LogCount", name, None, opts)
        self.namespace = f"{pulumi.get_project()}/{pulumi.get_stack()}"
        self.metric = name
        cloudwatch.LogMetricFilter(
            f"{name}-filter",
            log_group_name=args.log_group,
            pattern=args.pattern,
            metric_transformation={
                "namespace": self.namespace,
                "name": self.metric,
                "value": "1",
                "unit": "Count",
            },
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})
