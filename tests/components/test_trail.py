import json
from typing import Any

import pytest

from components.encryption import Key, KeyArgs
from components.place import Place
from components.trail import Trail, TrailArgs
from tests.support.pulumi_recorder import Declare, Recorded

PLACE = Place(account="123456789012", region="eu-central-1")
ARCHIVE = "arn:aws:s3:::archive-1a"
LOG = "arn:aws:s3:::trail-log-bucket-1a2b3c4"
TRAIL = "aws:cloudtrail/trail:Trail"


def trail(*, kept: bool = True) -> Trail:
    key = Key("images", KeyArgs(description="images", place=PLACE))
    args = TrailArgs(place=PLACE, buckets=(ARCHIVE,), log_days=365, key=key, kept=kept)
    return Trail("trail", args)


def statements(recorded: Recorded) -> dict[str, dict[str, Any]]:
    policy = recorded.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"]
    return {one["Sid"]: one for one in json.loads(policy)["Statement"]}


def test_every_object_of_the_archive_is_watched_and_no_management_event(
    declare: Declare, recorded: Recorded
) -> None:
    declare(trail)
    (selector,) = recorded.one(TRAIL).inputs["advancedEventSelectors"]
    fields = {one["field"]: one for one in selector["fieldSelectors"]}
    assert fields["eventCategory"]["equals"] == ["Data"]
    assert fields["resources.type"]["equals"] == ["AWS::S3::Object"]
    assert fields["resources.ARN"]["startsWiths"] == [f"{ARCHIVE}/"]


def test_the_record_is_validated_encrypted_and_can_be_searched(
    declare: Declare, recorded: Recorded
) -> None:
    declare(trail)
    inputs = recorded.one(TRAIL).inputs
    key = recorded.one("aws:kms/key:Key").state["arn"]
    lines = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert inputs["enableLogFileValidation"] is True
    assert inputs["kmsKeyId"] == lines.inputs["kmsKeyId"] == key
    assert inputs["cloudWatchLogsGroupArn"] == f"{lines.state['arn']}:*"
    assert lines.inputs["retentionInDays"] == 365


def test_only_this_trail_delivers_to_the_bucket(declare: Declare, recorded: Recorded) -> None:
    declare(trail)
    found = statements(recorded)
    source = "arn:aws:cloudtrail:eu-central-1:123456789012:trail/trail-trail-*"
    assert found["TrailDelivers"]["Resource"] == [f"{LOG}/AWSLogs/123456789012/*"]
    assert found["TrailLooksAtTheBucket"]["Resource"] == [LOG]
    for sid in ("TrailDelivers", "TrailLooksAtTheBucket"):
        assert found[sid]["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert found[sid]["Condition"] == {"ArnEquals": {"aws:SourceArn": source}}


def test_the_pattern_for_the_trail_fits_the_name_that_it_gets(
    declare: Declare, recorded: Recorded
) -> None:
    declare(trail)
    pattern = statements(recorded)["TrailDelivers"]["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert recorded.one(TRAIL).state["name"].startswith(pattern.rpartition("/")[2].rstrip("*"))


def test_bucket_policy_and_role_are_there_before_the_trail(
    declare: Declare, recorded: Recorded
) -> None:
    declare(trail)
    assert {"trail-log-policy", "trail-policy"} <= recorded.one(TRAIL).depends_on


@pytest.mark.parametrize("kept", [True, False])
def test_the_record_outlives_the_stack_or_goes_with_all_that_is_in_it(
    declare: Declare, recorded: Recorded, kept: bool
) -> None:
    declare(lambda: trail(kept=kept))
    bucket = recorded.one("aws:s3/bucket:Bucket")
    assert bucket.retained is kept
    assert bucket.inputs["forceDestroy"] is not kept


def test_a_trail_of_nothing_is_refused(declare: Declare) -> None:
    def program() -> TrailArgs:
        key = Key("images", KeyArgs(description="images", place=PLACE))
        return TrailArgs(place=PLACE, buckets=(), log_days=365, key=key, kept=True)

    with pytest.raises(ValueError, match="buckets: a trail of no bucket"):
        declare(program)
