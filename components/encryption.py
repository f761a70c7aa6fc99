"""A key of our own: whoever may use what it encrypts is decided here, and each use is on record."""

import json
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import kms

from components.iam import POLICY_VERSION, Grant
from components.place import Place

DELETION_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    """What is encrypted, for the key's description, and which services encrypt on our behalf.

    ``services`` are principals such as ``logs.eu-central-1.amazonaws.com``. A key that is
    ``kept`` stays when the stack is destroyed, because what it encrypts stays as well.
    """

    description: str
    place: Place
    services: tuple[str, ...] = ()
    kept: bool = True


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
            policy=json.dumps(_policy(args)),
            opts=ResourceOptions(parent=self, retain_on_delete=args.kept),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})

    def use(self) -> Grant:
        """Allow reading and writing what the key encrypts."""
        return Grant(("kms:Decrypt", "kms:GenerateDataKey"), (self.arn,))


def _policy(args: KeyArgs) -> dict[str, Any]:
    """Let the account's own policies decide, and the named services act for this account alone.

    Without the first statement nobody could ever change the key again.
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    account = {
        "Sid": "AccountDecides",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{args.place.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    services = {
        "Sid": "ServicesOnOurBehalf",
        "Effect": "Allow",
        "Principal": {"Service": list(args.services)},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": _of_this_account(args.place),
    }
    statements = [account, services] if args.services else [account]
    return {"Version": POLICY_VERSION, "Statement": statements}


def _of_this_account(place: Place) -> dict[str, Any]:
    """CloudWatch Logs names the log group in the encryption context and no source account."""
    return {
        "StringEqualsIfExists": {"aws:SourceAccount": place.account},
        "ArnLikeIfExists": {
            "kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*"),
        },
    }
