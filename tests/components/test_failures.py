import json

import pulumi

from components.failures import Failures, FailuresArgs
from components.iam import policy_document
from tests.support.networks import PLACE
from tests.support.pulumi_recorder import Declare, Recorded

QUEUE = "aws:sqs/queue:Queue"


def failures() -> Failures:
    return Failures("failures", FailuresArgs(place=PLACE))


def test_failed_calls_are_kept_encrypted_for_two_weeks(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: failures().arn)
    inputs = recorded.one(QUEUE).inputs
    assert inputs["messageRetentionSeconds"] == 1_209_600
    assert inputs["sqsManagedSseEnabled"] is True


def test_only_event_rules_of_this_account_send_and_nobody_without_tls(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: failures().arn)
    policy = json.loads(recorded.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"])
    tls, rules = policy["Statement"]
    assert (tls["Effect"], tls["Action"]) == ("Deny", ["sqs:*"])
    assert rules["Principal"] == {"Service": "events.amazonaws.com"}
    assert rules["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:events:eu-central-1:123456789012:rule/*"}
    }


def test_a_role_may_leave_a_failed_call_and_not_read_others(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> pulumi.Output[str]:
        return policy_document([failures().send()])

    (statement,) = json.loads(declare(program))["Statement"]
    assert statement["Action"] == ["sqs:SendMessage"]
    assert statement["Resource"] == [recorded.one(QUEUE).state["arn"]]
