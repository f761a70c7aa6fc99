import json
from typing import Any

import pulumi
import pytest

from components.archive import Archive, ArchiveArgs
from components.events import EventCall, EventCallArgs, ObjectCreated, ObjectCreatedArgs
from components.function import Function, FunctionArgs
from components.iam import policy_document
from components.queue import Queue, QueueArgs, Sender
from tests.support.functions import platform
from tests.support.pulumi_recorder import Declare, Recorded

QUEUE = "aws:sqs/queue:Queue"
POLICY = "aws:sqs/queuePolicy:QueuePolicy"
SENDER = Sender(service="events.amazonaws.com", source="arn:rule")


def uploads() -> pulumi.Output[str]:
    archive = Archive(
        "archive", ArchiveArgs(write_once="slides/", remade=("derived/",), log_days=90)
    )
    args = ObjectCreatedArgs(archive=archive, prefix="slides/", handling_seconds=60)
    return ObjectCreated("uploads", args).queue.arn


def statements(recorded: Recorded, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(recorded.one(POLICY, name).inputs["policy"])[
        "Statement"
    ]
    return found


def test_the_rule_ignores_everything_but_creation(declare: Declare, recorded: Recorded) -> None:
    declare(uploads)
    pattern = json.loads(recorded.one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"])
    assert pattern["detail-type"] == ["Object Created"]


def test_the_rule_feeds_the_queue_and_loses_nothing(declare: Declare, recorded: Recorded) -> None:
    declare(uploads)
    target = recorded.one("aws:cloudwatch/eventTarget:EventTarget")
    dead = recorded.one(QUEUE, "uploads-dead-letters")
    assert target.inputs["rule"] == recorded.one("aws:cloudwatch/eventRule:EventRule").state["name"]
    assert target.inputs["arn"] == recorded.one(QUEUE, "uploads-queue").state["arn"]
    assert target.inputs["deadLetterConfig"] == {"arn": dead.state["arn"]}
    assert {"uploads-queue-policy", "uploads-dead-letters-policy"} <= target.depends_on


@pytest.mark.parametrize("name", ["queue", "dead-letters"])
def test_only_the_rule_may_send_and_nobody_without_tls(
    declare: Declare, recorded: Recorded, name: str
) -> None:
    declare(uploads)
    arn = recorded.one(QUEUE, f"uploads-{name}").state["arn"]
    tls, sender = statements(recorded, f"uploads-{name}-policy")
    assert (tls["Effect"], tls["Action"], tls["Resource"]) == ("Deny", ["sqs:*"], [arn])
    assert (sender["Effect"], sender["Action"]) == ("Allow", ["sqs:SendMessage"])
    assert sender["Principal"] == {"Service": "events.amazonaws.com"}
    rule = recorded.one("aws:cloudwatch/eventRule:EventRule")
    assert sender["Condition"] == {"ArnEquals": {"aws:SourceArn": rule.state["arn"]}}


def test_a_message_is_hidden_six_times_as_long_as_its_handling_may_take(
    declare: Declare, recorded: Recorded
) -> None:
    declare(uploads)
    assert recorded.one(QUEUE, "uploads-queue").inputs["visibilityTimeoutSeconds"] == 360


def test_what_fails_five_times_is_kept_for_two_weeks(declare: Declare, recorded: Recorded) -> None:
    declare(uploads)
    queue, dead = recorded.one(QUEUE, "uploads-queue"), recorded.one(QUEUE, "uploads-dead-letters")
    assert json.loads(queue.inputs["redrivePolicy"]) == {
        "deadLetterTargetArn": dead.state["arn"],
        "maxReceiveCount": 5,
    }
    assert dead.inputs["messageRetentionSeconds"] == 1_209_600
    assert dead.inputs["messageRetentionSeconds"] > queue.inputs["messageRetentionSeconds"]


def test_dead_letters_come_from_their_queue_alone(declare: Declare, recorded: Recorded) -> None:
    declare(uploads)
    allowed = recorded.one("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
    assert allowed.inputs["queueUrl"] == recorded.one(QUEUE, "uploads-dead-letters").state["url"]
    assert json.loads(allowed.inputs["redriveAllowPolicy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [recorded.one(QUEUE, "uploads-queue").state["arn"]],
    }


def test_both_queues_are_encrypted(declare: Declare, recorded: Recorded) -> None:
    declare(uploads)
    assert [queue.inputs["sqsManagedSseEnabled"] for queue in recorded.of(QUEUE)] == [True, True]


def test_consuming_does_not_include_sending(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        queue = Queue("jobs", QueueArgs(handling_seconds=30, senders=(SENDER,)))
        return policy_document([queue.consume()])

    (statement,) = json.loads(declare(program))["Statement"]
    assert sorted(statement["Action"]) == [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    ]
    assert statement["Resource"] == ["arn:aws:sqs:eu-central-1:123456789012:jobs-queue-1a2b3c4"]


@pytest.mark.parametrize("seconds", [0, 7201])
def test_handling_times_that_sqs_cannot_cover_are_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match=f"handling_seconds: 1 to 7200 .*got {seconds}"):
        QueueArgs(handling_seconds=seconds, senders=(SENDER,))


@pytest.mark.parametrize("tries", [0, 1001])
def test_a_number_of_tries_that_sqs_does_not_take_is_refused(tries: int) -> None:
    with pytest.raises(ValueError, match=f"tries: SQS takes 1 to 1000, got {tries}"):
        QueueArgs(handling_seconds=30, senders=(SENDER,), tries=tries)


def hears(**changes: Any) -> pulumi.Output[str]:
    function = Function(
        "refresh",
        FunctionArgs(
            code="tiles", environment={}, timeout_seconds=60, memory_mb=256, platform=platform()
        ),
    )
    pattern = json.dumps({"source": ["aws.ec2"]})
    least = {"function": function, "pattern": pattern, "description": "Instances that stop"}
    EventCall("stopped", EventCallArgs(**{**least, **changes}))
    return function.arn


def test_a_function_hears_of_matching_events(declare: Declare, recorded: Recorded) -> None:
    arn = declare(hears)
    rule = recorded.one("aws:cloudwatch/eventRule:EventRule")
    assert json.loads(rule.inputs["eventPattern"]) == {"source": ["aws.ec2"]}
    target = recorded.one("aws:cloudwatch/eventTarget:EventTarget")
    assert (target.inputs["rule"], target.inputs["arn"]) == (rule.state["name"], arn)


def test_only_that_rule_may_call_it_and_before_the_first_event(
    declare: Declare, recorded: Recorded
) -> None:
    declare(hears)
    permission = recorded.one("aws:lambda/permission:Permission")
    assert permission.inputs["principal"] == "events.amazonaws.com"
    rule = recorded.one("aws:cloudwatch/eventRule:EventRule")
    assert permission.inputs["sourceArn"] == rule.state["arn"]
    target = recorded.one("aws:cloudwatch/eventTarget:EventTarget")
    assert {permission.name, "failures-policy"} <= target.depends_on


def test_events_that_cannot_be_delivered_in_time_join_the_failed_calls(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: hears(age_seconds=600))
    target = recorded.one("aws:cloudwatch/eventTarget:EventTarget").inputs
    assert target["deadLetterConfig"] == {"arn": recorded.one(QUEUE).state["arn"]}
    assert target["retryPolicy"]["maximumEventAgeInSeconds"] == 600


def test_an_age_that_eventbridge_does_not_take_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match=r"age_seconds: EventBridge keeps .* 60 to 86400 s, got 5"):
        declare(lambda: hears(age_seconds=5))
