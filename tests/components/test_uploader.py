import json
import re
from typing import Any

import pytest

from components.code import ROOT
from components.encryption import Key, KeyArgs
from components.place import Place
from components.uploader import SESSION_SECONDS, Uploader, UploaderArgs
from tests.support.pulumi_recorder import Declare, Recorded

PLACE = Place(account="123456789012", region="eu-central-1")
ARCHIVE = "arn:aws:s3:::archive-1a"


def uploader() -> Uploader:
    return Uploader("uploader", UploaderArgs(place=PLACE, bucket_arn=ARCHIVE, prefix="slides/"))


def statements(recorded: Recorded) -> list[dict[str, Any]]:
    policy = recorded.one("aws:iam/policy:Policy").inputs["policy"]
    return list(json.loads(policy)["Statement"])


def test_objects_are_added_under_the_prefix_alone(declare: Declare, recorded: Recorded) -> None:
    declare(uploader)
    assert {one["Resource"][0]: set(one["Action"]) for one in statements(recorded)} == {
        f"{ARCHIVE}/slides/*": {
            "s3:PutObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        },
        ARCHIVE: {"s3:ListBucketMultipartUploads"},
    }


def test_an_own_key_of_the_bucket_is_used_through_s3_alone(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> None:
        key = Key("data", KeyArgs(description="Data", place=PLACE))
        Uploader(
            "uploader", UploaderArgs(place=PLACE, bucket_arn=ARCHIVE, prefix="slides/", key=key)
        )

    declare(program)
    (held,) = (one for one in statements(recorded) if "kms:GenerateDataKey" in one["Action"])
    assert set(held["Action"]) == {"kms:GenerateDataKey", "kms:Decrypt"}
    assert held["Resource"] == [recorded.one("aws:kms/key:Key").state["arn"]]
    assert held["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
    }


def test_nothing_is_read_listed_or_deleted(declare: Declare, recorded: Recorded) -> None:
    declare(uploader)
    actions = {action for one in statements(recorded) for action in one["Action"]}
    assert not [one for one in actions if re.search("Get|Delete|ListBucket$|Version", one)]


def test_the_policy_allows_what_sync_says_it_asks_for(declare: Declare, recorded: Recorded) -> None:
    declare(uploader)
    source = (ROOT / "scripts/labsight_lab/sync/sending/s3.py").read_text(encoding="utf-8")
    asked = set(re.findall(r'_asking\("(s3:\w+)"', source))
    allowed = {action for one in statements(recorded) for action in one["Action"]}
    assert asked - allowed == {"s3:GetObject"}  # saves work, and is not needed: docs/sync.md
    assert allowed <= asked


def test_whom_the_account_lets_may_take_the_role_for_half_a_day(
    declare: Declare, recorded: Recorded
) -> None:
    declare(uploader)
    role = recorded.one("aws:iam/role:Role").inputs
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert role["maxSessionDuration"] == SESSION_SECONDS == 43_200
    attachment = recorded.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs
    assert attachment["policyArn"] == recorded.one("aws:iam/policy:Policy").state["arn"]


def test_a_prefix_that_is_no_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="prefix: ends with / so that it is a folder"):
        UploaderArgs(place=PLACE, bucket_arn=ARCHIVE, prefix="slides")
