"""The archive: one private, versioned bucket that holds every image and cools with age."""

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import s3

from components.bucket import PrivateBucket, PrivateBucketArgs
from components.iam import Grant
from components.resource_policy import EVERYONE, Statement

# Days without access; S3 refuses anything else for the Archive Access tier.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_Tiering.html
ARCHIVE_TIER_AFTER = range(90, 731)
REMADE_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class ArchiveArgs:
    """What a lab may decide about its archive.

    Objects under the prefix ``write_once`` can be created and not replaced, and should one be
    deleted, its version stays. They are also the ones that rest in the archive tier after
    ``archive_after_days`` without access; everything else stays readable at once. What lies under
    ``remade`` can be made anew, so its old versions go. Access logs are kept ``log_days``.
    """

    write_once: str
    remade: str
    log_days: int
    archive_after_days: int | None = None

    def __post_init__(self) -> None:
        days = self.archive_after_days
        if days is not None and days not in ARCHIVE_TIER_AFTER:
            raise ValueError(
                f"archive_after_days: S3 takes {ARCHIVE_TIER_AFTER.start} to "
                f"{ARCHIVE_TIER_AFTER.stop - 1}, got {days}; leave it out for no archive tier"
            )


class Archive(ComponentResource):
    """A private bucket that outlives the stack; what is not read moves to cheaper tiers."""

    bucket: Output[str]
    arn: Output[str]

    def __init__(self, name: str, args: ArchiveArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:storage:Archive", name, None, opts)
        child = ResourceOptions(parent=self, retain_on_delete=True)
        store = PrivateBucket(
            name,
            PrivateBucketArgs(
                statements=lambda arn: [_write_once(arn, args.write_once)],
                cools=True,
                remade=args.remade,
                remade_days=REMADE_DAYS,
            ),
            ResourceOptions(parent=self),
        )
        self.bucket, self.arn = store.bucket, store.arn
        self._watched: list[str] = []
        # The bucket's only notification document: all events go to EventBridge, where rules choose.
        s3.BucketNotification(f"{name}-events", bucket=self.bucket, eventbridge=True, opts=child)
        if args.archive_after_days is not None:
            s3.BucketIntelligentTieringConfiguration(
                f"{name}-archive-tier",
                bucket=self.bucket,
                filter={"prefix": args.write_once},
                tierings=[{"access_tier": "ARCHIVE_ACCESS", "days": args.archive_after_days}],
                opts=child,
            )
        self._log_access(name, args.log_days)
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _log_access(self, name: str, days: int) -> None:
        """Record who read and wrote what, in a bucket that only S3's log delivery writes to."""
        logs = PrivateBucket(
            f"{name}-log",
            PrivateBucketArgs(
                statements=lambda arn: [_log_delivery(arn, self.arn)],
                expire_days=days,
                remade="",
                remade_days=1,  # what has expired is not kept for longer than that
            ),
            ResourceOptions(parent=self),
        )
        s3.BucketLogging(
            f"{name}-access-log",
            bucket=self.bucket,
            target_bucket=logs.bucket,
            target_prefix="access/",
            # Records that S3 cannot deliver are lost, so the log bucket's policy comes first.
            opts=ResourceOptions(parent=self, retain_on_delete=True, depends_on=[logs]),
        )

    def read(self, prefix: str) -> Grant:
        """Allow fetching objects under ``prefix``."""
        return Grant(("s3:GetObject",), (self._objects(prefix),))

    def write(self, prefix: str) -> Grant:
        """Allow storing objects under ``prefix``, in one piece or in parts."""
        return Grant(("s3:PutObject", "s3:AbortMultipartUpload"), (self._objects(prefix),))

    def list(self, prefix: str) -> Grant:
        """Allow listing the keys under ``prefix``.

        Only with the empty prefix does S3 also tell the holder that an object is missing (404)
        and not merely out of reach (403): that check carries no prefix for a condition to match.
        """
        condition = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
        return Grant(("s3:ListBucket",), (self.arn,), condition)

    def watch(self, prefix: str) -> Output[str]:
        """Return the event pattern for objects created under ``prefix``, to its one consumer.

        A second consumer of the same objects would import each of them twice.
        """
        for other in self._watched:
            if prefix.startswith(other) or other.startswith(prefix):
                raise ValueError(
                    f"objects under {prefix!r} already have a consumer (of {other!r}); "
                    "let that one pass them on"
                )
        self._watched.append(prefix)
        return Output.json_dumps(
            {
                "source": ["aws.s3"],
                # Without it tag changes, restores and deletions of the same objects match as well.
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [self.bucket]},
                    "object": {"key": [{"prefix": prefix}]},
                },
            }
        )

    def _objects(self, prefix: str) -> Output[str]:
        return Output.concat(self.arn, "/", prefix, "*")


def _write_once(arn: Output[str], prefix: str) -> Statement:
    """Refuse whoever does not ask S3 to keep an object that is there already.

    Parts of a multipart upload carry no such header and create no object; completing it does.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    return Statement(
        sid="NeverOverwrite",
        effect="Deny",
        service=EVERYONE,
        actions=("s3:PutObject",),
        resources=(Output.concat(arn, "/", prefix, "*"),),
        condition={
            "Null": {"s3:if-none-match": "true"},
            "Bool": {"s3:ObjectCreationOperation": "true"},
        },
    )


def _log_delivery(log_arn: Output[str], source_arn: Output[str]) -> Statement:
    return Statement(
        sid="AccessLogDelivery",
        effect="Allow",
        service="logging.s3.amazonaws.com",
        actions=("s3:PutObject",),
        resources=(Output.concat(log_arn, "/access/*"),),
        condition={"ArnEquals": {"aws:SourceArn": source_arn}},
    )
