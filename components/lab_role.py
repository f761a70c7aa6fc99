"""A role for somebody of the lab: credentials for some hours, instead of keys that never end."""

import json
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import iam, rolesanywhere

from components.iam import POLICY_VERSION, Grant, policy_document
from components.naming import AUTO_NAME_EXTRA, NAME_RULES
from components.place import Place

SESSION_SECONDS = 12 * 3600  # the longest; a workstation renews its session by itself
# What was begun with a certificate goes on so long after the certificate was revoked.
CERTIFICATE_SECONDS = 3600
LONGEST_NAME = NAME_RULES["aws:iam/role:Role"].longest - AUTO_NAME_EXTRA - len("-role")
ROLES_ANYWHERE = "rolesanywhere.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Whose certificate opens a role: issued below a trust anchor (ARN), to a common name."""

    anchor_arn: Input[str]
    common_name: str


@dataclass(frozen=True, kw_only=True)
class LabRoleArgs:
    """What the role is for, in a sentence for IAM's console, and what it may do.

    Whoever in the account is allowed ``sts:AssumeRole`` on the role may take it; nobody is by
    itself. With a ``certificate`` its holder may take it as well, through IAM Roles Anywhere.
    """

    place: Place
    purpose: str
    grants: tuple[Grant, ...]
    certificate: Certificate | None = None


class LabRole(ComponentResource):
    """A role, and its policy apart, to attach to a user or permission set instead.

    ``policy`` is the policy's text, indented, for people who make their users themselves.
    ``credential_process`` is the line of an AWS profile that turns a certificate into credentials;
    FOLDER in it is where certificate and private key lie.
    """

    policy: Output[str]
    policy_arn: Output[str]
    role_arn: Output[str]
    credential_process: Output[str] | None

    def __init__(self, name: str, args: LabRoleArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:LabRole", name, None, opts)
        if len(name) > LONGEST_NAME:
            raise ValueError(f"{name}: IAM's names leave {LONGEST_NAME} characters for this one")
        child = ResourceOptions(parent=self)
        document = policy_document(args.grants)
        policy = iam.Policy(f"{name}-policy", description=args.purpose, policy=document, opts=child)
        role = iam.Role(
            f"{name}-role",
            description=args.purpose,
            assume_role_policy=Output.json_dumps(_trust(args)),
            max_session_duration=SESSION_SECONDS,
            opts=child,
        )
        iam.RolePolicyAttachment(f"{name}-holds", role=role.name, policy_arn=policy.arn, opts=child)
        self.policy = document.apply(_indented)
        self.policy_arn, self.role_arn = policy.arn, role.arn
        self.credential_process = None
        if args.certificate:
            profile = rolesanywhere.Profile(
                f"{name}-profile",
                role_arns=[role.arn],
                duration_seconds=CERTIFICATE_SECONDS,
                enabled=True,
                opts=child,
            )
            self.credential_process = _line(args.certificate, profile.arn, role.arn)
        self.register_outputs({"policy_arn": self.policy_arn, "role_arn": self.role_arn})


def _trust(args: LabRoleArgs) -> dict[str, Any]:
    """Leave it to the account's own policies who may take the role, and let a certificate in."""
    account = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{args.place.account}:root"},
        "Action": "sts:AssumeRole",
    }
    certificates = [_holder(args.certificate)] if args.certificate else []
    return {"Version": POLICY_VERSION, "Statement": [account, *certificates]}


def _holder(certificate: Certificate) -> dict[str, Any]:
    """Trust the service for one name below one anchor; else any certificate of any would do.

    https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
    """
    return {
        "Effect": "Allow",
        "Principal": {"Service": ROLES_ANYWHERE},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {
            "ArnEquals": {"aws:SourceArn": certificate.anchor_arn},
            "StringEquals": {"aws:PrincipalTag/x509Subject/CN": certificate.common_name},
        },
    }


def _line(certificate: Certificate, profile: Output[str], role: Output[str]) -> Output[str]:
    """Return what an AWS profile runs; AWS's helper speaks to the region of the anchor's ARN.

    https://docs.aws.amazon.com/rolesanywhere/latest/userguide/credential-helper.html
    """
    name = certificate.common_name
    return Output.concat(
        "credential_process = aws_signing_helper credential-process",
        f" --certificate FOLDER/{name}.crt --private-key FOLDER/{name}.key",
        " --trust-anchor-arn ",
        certificate.anchor_arn,
        " --profile-arn ",
        profile,
        " --role-arn ",
        role,
    )


def _indented(document: str) -> str:
    return json.dumps(json.loads(document), indent=2)
