"""The adapters against moto, and against botocore's own check of what Storage Gateway takes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from labsight.errors import GatewayUnavailable
from labsight.gateway.aws import (
    CALL_SECONDS,
    Ec2Instance,
    SecretVault,
    SqsQueue,
    StorageGateway,
    client,
    unsaved_percent,
)
from labsight.gateway.parts import Disk
from labsight.gateway.password import set_password
from tests.labsight.gateway.fakes import FakeGateway

GATEWAY = "arn:aws:storagegateway:eu-central-1:123456789012:gateway/sgw-12A3456B"
SHARE = "arn:aws:storagegateway:eu-central-1:123456789012:share/share-12A3456B"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture
def gateway() -> Iterator[tuple[StorageGateway, Stubber]]:
    storagegateway = client("storagegateway")
    with Stubber(storagegateway) as stub:
        yield StorageGateway(GATEWAY, storagegateway), stub
        stub.assert_no_pending_responses()


def test_an_instance_is_started_stopped_and_missed() -> None:
    ec2 = boto3.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    instance = Ec2Instance(made["InstanceId"], ec2)
    assert instance.state() == "running"
    instance.stop()
    assert instance.state() == "stopped"
    instance.start()
    assert instance.state() == "running"
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    assert instance.state() == "terminated"
    assert Ec2Instance("i-0123456789abcdef0", ec2).state() == "missing"


def test_no_call_keeps_a_function_waiting_for_minutes() -> None:
    config: Any = client("storagegateway").meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) < CALL_SECONDS


def test_a_call_that_is_not_allowed_is_no_missing_instance() -> None:
    ec2 = client("ec2")
    with Stubber(ec2) as stub:
        stub.add_client_error("describe_instances", "UnauthorizedOperation")
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            Ec2Instance("i-1", ec2).state()


def test_disks_are_listed_and_taken(gateway: tuple[StorageGateway, Stubber]) -> None:
    subject, stub = gateway
    disk = {"DiskId": "/dev/nvme1n1", "DiskAllocationType": "AVAILABLE", "DiskSizeInBytes": 5}
    stub.add_response(
        "list_local_disks", {"GatewayARN": GATEWAY, "Disks": [disk]}, {"GatewayARN": GATEWAY}
    )
    stub.add_response(
        "add_cache",
        {"GatewayARN": GATEWAY},
        {"GatewayARN": GATEWAY, "DiskIds": ["/dev/nvme1n1"]},
    )
    assert subject.disks() == [Disk("/dev/nvme1n1", "AVAILABLE", 5)]
    subject.add_cache("/dev/nvme1n1")


def test_a_refresh_is_a_request_that_the_service_takes(
    gateway: tuple[StorageGateway, Stubber],
) -> None:
    subject, stub = gateway
    stub.add_response(
        "refresh_cache",
        {"FileShareARN": SHARE},
        {"FileShareARN": SHARE, "FolderList": ["/", "lab"], "Recursive": False},
    )
    subject.refresh(SHARE, ["/", "lab"], recursive=False)


def test_a_refusal_is_told_without_the_password(gateway: tuple[StorageGateway, Stubber]) -> None:
    subject, stub = gateway
    stub.add_client_error(
        "set_smb_guest_password",
        "InvalidGatewayRequestException",
        "The specified gateway is not connected.",
        expected_params={"GatewayARN": GATEWAY, "Password": ANY},
    )
    with pytest.raises(GatewayUnavailable, match=r"take a password: .*not connected") as raised:
        subject.set_password("very-secret")
    assert "very-secret" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_missing_permission_is_not_taken_for_a_stopped_gateway(
    gateway: tuple[StorageGateway, Stubber],
) -> None:
    subject, stub = gateway
    stub.add_client_error("list_local_disks", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        subject.disks()


def test_a_secret_is_filled_kept_and_rotated() -> None:
    secrets = boto3.client("secretsmanager")
    arn = secrets.create_secret(Name="share")["ARN"]
    vault, gateway = SecretVault(arn, secrets), FakeGateway()
    assert vault.current() is None
    assert set_password(vault, gateway) is True
    first = vault.current()
    assert set_password(vault, gateway) is False
    assert set_password(vault, gateway, rotate=True) is True
    assert vault.current() not in {None, first}
    assert gateway.passwords == [first, first, vault.current()]


def test_a_secret_that_may_not_be_read_is_not_taken_for_an_empty_one() -> None:
    secrets = client("secretsmanager")
    with Stubber(secrets) as stub:
        stub.add_client_error("get_secret_value", "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDenied"):
            SecretVault("arn", secrets).current()


def test_a_queue_gives_messages_and_forgets_those_that_are_done() -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="notices", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    queue = SqsQueue(url, sqs)
    taken = [*queue.receive(), *queue.receive()]
    assert {message.body for message in taken} <= {str(number) for number in range(12)}
    while taken:
        queue.done(taken)
        taken = list(queue.receive())
    assert queue.receive() == []


def test_the_worst_of_the_last_minutes_says_what_is_not_stored() -> None:
    cloudwatch: Any = boto3.client("cloudwatch")
    assert unsaved_percent(cloudwatch, gateway_id="sgw-1", gateway_name="lab") is None
    dimensions = [
        {"Name": "GatewayId", "Value": "sgw-1"},
        {"Name": "GatewayName", "Value": "lab"},
    ]
    now = datetime.now(UTC)
    for minutes, value in ((1, 0.0), (7, 4.0), (40, 90.0)):
        cloudwatch.put_metric_data(
            Namespace="AWS/StorageGateway",
            MetricData=[
                {
                    "MetricName": "CachePercentDirty",
                    "Dimensions": dimensions,
                    "Timestamp": now - timedelta(minutes=minutes),
                    "Value": value,
                }
            ],
        )
    assert unsaved_percent(cloudwatch, gateway_id="sgw-1", gateway_name="lab") == 4.0
