import json
from typing import Any

import pytest
from pulumi import Output

from components.iam import Grant, ManagedPolicy, Role, RoleArgs, policy_document
from tests.support.pulumi_recorder import Declare, Recorded

READ = Grant(("s3:GetObject",), ("arn:aws:s3:::images/slides/*",))
LIST = Grant(("s3:ListBucket",), (Output.from_input("arn:aws:s3:::images"),), {"Bool": {"a": "b"}})


def statements(document: str) -> list[dict[str, Any]]:
    parsed = json.loads(document)
    assert parsed["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = parsed["Statement"]
    return found


def test_a_document_holds_one_statement_a_grant_in_their_order(declare: Declare) -> None:
    assert statements(declare(lambda: policy_document([READ, LIST]))) == [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::images/slides/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::images"],
            "Condition": {"Bool": {"a": "b"}},
        },
    ]


def test_every_resource_is_refused_without_a_reason() -> None:
    with pytest.raises(ValueError, match="s3:GetObject on every resource: name the resources"):
        Grant(("s3:GetObject",), ("*",))


def test_every_resource_is_accepted_with_a_reason() -> None:
    assert Grant(("xray:PutTraceSegments",), ("*",), reason="it has none").resources == ("*",)


def test_actions_are_named_one_by_one() -> None:
    with pytest.raises(ValueError, match=r"names each action, got s3:Get\*"):
        Grant(("s3:Get*",), ("arn:aws:s3:::images/*",))


def test_a_grant_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="names actions and resources"):
        Grant((), ("arn:aws:s3:::images/*",))


def test_a_role_has_one_inline_policy_whatever_the_number_of_grants(
    declare: Declare, recorded: Recorded
) -> None:
    declare(
        lambda: Role("reader", RoleArgs(service="lambda.amazonaws.com", grants=(READ, LIST))).arn
    )
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy")
    assert len(statements(policy.inputs["policy"])) == 2
    assert policy.inputs["role"] == recorded.one("aws:iam/role:Role").state["name"]
    assert not recorded.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")


def test_a_role_trusts_its_service_alone(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: Role("reader", RoleArgs(service="lambda.amazonaws.com", grants=(READ,))).arn)
    assert statements(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"]) == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]


def test_a_managed_policy_is_attached_when_it_has_a_reason(
    declare: Declare, recorded: Recorded
) -> None:
    managed = ManagedPolicy(
        arn="arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
        reason="enhanced monitoring works with no other",
    )
    declare(lambda: Role("watch", RoleArgs(service="rds.amazonaws.com", managed=(managed,))).arn)
    attached = recorded.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attached.inputs["policyArn"] == managed.arn
    assert not recorded.of("aws:iam/rolePolicy:RolePolicy")


def test_a_managed_policy_without_a_reason_is_refused() -> None:
    with pytest.raises(
        ValueError, match="AdministratorAccess: a managed policy changes without us"
    ):
        ManagedPolicy(arn="arn:aws:iam::aws:policy/AdministratorAccess", reason="")


def test_a_role_with_nothing_to_do_is_refused() -> None:
    with pytest.raises(ValueError, match=r"role for lambda\.amazonaws\.com with nothing to do"):
        RoleArgs(service="lambda.amazonaws.com")


def test_a_role_is_taken_on_behalf_of_what_its_trust_names(
    declare: Declare, recorded: Recorded
) -> None:
    trust = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    name = declare(
        lambda: (
            Role(
                "flows",
                RoleArgs(service="vpc-flow-logs.amazonaws.com", grants=(READ,), trust=trust),
            ).name
        )
    )
    role = recorded.one("aws:iam/role:Role")
    (statement,) = statements(role.inputs["assumeRolePolicy"])
    assert statement["Condition"] == trust
    assert name == role.state["name"]


def test_without_a_trust_any_request_of_the_service_takes_the_role(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: Role("reader", RoleArgs(service="lambda.amazonaws.com", grants=(READ,))).arn)
    (statement,) = statements(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert "Condition" not in statement
