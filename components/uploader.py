"""Who may send slides: a policy with exactly what `labsight sync` calls, and a role that has it."""

from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import iam

from components.encryption import Key
from components.iam import POLICY_VERSION, Grant, policy_document
from components.place import Place

SESSION_SECONDS = 12 * 3600  # the longest; a workstation renews its session by itself


@dataclass(frozen=True, kw_only=True)
class UploaderArgs:
    """The bucket (its ARN), the prefix that workstations may add to, and the bucket's key."""

    place: Place
    bucket_arn: Input[str]
    prefix: str
    key: Key | None = None

    def __post_init__(self) -> None:
        if not self.prefix.endswith("/"):
            raise ValueError(f"prefix: ends with / so that it is a folder, got {self.prefix!r}")


class Uploader(ComponentResource):
    """A policy to attach to a user, role or permission set, and a role for temporary credentials.

    Neither reads, lists or deletes an object. Whoever in this account is allowed
    ``sts:AssumeRole`` on the role may take it; nobody is by itself.
    """

    policy_arn: Output[str]
    role_arn: Output[str]

    def __init__(self, name: str, args: UploaderArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:Uploader", name, None, opts)
        child = ResourceOptions(parent=self)
        policy = iam.Policy(
            f"{name}-policy",
            description=f"Add objects under {args.prefix} to one labsight archive",
            policy=policy_document(_grants(args)),
            opts=child,
        )
        role = iam.Role(
            f"{name}-role",
            description=f"Adds objects under {args.prefix} to one labsight archive",
            assume_role_policy=Output.json_dumps(_trust(args.place)),
            max_session_duration=SESSION_SECONDS,
            opts=child,
        )
        iam.RolePolicyAttachment(
            f"{name}-may-send", role=role.name, policy_arn=policy.arn, opts=child
        )
        self.policy_arn, self.role_arn = policy.arn, role.arn
        self.register_outputs({"policy_arn": self.policy_arn, "role_arn": self.role_arn})


def _grants(args: UploaderArgs) -> tuple[Grant, ...]:
    """Return what `labsight sync` calls; docs/sync.md says what each is for."""
    send = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
    return (
        Grant(send, (Output.concat(args.bucket_arn, "/", args.prefix, "*"),)),
        # S3 knows no condition by which this one could be limited to the prefix.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
        Grant(("s3:ListBucketMultipartUploads",), (args.bucket_arn,)),
        *((_encrypt(args.key, args.place),) if args.key else ()),
    )


def _encrypt(key: Key, place: Place) -> Grant:
    """Allow S3 to use the bucket's key for what is sent; an object of several parts is read again.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{place.region}.amazonaws.com"}}
    return Grant(("kms:GenerateDataKey", "kms:Decrypt"), (key.arn,), through_s3)


def _trust(place: Place) -> dict[str, Any]:
    """Leave it to the account's own policies who may take the role."""
    account = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{place.account}:root"},
        "Action": "sts:AssumeRole",
    }
    return {"Version": POLICY_VERSION, "Statement": [account]}
