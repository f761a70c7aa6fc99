import json
from typing import Any

import pytest
from pulumi import Output

from components.encryption import Key, KeyArgs
from components.iam import policy_document
from components.secret import Secret, SecretArgs
from tests.support.networks import PLACE
from tests.support.pulumi_recorder import Declare, Recorded

SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"


def secret(**changes: Any) -> Secret:
    args: dict[str, Any] = {"description": "Signs cookies", "kept_days": 7, **changes}
    return Secret("signing", SecretArgs(**args))


def own_key() -> Key:
    return Key("own", KeyArgs(description="Secrets", place=PLACE))


def allowed(declare: Declare, method: str, *, encrypted: bool = False) -> dict[str, Any]:
    def program() -> Output[str]:
        one = secret(key=own_key() if encrypted else None)
        return policy_document([getattr(one, method)()])

    (statement,) = json.loads(declare(program))["Statement"]
    return dict(statement)


def test_a_value_is_kept_as_a_secret_of_the_state(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: secret(value="pem").arn)
    version = recorded.one(VERSION).inputs
    assert version["secretId"] == recorded.one(SECRET).state["id"]
    marker = "4dabf18193072939515e22adb298388d"  # Pulumi's mark of a secret on the wire
    assert version["secretString"] == {marker: "1b47061264138c4ac30d75fd1eb44270", "value": "pem"}


def test_without_a_value_it_waits_for_a_function(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: secret().arn)
    assert not recorded.of(VERSION)


def test_a_deleted_secret_can_be_restored_for_the_days_given(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: secret(kept_days=30).arn)
    assert recorded.one(SECRET).inputs["recoveryWindowInDays"] == 30
    declare(lambda: secret(kept_days=0).arn)
    assert recorded.one(SECRET).inputs["recoveryWindowInDays"] == 0


def test_reading_is_all_that_a_reader_may(declare: Declare, recorded: Recorded) -> None:
    statement = allowed(declare, "read")
    assert statement["Action"] == ["secretsmanager:GetSecretValue"]
    assert statement["Resource"] == [recorded.one(SECRET).state["arn"]]


def test_a_writer_cannot_read(declare: Declare) -> None:
    assert allowed(declare, "write")["Action"] == ["secretsmanager:PutSecretValue"]


def test_who_reads_a_secret_under_our_key_may_use_the_key(
    declare: Declare, recorded: Recorded
) -> None:
    statement = allowed(declare, "read", encrypted=True)
    arns = [recorded.one(kind).state["arn"] for kind in (SECRET, "aws:kms/key:Key")]
    assert statement["Action"] == ["secretsmanager:GetSecretValue", "kms:Decrypt"]
    assert statement["Resource"] == arns
    assert recorded.one(SECRET).inputs["kmsKeyId"] == arns[1]


def test_who_writes_a_secret_under_our_key_may_make_data_keys(declare: Declare) -> None:
    assert allowed(declare, "write", encrypted=True)["Action"] == [
        "secretsmanager:PutSecretValue",
        "kms:Decrypt",
        "kms:GenerateDataKey",
    ]


@pytest.mark.parametrize("days", [-1, 1, 6, 31])
def test_other_times_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match=f"kept_days: .* 7 to 30, or 0 .*, got {days}"):
        secret(kept_days=days)


def test_an_empty_value_is_refused_by_the_description() -> None:
    with pytest.raises(ValueError, match="secret 'Signs cookies': empty; leave it out"):
        secret(value="")


def test_a_value_is_not_part_of_what_is_printed() -> None:
    assert "pem" not in repr(SecretArgs(description="Signs cookies", kept_days=7, value="pem"))
