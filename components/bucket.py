"""A private bucket: what every bucket of labsight has in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import s3

from components.encryption import Key
from components.resource_policy import Statement, resource_policy, tls_only

UPLOAD_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """What differs between private buckets.

    ``statements`` adds to the bucket's only policy, given its ARN. ``expire_days`` deletes objects
    of that age, ``passing`` those under some prefixes at an age of their own; ``cools`` hands every
    object to Intelligent-Tiering from the first day. Versions that were replaced or deleted are
    kept for ever but under the prefixes ``remade``, where they go after ``remade_days``. ``key``
    encrypts what comes from now on (none: S3's own key).

    A bucket that is ``kept`` stays in the account, with all that guards it, when the stack is
    destroyed; any other goes, with everything in it.
    """

    remade: tuple[str, ...]
    remade_days: int

    statements: Callable[[Output[str]], Sequence[Statement]] = lambda _arn: ()
    cools: bool = False
    expire_days: int | None = None
    passing: Mapping[str, int] = field(default_factory=dict)
    key: Key | None = None
    kept: bool = True


class PrivateBucket(ComponentResource):
    """Nothing public, TLS only, encrypted, versioned, no ACLs, no remains of broken uploads."""

    bucket: Output[str]
    arn: Output[str]

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:storage:PrivateBucket", name, None, opts)
        child = ResourceOptions(parent=self, retain_on_delete=args.kept)
        bucket = s3.Bucket(f"{name}-bucket", force_destroy=not args.kept, opts=child)
        self.bucket, self.arn = bucket.bucket, bucket.arn
        self._close(name, args)
        versions = s3.BucketVersioning(
            f"{name}-versions",
            bucket=self.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=self.bucket,
            rules=[_encryption(args.key)],
            opts=child,
        )
        self._age(name, args, versions)
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _close(self, name: str, args: PrivateBucketArgs) -> None:
        """Leave no way in but IAM permissions of this account, over TLS."""
        child = ResourceOptions(parent=self, retain_on_delete=args.kept)
        s3.BucketPublicAccessBlock(
            f"{name}-no-public-access",
            bucket=self.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        s3.BucketOwnershipControls(
            f"{name}-no-acls",
            bucket=self.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        s3.BucketPolicy(
            f"{name}-policy",
            bucket=self.bucket,
            policy=resource_policy(
                [
                    tls_only("s3:*", self.arn, Output.concat(self.arn, "/*")),
                    *args.statements(self.arn),
                ]
            ),
            opts=child,
        )

    def _age(self, name: str, args: PrivateBucketArgs, versions: s3.BucketVersioning) -> None:
        """Say what becomes of objects, old versions and broken uploads with time."""
        rules: list[s3.BucketLifecycleConfigurationRuleArgsDict] = [
            {
                "id": "remains",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abort_incomplete_multipart_upload": {"days_after_initiation": UPLOAD_DAYS},
            },
            *(_old_versions_go(prefix, args.remade_days) for prefix in args.remade),
            *(_passes(prefix, days) for prefix, days in args.passing.items()),
        ]
        if args.cools:
            rules.append(
                {
                    "id": "intelligent-tiering-from-day-0",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "transitions": [{"days": 0, "storage_class": "INTELLIGENT_TIERING"}],
                }
            )
        if args.expire_days is not None:
            rules.append(
                {
                    "id": "expiry",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.expire_days},
                }
            )
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=self.bucket,
            rules=rules,
            opts=ResourceOptions(parent=self, retain_on_delete=args.kept, depends_on=[versions]),
        )


def _old_versions_go(prefix: str, days: int) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": f"old-versions-{prefix.strip('/')}" if prefix else "old-versions",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "noncurrent_version_expiration": {"noncurrent_days": days},
    }


def _passes(prefix: str, days: int) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    """Let objects go for good: a day later the version too, and then what marks it as deleted.

    Objects under 128 KB are in no tier, so that no other rule moves what this one removes.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    return {
        "id": f"passing-{prefix.strip('/')}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": days},
        "noncurrent_version_expiration": {"noncurrent_days": 1},
    }


def _encryption(
    key: Key | None,
) -> s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    """Encrypt by default; with a bucket key, so that not every object costs a call to KMS."""
    if key is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": key.arn,
        },
        "bucket_key_enabled": True,
    }
