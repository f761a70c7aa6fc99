"""Who talked to whom in a VPC, and what was refused, on record."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, ec2

from components.encryption import Key
from components.iam import Grant, Role, RoleArgs
from components.naming import log_group_name
from components.place import Place


@dataclass(frozen=True, kw_only=True)
class FlowLogArgs:
    """The VPC, and for how many days its record is kept."""

    vpc_id: Input[str]
    place: Place
    log_days: int
    key: Key | None = None


class FlowLog(ComponentResource):
    """Writes all connections of a VPC, accepted and refused, to a log group."""

    def __init__(self, name: str, args: FlowLogArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:network:FlowLog", name, None, opts)
        child = ResourceOptions(parent=self)
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            name=log_group_name(name),
            retention_in_days=args.log_days,
            kms_key_id=args.key.arn if args.key else None,
            opts=child,
        )
        role = Role(
            name,
            RoleArgs(
                service="vpc-flow-logs.amazonaws.com",
                grants=_grants(logs, args.place),
                trust={
                    "StringEquals": {"aws:SourceAccount": args.place.account},
                    "ArnLike": {"aws:SourceArn": args.place.arn("ec2", "vpc-flow-log/*")},
                },
            ),
            child,
        )
        ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=logs.arn,
            iam_role_arn=role.arn,
            opts=ResourceOptions(parent=self, depends_on=[role]),
        )
        self.register_outputs({})


def _grants(logs: cloudwatch.LogGroup, place: Place) -> tuple[Grant, ...]:
    """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, narrowed."""
    write = Grant(
        ("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"),
        (Output.concat(logs.arn, ":*"),),
    )
    find = Grant(("logs:DescribeLogGroups",), (place.arn("logs", "log-group:*"),))
    return write, find
