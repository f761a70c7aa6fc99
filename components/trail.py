"""A trail of who read or wrote which image, for labs that have to answer that question."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cloudtrail, cloudwatch

from components.bucket import PrivateBucket, PrivateBucketArgs
from components.encryption import Key
from components.iam import Grant, Role, RoleArgs
from components.naming import log_group_name
from components.place import Place
from components.resource_policy import Statement

SERVICE = "cloudtrail.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class TrailArgs:
    """Whose objects are watched (bucket ARNs), and how long the record is kept.

    The key, which is kept with the record, has to let ``cloudtrail.amazonaws.com`` and CloudWatch
    Logs use it. A record that is ``kept`` stays when the stack is destroyed; its lines for
    searching go in any case.
    """

    place: Place
    buckets: tuple[Input[str], ...]
    log_days: int
    key: Key
    kept: bool

    def __post_init__(self) -> None:
        if not self.buckets:
            raise ValueError("buckets: a trail of no bucket; leave the trail out")


class Trail(ComponentResource):
    """Every read and write of objects in some buckets: validated files, and lines to search.

    Management events are not recorded: the account's own trail does that, and every further copy
    of them is billed.
    """

    arn: Output[str]
    bucket: Output[str]
    log_group: Output[str]

    def __init__(self, name: str, args: TrailArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:Trail", name, None, opts)
        child = ResourceOptions(parent=self)
        source = _trails(name, args.place)
        store = PrivateBucket(
            f"{name}-log",
            PrivateBucketArgs(
                statements=lambda arn: _delivery(arn, args.place, source),
                expire_days=args.log_days,
                remade=("",),
                remade_days=1,  # what has expired is not kept for longer than that
                # CloudTrail names the key for each log file. As the bucket's default it would
                # also meet digests, for which CloudTrail may not use it.
                kept=args.kept,
            ),
            child,
        )
        lines = cloudwatch.LogGroup(
            f"{name}-lines",
            name=log_group_name(name),
            retention_in_days=args.log_days,
            kms_key_id=args.key.arn,
            opts=child,
        )
        role = Role(
            name,
            RoleArgs(
                service=SERVICE,
                grants=(
                    Grant(
                        ("logs:CreateLogStream", "logs:PutLogEvents"),
                        (Output.concat(lines.arn, ":*"),),
                    ),
                ),
            ),
            child,
        )
        trail = cloudtrail.Trail(
            f"{name}-trail",
            s3_bucket_name=store.bucket,
            kms_key_id=args.key.arn,
            enable_log_file_validation=True,
            is_multi_region_trail=True,
            cloud_watch_logs_group_arn=Output.concat(lines.arn, ":*"),
            cloud_watch_logs_role_arn=role.arn,
            advanced_event_selectors=[
                {
                    "name": "objects",
                    "field_selectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                        {
                            "field": "resources.ARN",
                            "starts_withs": [Output.concat(arn, "/") for arn in args.buckets],
                        },
                    ],
                }
            ],
            # CloudTrail tries both ways of delivery when the trail is made.
            opts=ResourceOptions(parent=self, depends_on=[store, role]),
        )
        self.arn, self.bucket, self.log_group = trail.arn, store.bucket, lines.name
        self.register_outputs({"arn": self.arn})


def _trails(name: str, place: Place) -> str:
    """Return a pattern for the trail's ARN, since the bucket's policy comes before the trail.

    Pulumi names the trail after its logical name and seven random characters.
    """
    return place.arn("cloudtrail", f"trail/{name}-trail-*")


def _delivery(bucket: Input[str], place: Place, source: str) -> list[Statement]:
    """Let CloudTrail look at the bucket and write under the account's prefix.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
    """
    condition = {"ArnEquals": {"aws:SourceArn": source}}
    return [
        Statement(
            sid="TrailLooksAtTheBucket",
            effect="Allow",
            service=SERVICE,
            actions=("s3:GetBucketAcl",),
            resources=(bucket,),
            condition=condition,
        ),
        Statement(
            sid="TrailDelivers",
            effect="Allow",
            service=SERVICE,
            actions=("s3:PutObject",),
            resources=(Output.concat(bucket, "/AWSLogs/", place.account, "/*"),),
            condition=condition,
        ),
    ]
