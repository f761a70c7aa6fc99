import json
from typing import Any

import pytest
from pulumi import Output

from components.iam import Grant
from components.lab_role import (
    CERTIFICATE_SECONDS,
    LONGEST_NAME,
    SESSION_SECONDS,
    Certificate,
    LabRole,
    LabRoleArgs,
)
from components.place import Place
from tests.support.pulumi_recorder import Declare, Recorded

PLACE = Place(account="123456789012", region="eu-central-1")
ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1a"
ADD = Grant(("s3:PutObject",), ("arn:aws:s3:::archive-1a/slides/*",))
PROFILE = "aws:rolesanywhere/profile:Profile"


def args(**changes: Any) -> LabRoleArgs:
    return LabRoleArgs(**{"place": PLACE, "purpose": "Add objects", "grants": (ADD,), **changes})


def with_certificate(name: str = "scanner-1") -> LabRoleArgs:
    return args(certificate=Certificate(anchor_arn=ANCHOR, common_name=name))


def trust(recorded: Recorded) -> list[dict[str, Any]]:
    role = recorded.one("aws:iam/role:Role").inputs
    return list(json.loads(role["assumeRolePolicy"])["Statement"])


def test_the_role_has_the_policy_that_can_be_attached_elsewhere(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: LabRole("uploader", args()).policy_arn)
    policy = recorded.one("aws:iam/policy:Policy")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Action"] == ["s3:PutObject"]
    attachment = recorded.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs
    assert attachment["policyArn"] == policy.state["arn"]
    assert attachment["role"] == recorded.one("aws:iam/role:Role").state["name"]


def test_whom_the_account_lets_may_take_the_role_for_half_a_day(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: LabRole("uploader", args()).role_arn)
    assert trust(recorded) == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "sts:AssumeRole",
        }
    ]
    role = recorded.one("aws:iam/role:Role").inputs
    assert role["maxSessionDuration"] == SESSION_SECONDS == 43_200
    assert recorded.of(PROFILE) == []


def test_the_policy_is_told_as_text_that_people_can_read(
    declare: Declare, recorded: Recorded
) -> None:
    told = declare(lambda: LabRole("uploader", args()).policy)
    assert told.startswith('{\n  "Version": "2012-10-17",\n  "Statement": [\n')
    made = recorded.one("aws:iam/policy:Policy").inputs["policy"]
    assert json.loads(told) == json.loads(made)


def test_a_certificate_opens_the_role_of_its_name_below_one_anchor_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: LabRole("uploader-scanner-1", with_certificate()).role_arn)
    account, certificate = trust(recorded)
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert certificate == {
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {
            "ArnEquals": {"aws:SourceArn": ANCHOR},
            "StringEquals": {"aws:PrincipalTag/x509Subject/CN": "scanner-1"},
        },
    }


def test_a_session_by_certificate_is_short_and_for_that_role_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: LabRole("uploader-scanner-1", with_certificate()).role_arn)
    profile = recorded.one(PROFILE).inputs
    assert profile["roleArns"] == [recorded.one("aws:iam/role:Role").state["arn"]]
    assert profile["durationSeconds"] == CERTIFICATE_SECONDS == 3600
    assert profile["enabled"] is True  # AWS makes one that is switched off


def test_the_line_for_a_profile_names_anchor_profile_role_and_files(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> Output[str]:
        line = LabRole("uploader-scanner-1", with_certificate()).credential_process
        assert line
        return line

    setting, _, command = declare(program).partition(" = ")
    assert setting == "credential_process"
    program_name, subcommand, *options = command.split()
    assert (program_name, subcommand) == ("aws_signing_helper", "credential-process")
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--certificate": "FOLDER/scanner-1.crt",
        "--private-key": "FOLDER/scanner-1.key",
        "--trust-anchor-arn": ANCHOR,
        "--profile-arn": recorded.one(PROFILE).state["arn"],
        "--role-arn": recorded.one("aws:iam/role:Role").state["arn"],
    }


def test_without_a_certificate_there_is_no_such_line(declare: Declare) -> None:
    assert declare(lambda: LabRole("uploader", args()).credential_process) is None


def test_a_name_that_iam_does_not_take_is_refused(declare: Declare) -> None:
    declare(lambda: LabRole("a" * LONGEST_NAME, args()).role_arn)
    with pytest.raises(ValueError, match="IAM's names leave 51 characters for this one"):
        declare(lambda: LabRole("a" * (LONGEST_NAME + 1), args()).role_arn)
