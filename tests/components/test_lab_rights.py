import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from components.archive import Archive, ArchiveArgs
from components.code import ROOT
from components.encryption import Key, KeyArgs
from components.iam import Grant, policy_document
from components.lab_rights import LabRights
from components.place import Place
from components.queue import Queue, QueueArgs
from tests.support.pulumi_recorder import Declare

PLACE = Place(account="123456789012", region="eu-central-1")
ARN = "arn:aws:s3:::archive-bucket-1a2b3c4"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:uploads-queue-1a2b3c4"
KEY = "arn:aws:kms:eu-central-1:123456789012:data-key-1a2b3c4"
THROUGH_S3 = {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}

Wanted = Callable[[LabRights], tuple[Grant, ...]]


def send(rights: LabRights) -> tuple[Grant, ...]:
    return rights.send()


def verify(rights: LabRights) -> tuple[Grant, ...]:
    return rights.verify()


def register(rights: LabRights) -> tuple[Grant, ...]:
    uploads = Queue("uploads", QueueArgs(handling_seconds=600, senders=()))
    return rights.register(uploads, "unit.json")


def allowed(
    declare: Declare, wanted: Wanted, prefix: str = "slides/", *, own_key: bool = False
) -> list[dict[str, Any]]:
    """Return the statements of a policy with these rights."""

    def program() -> Any:
        key = Key("data", KeyArgs(description="Data", place=PLACE)) if own_key else None
        args = ArchiveArgs(write_once="slides/", remade=(), log_days=90, key=key)
        rights = LabRights(archive=Archive("archive", args), place=PLACE, prefix=prefix)
        return policy_document(wanted(rights))

    return list(json.loads(declare(program))["Statement"])


def held(statements: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return each action with each resource that it is allowed on."""
    return {
        (action, resource)
        for one in statements
        for action in one["Action"]
        for resource in one["Resource"]
    }


def test_who_sends_adds_objects_under_the_prefix_alone(declare: Declare) -> None:
    assert held(allowed(declare, send, "slides/scanner-1/")) == {
        ("s3:PutObject", f"{ARN}/slides/scanner-1/*"),
        ("s3:AbortMultipartUpload", f"{ARN}/slides/scanner-1/*"),
        ("s3:ListMultipartUploadParts", f"{ARN}/slides/scanner-1/*"),
        ("s3:ListBucketMultipartUploads", ARN),
    }


def test_who_sends_reads_lists_deletes_tags_locks_and_publishes_nothing(declare: Declare) -> None:
    actions = {action for action, _ in held(allowed(declare, send, own_key=True))}
    refused = "Get|Delete|ListBucket$|Version|Tagging|Acl|Retention|LegalHold|Bypass|Restore"
    assert not [one for one in actions if re.search(refused, one)]


def test_who_sends_may_do_what_the_program_says_it_asks_for(declare: Declare) -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "scripts/labsight_lab/sync/sending").glob("*.py")
    )
    asked = set(re.findall(r'"(s3:[A-Z]\w+)"', source))
    may = {action for action, _ in held(allowed(declare, send))}
    assert asked - may <= {"s3:GetObject"}  # saves work, and is not needed: docs/sync.md
    assert may <= asked


def test_who_verifies_reads_under_the_prefix_and_lists_no_other_name(declare: Declare) -> None:
    statements = allowed(declare, verify)
    assert held(statements) == {("s3:GetObject", f"{ARN}/slides/*"), ("s3:ListBucket", ARN)}
    (listing,) = (one for one in statements if one["Action"] == ["s3:ListBucket"])
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "slides/*"}}


def test_who_registers_reads_as_well_and_adds_manifests_alone(declare: Declare) -> None:
    reading, registering = held(allowed(declare, verify)), held(allowed(declare, register))
    assert registering - reading == {
        ("s3:PutObject", f"{ARN}/slides/*/unit.json"),
        ("sqs:SendMessage", QUEUE),
    }
    assert reading < registering


@pytest.mark.parametrize(
    ("wanted", "actions"),
    [
        (send, {"kms:GenerateDataKey", "kms:Decrypt"}),
        (verify, {"kms:Decrypt"}),
        (register, {"kms:GenerateDataKey", "kms:Decrypt"}),
    ],
)
def test_an_own_key_of_the_archive_is_used_through_s3_alone(
    declare: Declare, wanted: Wanted, actions: set[str]
) -> None:
    statements = allowed(declare, wanted, own_key=True)
    (using,) = (one for one in statements if KEY in one["Resource"])
    assert using == {
        "Effect": "Allow",
        "Action": using["Action"],
        "Resource": [KEY],
        "Condition": THROUGH_S3,
    }
    assert set(using["Action"]) == actions
    assert not [action for action, _ in held(allowed(declare, wanted)) if "kms" in action]


def test_a_prefix_that_is_no_folder_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="prefix: ends with / so that it is a folder"):
        allowed(declare, send, "slides")
