"""The gateway's functions as AWS calls them: events in, answers out, settings from outside."""

import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from labsight.errors import GatewayUnavailable, InvalidInput, SettingsError
from labsight.gateway.activation import Patience
from labsight.gateway.aws import CALL_SECONDS
from labsight.gateway.parts import Disk
from tests.labsight.gateway.fakes import FakeGateway, FakeInstance, FakeVault

GATEWAY = "arn:aws:storagegateway:eu-central-1:123456789012:gateway/sgw-12A3456B"
ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "LABSIGHT_GATEWAY_ENDPOINT": "vpce-1.storagegateway.eu-central-1.vpce.amazonaws.com",
    "LABSIGHT_GATEWAY": GATEWAY,
    "LABSIGHT_GATEWAY_ID": "sgw-12A3456B",
    "LABSIGHT_GATEWAY_NAME": "labsight-test-gateway",
    "LABSIGHT_GATEWAY_SECRET": "arn:secret",
    "LABSIGHT_APPLIANCE": "i-0123456789abcdef0",
    "LABSIGHT_DESKTOP": "i-0123456789abcdef1",
}
Start = Callable[[str], ModuleType]


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts functions anew, as Lambda does: their settings are read when they start."""
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    for name, value in (ENVIRONMENT | credentials).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", ENVIRONMENT["AWS_REGION"])

    def start(name: str) -> ModuleType:
        module = f"lambdas.{name}.handler"
        sys.modules.pop(module, None)
        return importlib.import_module(module)

    with mock_aws():
        yield start


def test_activation_asks_the_address_of_the_event(
    function: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = function("gateway_activation")
    asked: dict[str, Any] = {}

    def fetch_key(address: str, **how: Any) -> str:
        asked.update(how, address=address)
        return "BME11-LQPTD-DF11P-BLLQ0-111V1"

    monkeypatch.setattr(handler, "fetch_key", fetch_key)
    event = {"appliance": "i-1", "address": "10.20.0.9"}
    assert handler.handle(event, None) == "BME11-LQPTD-DF11P-BLLQ0-111V1"
    patience = asked.pop("patience")
    assert asked == {
        "address": "10.20.0.9",
        "region": "eu-central-1",
        "endpoint": ENVIRONMENT["LABSIGHT_GATEWAY_ENDPOINT"],
    }
    assert isinstance(patience, Patience)
    assert patience.altogether + patience.answer < 900  # what Lambda gives a function at most


def test_activation_tells_what_to_check(function: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = function("gateway_activation")
    monkeypatch.setattr(handler, "_patience", Patience(altogether=0.0, answer=0.2))
    with pytest.raises(GatewayUnavailable, match="Check that the instance runs"):
        handler.handle({"address": "127.0.0.1"}, None)


@pytest.mark.parametrize("action", ["create", "update"])
def test_waking_does_nothing_until_the_stack_is_taken_away(function: Start, action: str) -> None:
    handler = function("gateway_wake")
    assert handler.handle({"tf": {"action": action}}, None) == {"gateway": "left alone"}


def test_waking_ends_before_lambda_ends_it(function: Start) -> None:
    assert 600 < function("gateway_wake").SECONDS + 2 * CALL_SECONDS < 900


def test_waking_starts_the_appliance(function: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = function("gateway_wake")
    appliance = FakeInstance("running")
    monkeypatch.setattr(handler, "_appliance", appliance)
    monkeypatch.setattr(handler, "_gateway", FakeGateway())
    event = {"tf": {"action": "delete", "prev_input": {}}}
    assert handler.handle(event, None) == {"gateway": "connected"}


def test_nothing_that_goes_wrong_with_waking_stops_a_destroy(
    function: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(FakeInstance):
        def start(self) -> None:
            raise RuntimeError("not allowed")

    handler = function("gateway_wake")
    monkeypatch.setattr(handler, "_appliance", Broken("stopped"))
    with caplog.at_level(logging.CRITICAL):
        assert handler.handle({"tf": {"action": "delete"}}, None) == {"gateway": "unknown"}


def instances() -> tuple[str, str]:
    """Make the appliance and the desktop, both running."""
    ec2 = boto3.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2)["Instances"]
    return made[0]["InstanceId"], made[1]["InstanceId"]


def state(instance: str) -> str:
    found = boto3.client("ec2").describe_instances(InstanceIds=[instance])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


def messages(*bodies: object) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}
            for number, body in enumerate(bodies, 1)
        ]
    }


def changed(minutes_ago: float) -> Mapping[str, object]:
    then = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {"time": then.strftime("%Y-%m-%dT%H:%M:%SZ"), "detail": {"state": "stopped"}}


@pytest.fixture
def pair(function: Start, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, str, str]:
    appliance, desktop = instances()
    monkeypatch.setenv("LABSIGHT_APPLIANCE", appliance)
    monkeypatch.setenv("LABSIGHT_DESKTOP", desktop)
    return function("gateway_power"), appliance, desktop


def test_the_appliance_goes_with_the_desktop_and_comes_with_it(
    pair: tuple[ModuleType, str, str],
) -> None:
    handler, appliance, desktop = pair
    ec2 = boto3.client("ec2")
    ec2.stop_instances(InstanceIds=[desktop])
    assert handler.handle(messages(changed(1)), None) == {
        "batchItemFailures": [{"itemIdentifier": "1"}]
    }
    assert state(appliance) == "running"
    for _ in range(2):
        assert handler.handle(messages(changed(60)), None) == {"batchItemFailures": []}
        assert state(appliance) == "stopped"
    ec2.start_instances(InstanceIds=[desktop])
    for _ in range(2):
        assert handler.handle(messages(changed(0)), None) == {"batchItemFailures": []}
        assert state(appliance) == "running"


def test_the_hourly_call_stops_an_appliance_whose_desktop_stopped_unheard(
    pair: tuple[ModuleType, str, str],
) -> None:
    handler, appliance, desktop = pair
    boto3.client("ec2").stop_instances(InstanceIds=[desktop])
    assert handler.handle({}, None) == {}
    assert state(appliance) == "running"  # nothing is known of its cache yet
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/StorageGateway",
        MetricData=[
            {
                "MetricName": "CachePercentDirty",
                "Dimensions": [
                    {"Name": "GatewayId", "Value": ENVIRONMENT["LABSIGHT_GATEWAY_ID"]},
                    {"Name": "GatewayName", "Value": ENVIRONMENT["LABSIGHT_GATEWAY_NAME"]},
                ],
                "Timestamp": datetime.now(UTC) - timedelta(minutes=2),
                "Value": 0.0,
            }
        ],
    )
    assert handler.handle({}, None) == {}
    assert state(appliance) == "stopped"


def test_a_message_that_is_none_goes_back_alone(
    pair: tuple[ModuleType, str, str], caplog: pytest.LogCaptureFixture
) -> None:
    handler, *_ = pair
    with caplog.at_level(logging.CRITICAL):
        answer = handler.handle(messages("no json", changed(0), {}), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]}


def test_set_up_takes_the_disk_and_sets_the_password_as_often_as_it_is_called(
    function: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = function("gateway_setup")
    gateway = FakeGateway(found=[Disk("/dev/nvme1n1", "AVAILABLE", 1)])
    vault = FakeVault()
    monkeypatch.setattr(handler, "_gateway", gateway)
    monkeypatch.setattr(handler, "SecretVault", lambda *_: vault)
    for _ in range(2):
        handler.handle({"do": "cache", "gateway": GATEWAY}, None)
    assert gateway.cached == ["/dev/nvme1n1"]
    assert handler.handle({"do": "password"}, None) == {"password": "new"}
    assert handler.handle({"do": "password"}, None) == {"password": "as before"}
    assert handler.handle({"do": "password", "rotate": True}, None) == {"password": "new"}
    assert vault.in_use == gateway.passwords[-1]


def test_set_up_answers_with_no_password(function: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = function("gateway_setup")
    vault = FakeVault()
    monkeypatch.setattr(handler, "_gateway", FakeGateway())
    monkeypatch.setattr(handler, "SecretVault", lambda *_: vault)
    assert vault.in_use not in json.dumps(handler.handle({"do": "password"}, None)).split('"')


def test_set_up_refuses_what_it_does_not_know(
    function: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="do: 'sweep'"):
        function("gateway_setup").handle({"do": "sweep"}, None)
    monkeypatch.delenv("LABSIGHT_GATEWAY_SECRET")
    with pytest.raises(SettingsError, match="accounts of the directory"):
        function("gateway_setup").handle({"do": "password"}, None)


NEEDED = {
    "gateway_activation": ("AWS_REGION", "LABSIGHT_GATEWAY_ENDPOINT"),
    "gateway_wake": ("LABSIGHT_APPLIANCE", "LABSIGHT_GATEWAY"),
    "gateway_power": (
        "LABSIGHT_APPLIANCE",
        "LABSIGHT_DESKTOP",
        "LABSIGHT_GATEWAY_ID",
        "LABSIGHT_GATEWAY_NAME",
    ),
    "gateway_setup": ("LABSIGHT_GATEWAY",),
}


@pytest.mark.parametrize(
    ("name", "variable"), [(name, one) for name, all_ in NEEDED.items() for one in all_]
)
def test_a_function_does_not_start_without_a_setting_it_needs(
    name: str, variable: str, function: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(SettingsError, match=f"{variable} is not set"):
        function(name)
