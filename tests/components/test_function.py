import json
from typing import Any

import pulumi
import pytest

from components.function import Function, FunctionArgs, QueueSource
from components.iam import Grant
from components.queue import Queue, QueueArgs, Sender
from tests.support.pulumi_recorder import Declare, Recorded

FUNCTION = "aws:lambda/function:Function"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
SENDER = Sender(service="events.amazonaws.com", source="arn:rule")


def args(**changes: Any) -> FunctionArgs:
    least = {
        "code": "tiles",
        "environment": {"COLOUR": "red"},
        "timeout_seconds": 20,
        "memory_mb": 256,
        "log_days": 30,
    }
    return FunctionArgs(**{**least, **changes})


def function(**changes: Any) -> pulumi.Output[str]:
    return Function("painter", args(**changes)).arn


def queue(handling_seconds: int = 60) -> Queue:
    return Queue("jobs", QueueArgs(handling_seconds=handling_seconds, senders=(SENDER,)))


def statements(recorded: Recorded) -> list[dict[str, Any]]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def test_it_runs_its_handler_on_python_313_and_arm64(declare: Declare, recorded: Recorded) -> None:
    declare(function)
    inputs = recorded.one(FUNCTION).inputs
    assert inputs["handler"] == "lambdas.tiles.handler.handle"
    assert inputs["runtime"] == "python3.13"
    assert inputs["architectures"] == ["arm64"]
    assert "lambdas/tiles/handler.py" in inputs["code"].assets


def test_it_gets_the_time_memory_and_room_asked_for(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: function(timeout_seconds=300, memory_mb=1769, scratch_mb=2048))
    inputs = recorded.one(FUNCTION).inputs
    assert (inputs["timeout"], inputs["memorySize"]) == (300, 1769)
    assert inputs["ephemeralStorage"] == {"size": 2048}


def test_its_environment_is_what_was_declared_and_nothing_else(
    declare: Declare, recorded: Recorded
) -> None:
    declare(function)
    assert recorded.one(FUNCTION).inputs["environment"] == {"variables": {"COLOUR": "red"}}


def test_it_is_traced_and_logs_to_its_own_group_for_the_days_asked_for(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(log_days=365))
    logs = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert logs.inputs == {"name": "/labsight/test/painter", "retentionInDays": 365}
    inputs = recorded.one(FUNCTION).inputs
    assert inputs["loggingConfig"] == {"logFormat": "JSON", "logGroup": "/labsight/test/painter"}
    assert inputs["tracingConfig"] == {"mode": "Active"}


def test_its_role_holds_the_grants_given_its_own_logs_and_traces(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(grants=(Grant(("s3:GetObject",), ("arn:images/*",)),)))
    given, logs, traces = statements(recorded)
    assert (given["Action"], given["Resource"]) == (["s3:GetObject"], ["arn:images/*"])
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup").state["arn"]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert logs["Resource"] == [f"{group}:*"]
    assert traces["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]


def test_it_waits_for_its_permissions_and_for_what_it_comes_after(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(after=(queue(),)))
    assert {"painter-policy", "jobs-queue"} <= recorded.one(FUNCTION).depends_on


def test_a_queue_is_consumed_with_partial_failures_and_bounded_concurrency(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(source=QueueSource(queue=queue(), batch=4, concurrency=8)))
    arn = recorded.one("aws:sqs/queue:Queue", "jobs-queue").state["arn"]
    assert recorded.one(MAPPING).inputs == {
        "eventSourceArn": arn,
        "functionName": recorded.one(FUNCTION).state["arn"],
        "batchSize": 4,
        "scalingConfig": {"maximumConcurrency": 8},
        "functionResponseTypes": ["ReportBatchItemFailures"],
    }
    (consume,) = [one for one in statements(recorded) if "sqs:ReceiveMessage" in one["Action"]]
    assert consume["Resource"] == [arn]


def test_without_a_queue_there_is_no_source(declare: Declare, recorded: Recorded) -> None:
    declare(function)
    assert not recorded.of(MAPPING)


def test_a_function_slower_than_its_queue_allows_is_refused(declare: Declare) -> None:
    source = {"batch": 1, "concurrency": 2}
    with pytest.raises(ValueError, match="gives its consumer 10 s, the function takes up to 20 s"):
        declare(lambda: function(source=QueueSource(queue=queue(10), **source)))


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        ("timeout_seconds", 901, "1 to 900 seconds"),
        ("memory_mb", 64, "128 to 10240 MB"),
        ("scratch_mb", 20_480, "512 to 10240 MB"),
    ],
)
def test_sizes_that_lambda_does_not_take_are_refused(
    setting: str, value: int, allowed: str
) -> None:
    with pytest.raises(ValueError, match=f"{setting}: Lambda takes {allowed}, got {value}"):
        args(**{setting: value})


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [("batch", 11, "1 to 10 messages"), ("concurrency", 1, "2 to 1000 running copies")],
)
def test_sources_that_lambda_does_not_take_are_refused(
    declare: Declare, setting: str, value: int, allowed: str
) -> None:
    asked = {"batch": 1, "concurrency": 2, setting: value}
    with pytest.raises(ValueError, match=f"{setting}: Lambda takes {allowed}, got {value}"):
        declare(lambda: QueueSource(queue=queue(), **asked))
