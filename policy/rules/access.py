"""Roles, keys and secrets: each right is named, and nobody outside the account holds one."""

import json
import re

from policy.rule import Companion, Properties, Rule, is_true, statements, texts

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
MANAGED_POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
KEY = "aws:kms/key:Key"

# Actions for which AWS defines no resource, or whose resource is not known before the call, so
# that "*" is the only way to allow them.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WITHOUT_RESOURCE = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "ec2:DescribeInstances",
    "ecr:GetAuthorizationToken",
    "secretsmanager:GetRandomPassword",
    "cloudwatch:GetMetricStatistics",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
_ROLES_ANYWHERE = "rolesanywhere.amazonaws.com"
_TOO_MUCH = re.compile(r"/(AdministratorAccess|PowerUserAccess|.*FullAccess)$")


def _names_its_actions(properties: Properties) -> bool:
    return not any("*" in a for s in statements(properties) for a in texts(s["Action"]))


def _names_its_resources(properties: Properties) -> bool:
    return not any(
        any(resource in {"*", "arn:aws:s3:::*"} for resource in texts(statement["Resource"]))
        and not WITHOUT_RESOURCE.issuperset(texts(statement["Action"]))
        for statement in statements(properties)
        if statement["Effect"] == "Allow"
    )


def _trusts_somebody_in_particular(properties: Properties) -> bool:
    return not any(
        "*" in texts(principal)
        for statement in statements(properties, "assumeRolePolicy")
        for principal in (
            statement["Principal"].values()
            if isinstance(statement["Principal"], dict)
            else [statement["Principal"]]
        )
    )


def _names_the_certificate(properties: Properties) -> bool:
    """Say whether certificates open it by their issuer's anchor and their own name alone."""
    return all(
        condition.get("ArnEquals", {}).get("aws:SourceArn")
        and condition.get("StringEquals", {}).get("aws:PrincipalTag/x509Subject/CN")
        for statement in statements(properties, "assumeRolePolicy")
        if statement["Effect"] == "Allow" and _ROLES_ANYWHERE in json.dumps(statement["Principal"])
        for condition in [statement.get("Condition", {})]
    )


def _is_for_this_account(properties: Properties) -> bool:
    """Say whether a key's policy names its principals, services with a condition."""
    return all(
        isinstance(statement["Principal"], dict)
        and "*" not in texts(next(iter(statement["Principal"].values())))
        and ("Service" not in statement["Principal"] or bool(statement.get("Condition")))
        for statement in statements(properties)
        if statement["Effect"] == "Allow"
    )


RULES = (
    Rule("IAM.21/CKV_AWS_63", ROLE_POLICY, "names each action", _names_its_actions),
    Rule("CKV_AWS_355", ROLE_POLICY, "names its resources", _names_its_resources),
    Rule("IAM.21/CKV_AWS_63", MANAGED_POLICY, "names each action", _names_its_actions),
    Rule("CKV_AWS_355", MANAGED_POLICY, "names its resources", _names_its_resources),
    Rule("CKV_AWS_60", ROLE, "is taken by named principals", _trusts_somebody_in_particular),
    # Without it every certificate of every authority that the account trusts would do.
    Rule(
        "CERTIFICATE-NAMED",
        ROLE,
        "is opened by a certificate of one anchor and one name",
        _names_the_certificate,
    ),
    Rule(
        "IAM.1/CKV_AWS_274",
        ATTACHMENT,
        "attaches no policy that allows everything",
        lambda p: not _TOO_MUCH.search(p["policyArn"]),
    ),
    Rule("KMS.4/CKV_AWS_7", KEY, "is rotated", is_true("enableKeyRotation")),
    Rule("KMS.5/CKV_AWS_33", KEY, "is used by this account alone", _is_for_this_account),
)

COMPANIONS: tuple[Companion, ...] = ()
