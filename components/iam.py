"""Permissions as values: who owns a thing hands out grants for it; a role holds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import iam

POLICY_VERSION = "2012-10-17"

Condition = Mapping[str, Mapping[str, Input[Any]]]


@dataclass(frozen=True)
class Grant:
    """Actions allowed on resources, held by whoever is given it.

    ``reason`` says why the grant is for every resource (``*``); no other grant may be.
    """

    actions: tuple[str, ...]
    resources: tuple[Input[str], ...]
    condition: Condition | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if not (self.actions and self.resources):
            raise ValueError(
                f"a grant names actions and resources, got {self.actions} on {self.resources}"
            )
        if any(action.endswith("*") for action in self.actions):
            raise ValueError(f"a grant names each action, got {', '.join(self.actions)}")
        plain = [resource for resource in self.resources if isinstance(resource, str)]
        if "*" in plain and not self.reason:
            raise ValueError(
                f"{', '.join(self.actions)} on every resource: name the resources, or give a reason"
            )


def policy_document(grants: Iterable[Grant]) -> Output[str]:
    """Write grants as one IAM policy document."""
    return _document([_allow(grant) for grant in grants])


def _allow(grant: Grant) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": list(grant.actions),
        "Resource": list(grant.resources),
    }
    return statement | ({"Condition": grant.condition} if grant.condition else {})


def _document(statements: list[dict[str, Any]]) -> Output[str]:
    return Output.json_dumps({"Version": POLICY_VERSION, "Statement": statements})


@dataclass(frozen=True, kw_only=True)
class ManagedPolicy:
    """A policy that AWS writes, and why its breadth is accepted."""

    arn: str
    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError(
                f"{self.arn}: a managed policy changes without us; grant actions, or give a reason"
            )


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """Which AWS service takes the role, such as ``lambda.amazonaws.com``, and what it may do.

    ``trust`` says on whose behalf, for services that act for many accounts.
    """

    service: str
    grants: tuple[Grant, ...] = ()
    managed: tuple[ManagedPolicy, ...] = ()
    trust: Condition | None = None

    def __post_init__(self) -> None:
        if not (self.grants or self.managed):
            raise ValueError(f"a role for {self.service} with nothing to do: give it grants")


class Role(ComponentResource):
    """A role of one service whose permissions are one inline policy.

    Whatever uses the role depends on this component, so that it never runs without the policy.
    """

    arn: Output[str]
    name: Output[str]

    def __init__(self, name: str, args: RoleArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:iam:Role", name, None, opts)
        child = ResourceOptions(parent=self)
        trust: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Service": args.service},
            "Action": "sts:AssumeRole",
        }
        if args.trust:
            trust["Condition"] = args.trust
        role = iam.Role(f"{name}-role", assume_role_policy=_document([trust]), opts=child)
        self.arn, self.name = role.arn, role.name
        if args.grants:
            iam.RolePolicy(
                f"{name}-policy", role=role.name, policy=policy_document(args.grants), opts=child
            )
        for policy in args.managed:
            iam.RolePolicyAttachment(
                f"{name}-{policy.arn.rpartition('/')[2]}",
                role=role.name,
                policy_arn=policy.arn,
                opts=child,
            )
        self.register_outputs({"arn": self.arn})
