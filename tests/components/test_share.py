import json
from typing import Any

import pulumi
import pytest

from components.encryption import Key, KeyArgs
from components.share import Share, ShareArgs
from tests.components.gateway_program import PLACE, SHARE, archive
from tests.support.pulumi_recorder import Declare, Recorded

GATEWAY = "arn:aws:storagegateway:eu-central-1:123456789012:gateway/sgw-12A3456B"
BUCKET = "arn:aws:s3:::archive-bucket-1a2b3c4"


def share(**changes: Any) -> pulumi.Output[str]:
    least: dict[str, Any] = {
        "gateway_arn": GATEWAY,
        "archive": archive(),
        "prefix": "slides/",
        "name": "slides",
        "writable": False,
        "audit_log": "arn:log",
        "place": PLACE,
    }
    return Share("share", ShareArgs(**{**least, **changes})).arn


def allowed(recorded: Recorded) -> dict[str, list[str]]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]
    return {
        action: statement["Resource"]
        for statement in json.loads(policy)["Statement"]
        for action in statement["Action"]
    }


def test_slides_are_read_only_on_the_share_and_for_its_role(
    declare: Declare, recorded: Recorded
) -> None:
    declare(share)
    assert recorded.one(SHARE).inputs["readOnly"] is True
    assert recorded.one(SHARE).inputs["locationArn"] == f"{BUCKET}/slides/"
    permissions = allowed(recorded)
    assert permissions["s3:GetObject"] == [f"{BUCKET}/slides/*"]
    assert not [action for action in permissions if "Put" in action or "Delete" in action]


def test_work_is_writable_there_alone(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: share(prefix="work/", name="work", writable=True))
    assert recorded.one(SHARE).inputs["readOnly"] is False
    permissions = allowed(recorded)
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert permissions[action] == [f"{BUCKET}/work/*"]


def test_the_role_is_taken_for_this_gateway_of_this_account_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(share)
    trust = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "storagegateway.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnEquals": {"aws:SourceArn": GATEWAY},
    }


def test_what_is_written_cools_like_all_else_and_belongs_to_the_bucket(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: share(prefix="work/", writable=True))
    inputs = recorded.one(SHARE).inputs
    assert inputs["defaultStorageClass"] == "S3_INTELLIGENT_TIERING"
    assert inputs["objectAcl"] == "bucket-owner-full-control"
    assert inputs["auditDestinationArn"] == "arn:log"
    assert inputs["kmsEncrypted"] is False


def test_without_a_directory_one_account_signs_in(declare: Declare, recorded: Recorded) -> None:
    declare(share)
    assert recorded.one(SHARE).inputs["authentication"] == "GuestAccess"
    assert "validUserLists" not in recorded.one(SHARE).inputs


def test_with_a_directory_its_users_sign_in(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: share(directory=True, users=("@pathology",)))
    assert recorded.one(SHARE).inputs["authentication"] == "ActiveDirectory"
    assert recorded.one(SHARE).inputs["validUserLists"] == ["@pathology"]


def test_an_archive_with_its_own_key_is_opened_with_it(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> pulumi.Output[str]:
        key = Key("key", KeyArgs(description="Archive", place=PLACE))
        return share(archive=archive(key=key), prefix="work/", writable=True)

    declare(program)
    arn = recorded.one("aws:kms/key:Key").state["arn"]
    inputs = recorded.one(SHARE).inputs
    assert (inputs["kmsEncrypted"], inputs["kmsKeyArn"]) == (True, arn)
    assert arn in allowed(recorded)["kms:GenerateDataKey"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prefix": "slides"}, "prefix: 'slides'; a share's prefix ends with a slash"),
        ({"name": "a/b"}, "name: 'a/b'; give 1 to 80 letters"),
        ({"name": ""}, "name: ''; give 1 to 80 letters"),
        ({"users": ("anna",)}, "users: anna; without a directory there is one account"),
    ],
)
def test_what_the_service_does_not_take_is_refused(
    declare: Declare, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        declare(lambda: share(**changes))
