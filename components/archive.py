"""The archive: one private, versioned bucket that holds every image and cools with age."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import s3

from components.bucket import PrivateBucket, PrivateBucketArgs
from components.encryption import Key, with_key
from components.iam import Grant
from components.place import Place
from components.resource_policy import EVERYONE, Statement

# Days without access; S3 refuses anything else for the two archive tiers.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_Tiering.html
ARCHIVE_TIER_AFTER = range(90, 731)
DEEP_TIER_AFTER = range(180, 731)
REMADE_DAYS = 30
READERS_SECONDS = 3600  # for which a browser need not ask again what it may


@dataclass(frozen=True, kw_only=True)
class ArchiveArgs:
    """What a lab may decide about its archive.

    Objects under the prefix ``write_once`` can be created and not replaced, and should one be
    deleted, its version stays; with ``object_lock_days`` no version can be deleted for so long.
    They are also the ones that rest in the archive tiers after ``archive_after_days`` and
    ``deep_archive_after_days`` without access; everything else stays readable at once. What lies
    under ``remade`` can be made anew, so its old versions go; what lies under ``passing`` is made
    whenever it is asked for, so it goes itself after some days. Access logs are kept ``log_days``.
    An archive that is ``kept`` outlives the stack. ``key`` encrypts it (none: S3's own key).
    """

    write_once: str
    remade: tuple[str, ...]
    log_days: int
    passing: Mapping[str, int] = field(default_factory=dict)
    archive_after_days: int | None = None
    deep_archive_after_days: int | None = None
    object_lock_days: int | None = None
    kept: bool = True
    key: Key | None = None

    def __post_init__(self) -> None:
        for setting, allowed in (
            ("archive_after_days", ARCHIVE_TIER_AFTER),
            ("deep_archive_after_days", DEEP_TIER_AFTER),
        ):
            days: int | None = getattr(self, setting)
            if days is not None and days not in allowed:
                raise ValueError(
                    f"{setting}: S3 takes {allowed.start} to {allowed.stop - 1}, got {days}; "
                    "leave it out for no such tier"
                )


class Archive(ComponentResource):
    """A private bucket that every image lies in; what is not read moves to cheaper tiers."""

    bucket: Output[str]
    arn: Output[str]
    log_bucket: Output[str]

    def __init__(self, name: str, args: ArchiveArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:storage:Archive", name, None, opts)
        child = ResourceOptions(parent=self, retain_on_delete=args.kept)
        self._name, self._key, self._kept = name, args.key, args.kept
        store = PrivateBucket(
            name,
            PrivateBucketArgs(
                statements=lambda arn: [_write_once(arn, args.write_once)],
                cools=True,
                remade=args.remade,
                remade_days=REMADE_DAYS,
                passing=args.passing,
                key=args.key,
                kept=args.kept,
            ),
            ResourceOptions(parent=self),
        )
        self.bucket, self.arn = store.bucket, store.arn
        self._watched: list[tuple[str, str]] = []
        # The bucket's only notification document: all events go to EventBridge, where rules choose.
        s3.BucketNotification(f"{name}-events", bucket=self.bucket, eventbridge=True, opts=child)
        self._cool(name, args, child)
        if args.object_lock_days is not None:
            self._lock(name, args.object_lock_days, store, child)
        self._log_access(name, args)
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _cool(self, name: str, args: ArchiveArgs, child: ResourceOptions) -> None:
        """Let slides that nobody opens sink into the archive tiers, as far as that is wanted."""
        tiers = {
            "ARCHIVE_ACCESS": args.archive_after_days,
            "DEEP_ARCHIVE_ACCESS": args.deep_archive_after_days,
        }
        tierings: list[s3.BucketIntelligentTieringConfigurationTieringArgsDict] = [
            {"access_tier": tier, "days": days} for tier, days in tiers.items() if days is not None
        ]
        if tierings:
            s3.BucketIntelligentTieringConfiguration(
                f"{name}-archive-tier",
                bucket=self.bucket,
                filter={"prefix": args.write_once},
                tierings=tierings,
                opts=child,
            )

    def _lock(self, name: str, days: int, store: PrivateBucket, child: ResourceOptions) -> None:
        """Forbid deleting a version for so many days, but to who may bypass governance.

        The bucket's own switch would have to be set when it is made: turning the lock on later
        would replace the bucket. The lock's configuration turns it on in place.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
        """
        s3.BucketObjectLockConfiguration(
            f"{name}-lock",
            bucket=self.bucket,
            object_lock_enabled="Enabled",
            rule={"default_retention": {"mode": "GOVERNANCE", "days": days}},
            # A lock needs the versions that the store switches on.
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[store])),
        )

    def _log_access(self, name: str, args: ArchiveArgs) -> None:
        """Record who read and wrote what, in a bucket that only S3's log delivery writes to."""
        logs = PrivateBucket(
            f"{name}-log",
            PrivateBucketArgs(
                statements=lambda arn: [_log_delivery(arn, self.arn)],
                expire_days=args.log_days,
                remade=("",),
                remade_days=1,  # what has expired is not kept for longer than that
                kept=args.kept,
            ),
            ResourceOptions(parent=self),
        )
        self.log_bucket = logs.bucket
        s3.BucketLogging(
            f"{name}-access-log",
            bucket=self.bucket,
            target_bucket=logs.bucket,
            target_prefix="access/",
            # Records that S3 cannot deliver are lost, so the log bucket's policy comes first.
            opts=ResourceOptions(parent=self, retain_on_delete=args.kept, depends_on=[logs]),
        )

    def read(self, prefix: str) -> Grant:
        """Allow fetching objects under ``prefix``."""
        return self._grant(("s3:GetObject",), prefix, ("kms:Decrypt",))

    def write(self, prefix: str) -> Grant:
        """Allow storing objects under ``prefix``, in one piece or in parts."""
        return self._grant(
            ("s3:PutObject", "s3:AbortMultipartUpload"),
            prefix,
            ("kms:Decrypt", "kms:GenerateDataKey"),
        )

    @property
    def key(self) -> Key | None:
        """The key of its own that encrypts it, if it has one."""
        return self._key

    def list(self, prefix: str) -> Grant:
        """Allow listing the keys under ``prefix``.

        Only with the empty prefix does S3 also tell the holder that an object is missing (404)
        and not merely out of reach (403): that check carries no prefix for a condition to match.
        """
        condition = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
        return Grant(("s3:ListBucket",), (self.arn,), condition)

    def share(self) -> Grant:
        """Allow what a file gateway asks of the bucket itself, names of objects included.

        It also looks at the bucket as a whole, in requests that carry no prefix for a condition.
        https://docs.aws.amazon.com/filegateway/latest/files3/grant-access-s3.html
        """
        actions = (
            "GetAccelerateConfiguration",
            "GetBucketLocation",
            "GetBucketVersioning",
            "ListBucket",
            "ListBucketMultipartUploads",
            "ListBucketVersions",
        )
        return Grant(tuple(f"s3:{action}" for action in actions), (self.arn,))

    def share_objects(self, prefix: str, *, writable: bool) -> Grant:
        """Allow what a file share does with objects under ``prefix``.

        What is deleted or replaced through it stays as an old version.
        """
        reading = ("GetObject", "GetObjectAcl", "GetObjectVersion")
        writing = (
            "AbortMultipartUpload",
            "DeleteObject",
            "ListMultipartUploadParts",
            "PutObject",
            "PutObjectAcl",
        )
        actions = (*reading, *writing) if writable else reading
        opening = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey")
        return self._grant(
            tuple(f"s3:{action}" for action in actions),
            prefix,
            tuple(f"kms:{action}" for action in (*opening, "ReEncryptFrom", "ReEncryptTo")),
        )

    def open_to(self, origin: Input[str]) -> None:
        """Let pages of one site read objects whose signed addresses they were given.

        Without that a browser does not show a page what another server answered.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
        """
        s3.BucketCorsConfiguration(
            f"{self._name}-readers",
            bucket=self.bucket,
            cors_rules=[
                {
                    "allowed_origins": [origin],
                    "allowed_methods": ["GET", "HEAD"],
                    "allowed_headers": ["range", "if-match"],
                    "expose_headers": ["ETag", "Content-Range", "Content-Length"],
                    "max_age_seconds": READERS_SECONDS,
                }
            ],
            opts=ResourceOptions(parent=self, retain_on_delete=self._kept),
        )

    def host(self, place: Place) -> Output[str]:
        """Return the bucket's own host name, under which signed addresses lie."""
        return Output.concat(self.bucket, f".s3.{place.region}.amazonaws.com")

    def watch(self, prefix: str, task: str = "import") -> Output[str]:
        """Return the event pattern for objects created under ``prefix``, to one consumer a task.

        A second consumer with the same task would do it twice for each object.
        """
        for other_task, other in self._watched:
            if task == other_task and (prefix.startswith(other) or other.startswith(prefix)):
                raise ValueError(
                    f"objects under {prefix!r} already have a consumer for the task {task!r} "
                    f"(of {other!r}); let that one pass them on"
                )
        self._watched.append((task, prefix))
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

    def _grant(self, actions: tuple[str, ...], prefix: str, key_actions: tuple[str, ...]) -> Grant:
        return with_key(actions, self._objects(prefix), self._key, key_actions)

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
