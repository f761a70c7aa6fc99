import json
from typing import Any

import pulumi
import pytest

from components.encryption import Key, KeyArgs
from components.function import Function, FunctionArgs
from components.schedule import TimedCall, TimedCallArgs
from tests.support.functions import platform
from tests.support.networks import PLACE
from tests.support.pulumi_recorder import Declare, Recorded

SCHEDULE = "aws:scheduler/schedule:Schedule"


def evening(**changes: Any) -> pulumi.Output[str]:
    function = Function(
        "stop",
        FunctionArgs(
            code="tiles", environment={}, timeout_seconds=60, memory_mb=256, platform=platform()
        ),
    )
    least = {
        "function": function,
        "place": PLACE,
        "when": "cron(0 20 ? * MON-FRI *)",
        "description": "Stop in the evening",
    }
    TimedCall("evening", TimedCallArgs(**{**least, **changes}))
    return function.arn


def test_it_calls_the_function_by_the_clock_of_the_lab(
    declare: Declare, recorded: Recorded
) -> None:
    arn = declare(lambda: evening(time_zone="Europe/Berlin", event={"action": "stop"}))
    inputs = recorded.one(SCHEDULE).inputs
    assert inputs["scheduleExpression"] == "cron(0 20 ? * MON-FRI *)"
    assert inputs["scheduleExpressionTimezone"] == "Europe/Berlin"
    assert inputs["target"]["arn"] == arn
    assert json.loads(inputs["target"]["input"]) == {"action": "stop"}


def test_its_role_calls_that_function_and_leaves_failed_calls_and_nothing_else(
    declare: Declare, recorded: Recorded
) -> None:
    arn = declare(evening)
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", "evening-policy").inputs["policy"]
    call, fail = json.loads(policy)["Statement"]
    assert (call["Action"], call["Resource"]) == (["lambda:InvokeFunction"], [arn])
    failures = recorded.one("aws:sqs/queue:Queue").state["arn"]
    assert (fail["Action"], fail["Resource"]) == (["sqs:SendMessage"], [failures])
    assert recorded.one(SCHEDULE).inputs["target"]["deadLetterConfig"] == {"arn": failures}


def test_the_role_serves_schedules_of_this_account_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(evening)
    trust = recorded.one("aws:iam/role:Role", "evening-role").inputs["assumeRolePolicy"]
    (statement,) = json.loads(trust)["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": "123456789012",
            "aws:SourceArn": "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/default",
        }
    }


def test_with_a_key_what_the_function_is_told_is_encrypted_with_it(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: evening(key=Key("key", KeyArgs(description="Operations", place=PLACE))))
    key = recorded.one("aws:kms/key:Key").state["arn"]
    assert recorded.one(SCHEDULE).inputs["kmsKeyArn"] == key
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", "evening-policy").inputs["policy"]
    *_, use = json.loads(policy)["Statement"]
    assert (use["Action"], use["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], [key])


@pytest.mark.parametrize("when", ["20:00", "rate 1 hour", "cron(0 20 * * ? *"])
def test_what_is_no_schedule_is_refused(declare: Declare, when: str) -> None:
    with pytest.raises(ValueError, match="when: a schedule is rate"):
        declare(lambda: evening(when=when))


def test_a_call_that_may_be_too_late_or_never_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="late_seconds: a call may be 60 to 86400 s late, got 0"):
        declare(lambda: evening(late_seconds=0))
