"""A key of our own: whoever may use what it encrypts is decided here, and each use is on record."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import kms

from components.iam import POLICY_VERSION, Grant
from components.place import Place

DELETION_DAYS = 30
LOGS, TRAIL = "logs", "cloudtrail"


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    """What is encrypted, for the key's description, and which services encrypt on our behalf.

    ``services`` are principals such as ``logs.eu-central-1.amazonaws.com``. Services that act with
    the rights of whoever calls them need not be named: S3, EFS, RDS, Secrets Manager, Lambda, EBS.
    A key that is ``kept`` stays when the stack is destroyed, because what it encrypts stays as
    well.
    """

    description: str
    place: Place
    services: tuple[str, ...] = ()
    kept: bool = True

    def __post_init__(self) -> None:
        for service in self.services:
            kind = service.removesuffix(".amazonaws.com")
            if kind == service:
                raise ValueError(
                    f"services: {service!r} is no principal; write it as sns.amazonaws.com"
                )
            if kind == LOGS or (
                kind.startswith(f"{LOGS}.") and kind != f"{LOGS}.{self.place.region}"
            ):
                raise ValueError(
                    f"services: {service!r}; CloudWatch Logs acts as "
                    f"{LOGS}.{self.place.region}.amazonaws.com here"
                )


class Key(ComponentResource):
    """A symmetric key, rotated each year, that this account's policies may grant the use of."""

    arn: Output[str]

    def __init__(self, name: str, args: KeyArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:security:Key", name, None, opts)
        key = kms.Key(
            f"{name}-key",
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            policy=json.dumps({"Version": POLICY_VERSION, "Statement": list(_statements(args))}),
            opts=ResourceOptions(parent=self, retain_on_delete=args.kept),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})

    def use(self) -> Grant:
        """Allow reading and writing what the key encrypts."""
        return Grant(("kms:Decrypt", "kms:GenerateDataKey"), (self.arn,))

    def open_disks(self) -> Grant:
        """Allow a start to hand EC2 the key of an encrypted disk, and nothing else with it.

        EC2 opens the disks with the rights of whoever starts the machine, by a grant of its own.
        https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
        """
        only_for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        return Grant(("kms:CreateGrant",), (self.arn,), only_for_aws)


def with_key(
    actions: tuple[str, ...], resource: Input[str], key: Key | None, key_actions: tuple[str, ...]
) -> Grant:
    """Name a thing and what encrypts it in one statement: no action on one applies to the other."""
    if key is None:
        return Grant(actions, (resource,))
    return Grant((*actions, *key_actions), (resource, key.arn))


def _statements(args: KeyArgs) -> Iterator[dict[str, Any]]:
    """Let the account's own policies decide, and each service act for this account alone.

    Without the first statement nobody could ever change the key again.
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    root = {"AWS": f"arn:aws:iam::{args.place.account}:root"}
    yield _allow("AccountDecides", root, ["kms:*"])
    others: list[str] = []
    for service in args.services:
        kind = service.partition(".")[0]
        if kind == LOGS:
            yield _for_logs(service, args.place)
        elif kind == TRAIL:
            yield from _for_trail(service, args.place)
        else:
            others.append(service)
    if others:
        yield _for_senders(others, args.place)


def _for_logs(service: str, place: Place) -> dict[str, Any]:
    """Let log groups of this account and region be written and read.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    actions = ["Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey"]
    return _allow(
        "LogGroups",
        {"Service": service},
        [f"kms:{action}" for action in actions],
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*")}},
    )


def _for_trail(service: str, place: Place) -> Iterator[dict[str, Any]]:
    """Let this account's trails be written, in whatever region they stand.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    """
    principal = {"Service": service}
    trails = f"arn:aws:cloudtrail:*:{place.account}:trail/*"
    yield _allow(
        "TrailFiles",
        principal,
        ["kms:GenerateDataKey*"],
        {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails}},
    )
    yield _allow("TrailLooksAtKey", principal, ["kms:DescribeKey"], _if_named(place))


def _for_senders(services: list[str], place: Place) -> dict[str, Any]:
    """Let services send to encrypted topics and queues.

    CloudWatch alarms and Budgets say for which account they act; EventBridge does not, and would
    be shut out by a condition that insists.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    return _allow(
        "ServicesOnOurBehalf",
        {"Service": services},
        ["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"],
        _if_named(place),
    )


def _if_named(place: Place) -> dict[str, Any]:
    """Shut out requests that say they are for another account; one that says nothing passes."""
    return {"StringEqualsIfExists": {"aws:SourceAccount": place.account}}


def _allow(
    sid: str,
    principal: dict[str, Any],
    actions: list[str],
    condition: dict[str, Any] | None = None,
) -> dict[str, Any]:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": actions,
        "Resource": "*",  # in a key's policy: the key
    }
    return statement | ({"Condition": condition} if condition else {})
