import json
from typing import Any

import pytest

from components.encryption import Key, KeyArgs
from components.iam import policy_document
from tests.support.networks import PLACE
from tests.support.pulumi_outputs import ACCOUNT
from tests.support.pulumi_recorder import Declare, Recorded

LOGS = "logs.eu-central-1.amazonaws.com"
OF_THIS_ACCOUNT = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}


def key(*services: str, kept: bool = True) -> Key:
    return Key(
        "own", KeyArgs(description="Logs and secrets", place=PLACE, services=services, kept=kept)
    )


def statements(declare: Declare, recorded: Recorded, *services: str) -> dict[str, dict[str, Any]]:
    declare(lambda: key(*services).arn)
    policy = json.loads(recorded.one("aws:kms/key:Key").inputs["policy"])
    return {one["Sid"]: one for one in policy["Statement"]}


def test_a_key_is_rotated_and_its_deletion_can_be_called_off_for_a_month(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: key().arn)
    inputs = recorded.one("aws:kms/key:Key").inputs
    assert inputs["enableKeyRotation"] is True
    assert inputs["deletionWindowInDays"] == 30


def test_a_key_whose_data_stay_stays_as_well(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: key().arn)
    assert recorded.one("aws:kms/key:Key").retained
    declare(lambda: key(kept=False).arn)
    assert not recorded.one("aws:kms/key:Key").retained


def test_without_services_the_accounts_policies_decide_alone(
    declare: Declare, recorded: Recorded
) -> None:
    assert statements(declare, recorded) == {
        "AccountDecides": {
            "Sid": "AccountDecides",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["kms:*"],
            "Resource": "*",
        }
    }


def test_log_groups_of_this_account_and_region_are_encrypted_and_no_others(
    declare: Declare, recorded: Recorded
) -> None:
    logs = statements(declare, recorded, LOGS)["LogGroups"]
    assert logs["Principal"] == {"Service": LOGS}
    assert logs["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:*"
        }
    }
    assert {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"} <= set(logs["Action"])


def test_trails_of_this_account_are_encrypted_and_cannot_be_read_by_the_service(
    declare: Declare, recorded: Recorded
) -> None:
    found = statements(declare, recorded, "cloudtrail.amazonaws.com")
    assert found.keys() == {"AccountDecides", "TrailFiles", "TrailLooksAtKey"}
    assert found["TrailFiles"]["Action"] == ["kms:GenerateDataKey*"]
    assert found["TrailFiles"]["Condition"] == {
        "StringLike": {
            "kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"
        }
    }
    assert found["TrailLooksAtKey"]["Action"] == ["kms:DescribeKey"]


def test_senders_to_encrypted_topics_may_use_the_key_unless_for_another_account(
    declare: Declare, recorded: Recorded
) -> None:
    senders = ("cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com")
    found = statements(declare, recorded, LOGS, *senders)["ServicesOnOurBehalf"]
    assert found["Principal"] == {"Service": list(senders)}
    assert found["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]
    assert found["Condition"] == OF_THIS_ACCOUNT


def test_no_statement_is_for_everyone(declare: Declare, recorded: Recorded) -> None:
    found = statements(declare, recorded, LOGS, "cloudtrail.amazonaws.com", "sns.amazonaws.com")
    for one in found.values():
        assert one["Principal"] not in ("*", {"AWS": "*"})
        assert "Condition" in one or one["Sid"] == "AccountDecides"


def test_use_is_granted_for_this_key_alone(declare: Declare, recorded: Recorded) -> None:
    document = declare(lambda: policy_document([key().use()]))
    (statement,) = json.loads(document)["Statement"]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Resource"] == [recorded.one("aws:kms/key:Key").state["arn"]]


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("events", r"'events' is no principal; write it as sns\.amazonaws\.com"),
        ("logs.amazonaws.com", r"acts as logs\.eu-central-1\.amazonaws\.com here"),
        ("logs.eu-west-1.amazonaws.com", r"acts as logs\.eu-central-1\.amazonaws\.com here"),
    ],
)
def test_principals_that_do_not_exist_here_are_refused(service: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        key(service)
