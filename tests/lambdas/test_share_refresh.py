import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType

import boto3
import pytest
from moto import mock_aws

from labsight.errors import SettingsError
from tests.labsight.gateway.fakes import FakeGateway

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "LABSIGHT_GATEWAY": "arn:gateway",
    "LABSIGHT_APPLIANCE_ADDRESS": "10.20.0.9",
    "LABSIGHT_SHARES": json.dumps({"slides/": "arn:slides", "work/": "arn:work"}),
}


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        ec2 = boto3.client("ec2")
        image = ec2.describe_images()["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
        url = boto3.client("sqs").create_queue(QueueName="notices")["QueueUrl"]
        monkeypatch.setenv("LABSIGHT_APPLIANCE", made["InstanceId"])
        monkeypatch.setenv("LABSIGHT_REFRESH_QUEUE", url)
        yield url


def start() -> ModuleType:
    module = "lambdas.share_refresh.handler"
    sys.modules.pop(module, None)
    return importlib.import_module(module)


def send(queue: str, *keys: str) -> None:
    for key in keys:
        body = {"detail-type": "Object Created", "detail": {"object": {"key": key}}}
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(body))


def left(queue: str) -> int:
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    found = answer["Attributes"]
    waiting = int(found["ApproximateNumberOfMessages"])
    return waiting + int(found["ApproximateNumberOfMessagesNotVisible"])


def test_what_waits_is_refreshed_once(queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, gateway = start(), FakeGateway()
    monkeypatch.setattr(
        handler, "_refresher", handler.dataclasses.replace(handler._refresher, gateway=gateway)
    )
    send(queue, *(f"slides/lab/{number}.svs" for number in range(25)), "work/a.csv")
    assert handler.handle({}, None) == {"handled": 26, "again": 0, "refreshed": 2}
    assert handler.handle({}, None) == {"handled": 0, "again": 0, "refreshed": 0}
    assert left(queue) == 0
    assert gateway.refreshed == [
        ("arn:slides", ("/", "lab"), False),
        ("arn:work", ("/",), False),
    ]


def test_a_gateway_that_does_not_answer_keeps_the_messages(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, gateway = start(), FakeGateway(away=1)
    monkeypatch.setattr(
        handler, "_refresher", handler.dataclasses.replace(handler._refresher, gateway=gateway)
    )
    send(queue, "slides/lab/a.svs")
    assert handler.handle({}, None) == {"handled": 0, "again": 1, "refreshed": 0}
    assert left(queue) == 1


@pytest.mark.parametrize(
    "variable",
    [
        "LABSIGHT_REFRESH_QUEUE",
        "LABSIGHT_APPLIANCE",
        "LABSIGHT_APPLIANCE_ADDRESS",
        "LABSIGHT_GATEWAY",
        "LABSIGHT_SHARES",
    ],
)
@pytest.mark.usefixtures("queue")
def test_the_function_does_not_start_without_a_setting(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(SettingsError, match=f"{variable} is not set"):
        start()


@pytest.mark.parametrize("shares", ["slides", "[]", "{}", "3"])
@pytest.mark.usefixtures("queue")
def test_shares_that_are_none_are_named(shares: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABSIGHT_SHARES", shares)
    with pytest.raises(SettingsError, match="must be a JSON object, prefix to ARN"):
        start()
