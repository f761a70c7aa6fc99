"""CloudFront's access log: one line a request in a bucket of its own."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cloudwatch

from components.bucket import PrivateBucket, PrivateBucketArgs
from components.certificate import GLOBAL_REGION
from components.place import Place
from components.resource_policy import Statement

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
# Left out are cookies and query strings: they hold sessions, and what people search for.
FIELDS = (
    "date",
    "time",
    "x-edge-location",
    "c-ip",
    "cs-method",
    "x-host-header",
    "cs-uri-stem",
    "sc-status",
    "sc-bytes",
    "cs-bytes",
    "time-taken",
    "time-to-first-byte",
    "cs(User-Agent)",
    "cs-protocol",
    "cs-protocol-version",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-result-type",
    "x-edge-detailed-result-type",
    "x-edge-request-id",
)


@dataclass(frozen=True, kw_only=True)
class AccessLogArgs:
    """The distribution whose requests are logged, and for how many days they are kept."""

    place: Place
    distribution_arn: Input[str]
    days: int


class AccessLog(ComponentResource):
    """Delivery by CloudWatch's vended logs, since the older way writes only to buckets with ACLs.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
    """

    bucket: Output[str]

    def __init__(self, name: str, args: AccessLogArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:edge:AccessLog", name, None, opts)
        child = ResourceOptions(parent=self)
        store = PrivateBucket(
            name,
            PrivateBucketArgs(
                statements=lambda arn: [_delivery(arn, args.place)],
                expire_days=args.days,
                remade=("",),
                remade_days=1,  # what has expired is not kept for longer than that
                kept=False,
            ),
            child,
        )
        self.bucket = store.bucket
        # The three are CloudFront's, so they are made where it takes its settings from.
        source = cloudwatch.LogDeliverySource(
            f"{name}-source",
            log_type="ACCESS_LOGS",
            resource_arn=args.distribution_arn,
            region=GLOBAL_REGION,
            opts=child,
        )
        destination = cloudwatch.LogDeliveryDestination(
            f"{name}-destination",
            output_format="json",
            delivery_destination_configuration={"destination_resource_arn": store.arn},
            region=GLOBAL_REGION,
            # Whoever sets up a delivery adds what is missing to the bucket's policy: nothing then.
            opts=ResourceOptions(parent=self, depends_on=[store]),
        )
        cloudwatch.LogDelivery(
            f"{name}-delivery",
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            record_fields=list(FIELDS),
            region=GLOBAL_REGION,
            opts=child,
        )
        self.register_outputs({"bucket": self.bucket})


def _delivery(arn: Output[str], place: Place) -> Statement:
    """Let CloudWatch's log delivery write, on behalf of this account's sources.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
    """
    return Statement(
        sid="AWSLogDeliveryWrite",
        effect="Allow",
        service="delivery.logs.amazonaws.com",
        actions=("s3:PutObject",),
        resources=(Output.concat(arn, f"/AWSLogs/{place.account}/*"),),
        condition={
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceAccount": place.account,
            },
            "ArnLike": {
                "aws:SourceArn": Place(place.account, GLOBAL_REGION).arn(
                    "logs", "delivery-source:*"
                )
            },
        },
    )
