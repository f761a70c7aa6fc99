import dataclasses
import json
from typing import Any

import pulumi
import pytest

from components.archive import Archive, ArchiveArgs
from components.encryption import Key, KeyArgs
from components.iam import Grant, policy_document
from components.place import Place
from tests.support.pulumi_recorder import Declare, Recorded

ARGS = ArchiveArgs(write_once="slides/", remade=("derived/",), log_days=90)
ARN = "arn:aws:s3:::archive-bucket-1a2b3c4"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
LOG_ARN = "arn:aws:s3:::archive-log-bucket-1a2b3c4"


def archive(**changes: Any) -> pulumi.Output[str]:
    return Archive(
        "archive",
        ArchiveArgs(
            **{"write_once": "slides/", "remade": ("derived/",), "log_days": 90, **changes}
        ),
    ).arn


def allowed(declare: Declare, method: str, prefix: str) -> dict[str, Any]:
    def program() -> pulumi.Output[str]:
        grant: Grant = getattr(Archive("archive", ARGS), method)(prefix)
        return policy_document([grant])

    (statement,) = json.loads(declare(program))["Statement"]
    return dict(statement)


def statements(recorded: Recorded, name: str) -> dict[str, dict[str, Any]]:
    policy = recorded.one("aws:s3/bucketPolicy:BucketPolicy", name)
    return {one["Sid"]: one for one in json.loads(policy.inputs["policy"])["Statement"]}


def rules(recorded: Recorded, name: str) -> dict[str, dict[str, Any]]:
    lifecycle = recorded.one(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", name
    )
    return {rule["id"]: rule for rule in lifecycle.inputs["rules"]}


def test_read_is_limited_to_the_prefix(declare: Declare) -> None:
    statement = allowed(declare, "read", "slides/")
    assert statement["Action"] == ["s3:GetObject"]
    assert statement["Resource"] == [f"{ARN}/slides/*"]


def test_write_is_limited_to_the_prefix_and_deletes_nothing(declare: Declare) -> None:
    statement = allowed(declare, "write", "derived/")
    assert statement["Action"] == ["s3:PutObject", "s3:AbortMultipartUpload"]
    assert statement["Resource"] == [f"{ARN}/derived/*"]


def test_list_shows_the_keys_under_the_prefix_alone(declare: Declare) -> None:
    statement = allowed(declare, "list", "slides/")
    assert statement["Action"] == ["s3:ListBucket"]
    assert statement["Resource"] == [ARN]
    assert statement["Condition"] == {"StringLike": {"s3:prefix": "slides/*"}}


def test_list_of_all_has_no_condition_so_that_a_missing_object_can_be_told(
    declare: Declare,
) -> None:
    statement = allowed(declare, "list", "")
    assert statement["Resource"] == [ARN]
    assert "Condition" not in statement


def test_no_scanned_object_is_put_without_the_promise_not_to_overwrite(
    declare: Declare, recorded: Recorded
) -> None:
    declare(archive)
    assert statements(recorded, "archive-policy")["NeverOverwrite"] == {
        "Sid": "NeverOverwrite",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:PutObject"],
        "Resource": [f"{ARN}/slides/*"],
        "Condition": {
            "Null": {"s3:if-none-match": "true"},
            "Bool": {"s3:ObjectCreationOperation": "true"},
        },
    }


@pytest.mark.parametrize(
    ("policy", "arn"), [("archive-policy", ARN), ("archive-log-policy", LOG_ARN)]
)
def test_both_buckets_refuse_requests_without_tls(
    declare: Declare, recorded: Recorded, policy: str, arn: str
) -> None:
    declare(archive)
    statement = statements(recorded, policy)["TlsOnly"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
    assert statement["Action"] == ["s3:*"]
    assert statement["Resource"] == [arn, f"{arn}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_access_logs_of_the_archive_enter_the_log_bucket(
    declare: Declare, recorded: Recorded
) -> None:
    declare(archive)
    delivery = statements(recorded, "archive-log-policy")["AccessLogDelivery"]
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Resource"] == [f"{LOG_ARN}/access/*"]
    assert delivery["Condition"] == {"ArnEquals": {"aws:SourceArn": ARN}}
    logging = recorded.one("aws:s3/bucketLogging:BucketLogging")
    assert logging.inputs["targetPrefix"] == "access/"
    assert logging.inputs["bucket"] in ARN
    assert logging.inputs["targetBucket"] in LOG_ARN
    assert "archive-log-policy" in logging.depends_on


def test_objects_cool_from_the_first_day_and_broken_uploads_go_after_a_week(
    declare: Declare, recorded: Recorded
) -> None:
    declare(archive)
    found = rules(recorded, "archive-lifecycle")
    assert found["intelligent-tiering-from-day-0"]["transitions"] == [
        {"days": 0, "storageClass": "INTELLIGENT_TIERING"}
    ]
    assert found["remains"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert found["remains"]["filter"] == {"prefix": ""}


def test_only_what_can_be_made_anew_loses_its_old_versions(
    declare: Declare, recorded: Recorded
) -> None:
    declare(archive)
    forgetting = [
        rule
        for rule in rules(recorded, "archive-lifecycle").values()
        if "noncurrentVersionExpiration" in rule
    ]
    assert [rule["filter"] for rule in forgetting] == [{"prefix": "derived/"}]


def test_no_rule_of_the_archive_deletes_a_current_object(
    declare: Declare, recorded: Recorded
) -> None:
    declare(archive)
    assert not [
        rule for rule in rules(recorded, "archive-lifecycle").values() if "expiration" in rule
    ]


def test_access_logs_expire(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: archive(log_days=365))
    assert rules(recorded, "archive-log-lifecycle")["expiry"]["expiration"] == {"days": 365}


def test_without_a_number_of_days_there_is_no_archive_tier(
    declare: Declare, recorded: Recorded
) -> None:
    declare(archive)
    assert not [one for one in recorded if "IntelligentTiering" in one.type]


def test_only_scanned_objects_enter_the_archive_tier(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: archive(archive_after_days=180))
    tier = recorded.one(
        "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration"
    )
    assert tier.inputs["filter"] == {"prefix": "slides/"}
    assert tier.inputs["tierings"] == [{"accessTier": "ARCHIVE_ACCESS", "days": 180}]


@pytest.mark.parametrize("days", [0, 89, 731])
def test_days_that_s3_does_not_take_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match=f"archive_after_days: S3 takes 90 to 730, got {days}"):
        ArchiveArgs(
            write_once="slides/", remade=("derived/",), log_days=90, archive_after_days=days
        )


def test_destroying_the_stack_leaves_the_images_and_all_that_guards_them(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: archive(archive_after_days=180))
    assert {
        one.name for one in recorded if one.type.startswith("aws:") and not one.retained
    } == set()
    assert recorded.one("aws:s3/bucket:Bucket", "archive-bucket").inputs["forceDestroy"] is False


def test_an_archive_that_is_not_kept_goes_with_all_that_is_in_it(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: archive(archive_after_days=180, object_lock_days=30, kept=False))
    assert [one.name for one in recorded if one.retained] == []
    assert recorded.one("aws:s3/bucket:Bucket", "archive-bucket").inputs["forceDestroy"] is True


def test_the_lock_is_turned_on_without_replacing_the_bucket(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: archive(object_lock_days=30))
    lock = recorded.one("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    assert lock.inputs["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}
    assert "archive-versions" in lock.depends_on
    assert "objectLockEnabled" not in recorded.one("aws:s3/bucket:Bucket", "archive-bucket").inputs


def test_slides_sink_into_both_tiers(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: archive(archive_after_days=125, deep_archive_after_days=180))
    tiers = recorded.one(
        "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration"
    ).inputs
    assert tiers["filter"] == {"prefix": "slides/"}
    assert tiers["tierings"] == [
        {"accessTier": "ARCHIVE_ACCESS", "days": 125},
        {"accessTier": "DEEP_ARCHIVE_ACCESS", "days": 180},
    ]


def test_an_own_key_encrypts_the_archive_and_its_readers_may_use_it(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> pulumi.Output[str]:
        place = Place("123456789012", "eu-central-1")
        key = Key("data", KeyArgs(description="images", place=place))
        images = Archive("archive", dataclasses.replace(ARGS, key=key))
        return policy_document([images.read("slides/"), images.write("derived/")])

    read, write = json.loads(declare(program))["Statement"]
    assert read["Action"] == ["s3:GetObject", "kms:Decrypt"]
    assert write["Action"][-2:] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert len(read["Resource"]) == len(write["Resource"]) == 2
    rule = recorded.one(ENCRYPTION, "archive-encryption").inputs["rules"][0]
    assert rule["bucketKeyEnabled"] is True
    assert recorded.one(ENCRYPTION, "archive-log-encryption").inputs["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]


def test_all_events_go_to_eventbridge_through_one_notification(
    declare: Declare, recorded: Recorded
) -> None:
    declare(archive)
    notification = recorded.one("aws:s3/bucketNotification:BucketNotification")
    assert notification.inputs["eventbridge"] is True
    assert not {"queues", "topics", "lambdaFunctions"} & notification.inputs.keys()


def test_watching_a_prefix_matches_created_objects_of_this_bucket_alone(declare: Declare) -> None:
    pattern = json.loads(declare(lambda: Archive("archive", ARGS).watch("slides/")))
    assert pattern == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["archive-bucket-1a2b3c4"]},
            "object": {"key": [{"prefix": "slides/"}]},
        },
    }


@pytest.mark.parametrize("second", ["slides/", "slides/scanner-1/", "s"])
def test_the_same_objects_have_one_consumer(declare: Declare, second: str) -> None:
    def program() -> pulumi.Output[str]:
        store = Archive("archive", ARGS)
        store.watch("slides/")
        return store.watch(second)

    with pytest.raises(ValueError, match=f"under '{second}' already have a consumer"):
        declare(program)


def test_the_same_objects_may_have_a_consumer_for_another_task(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        store = Archive("archive", ARGS)
        store.watch("slides/")
        return store.watch("slides/", task="show on the share")

    assert '"prefix": "slides/"' in declare(program)


def test_a_share_that_only_reads_changes_no_object(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        return policy_document([Archive("archive", ARGS).share_objects("slides/", writable=False)])

    (statement,) = json.loads(declare(program))["Statement"]
    assert statement["Action"] == ["s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectVersion"]
    assert statement["Resource"] == [f"{ARN}/slides/*"]


def test_a_share_that_writes_removes_no_old_version(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        archive_ = Archive("archive", ARGS)
        return policy_document([archive_.share_objects("work/", writable=True), archive_.share()])

    objects, bucket = json.loads(declare(program))["Statement"]
    assert {"s3:PutObject", "s3:DeleteObject"} <= set(objects["Action"])
    assert "s3:DeleteObjectVersion" not in objects["Action"]
    assert objects["Resource"] == [f"{ARN}/work/*"]
    assert bucket["Resource"] == [ARN]


def test_other_objects_may_have_another_consumer(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        store = Archive("archive", ARGS)
        store.watch("slides/")
        return store.watch("datasets/")

    assert '"prefix": "datasets/"' in declare(program)
