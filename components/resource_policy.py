"""Policies that hang on a bucket or queue and say who else may use it, and never without TLS."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pulumi import Input, Output

from components.iam import POLICY_VERSION, Condition

EVERYONE = "*"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a resource's policy; ``service`` is an AWS service, in a Deny everyone."""

    sid: str
    effect: Literal["Allow", "Deny"]
    service: str
    actions: tuple[str, ...]
    resources: tuple[Input[str], ...]
    condition: Condition

    def __post_init__(self) -> None:
        if self.effect == "Allow" and self.service == EVERYONE:
            raise ValueError(f"{self.sid}: everyone can only be denied something; name a service")
        if self.effect == "Allow" and not self.condition:
            raise ValueError(
                f"{self.sid}: {self.service} acts for any account; add an aws:SourceArn condition"
            )


def tls_only(actions: str, *resources: Input[str]) -> Statement:
    """Refuse ``actions`` (such as ``s3:*``) to whoever comes without TLS."""
    return Statement(
        sid="TlsOnly",
        effect="Deny",
        service=EVERYONE,
        actions=(actions,),
        resources=resources,
        condition={"Bool": {"aws:SecureTransport": "false"}},
    )


def resource_policy(statements: Iterable[Statement]) -> Output[str]:
    """Write statements as one policy document."""
    written = [_write(statement) for statement in statements]
    return Output.json_dumps({"Version": POLICY_VERSION, "Statement": written})


def _write(statement: Statement) -> dict[str, Any]:
    everyone = statement.service == EVERYONE
    return {
        "Sid": statement.sid,
        "Effect": statement.effect,
        "Principal": {"AWS": EVERYONE} if everyone else {"Service": statement.service},
        "Action": list(statement.actions),
        "Resource": list(statement.resources),
        "Condition": statement.condition,
    }
