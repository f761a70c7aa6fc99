"""The gateway's outside world in AWS, over boto3 clients."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from labsight.errors import GatewayUnavailable
from labsight.gateway.parts import Disk, State
from labsight.gateway.refresh import Message

# The metric has a value each five minutes; three of them bridge a late one.
METRIC_SECONDS = 300
METRIC_SPAN = timedelta(minutes=15)
_BATCH = 10  # messages in one request to a queue
_MISSING = {"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"}
_NO_VALUE = "ResourceNotFoundException"


# The service asks the appliance itself, and one that is starting may keep it waiting: longer than
# a function has left, if a call took the minutes that boto3 allows it.
CALL_SECONDS = 50  # at most, both attempts and the pause between them
_BOUNDED = Config(connect_timeout=4, read_timeout=20, retries={"total_max_attempts": 2})


def client(service: str) -> Any:
    """Return a client with the credentials and region that Lambda gives; it does not wait long."""
    return boto3.client(cast("Any", service), config=_BOUNDED)


class Ec2Instance:
    """An instance by its id."""

    def __init__(self, instance: str, ec2: Any) -> None:
        self._id, self._ec2 = instance, ec2

    def state(self) -> State:
        """Say what it does just now."""
        try:
            answer = self._ec2.describe_instances(InstanceIds=[self._id])
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return "missing"
            raise
        found = [one for group in answer["Reservations"] for one in group["Instances"]]
        return cast("State", found[0]["State"]["Name"]) if found else "missing"

    def start(self) -> None:
        """Begin to start it."""
        self._ec2.start_instances(InstanceIds=[self._id])

    def stop(self) -> None:
        """Begin to stop it."""
        self._ec2.stop_instances(InstanceIds=[self._id])


class StorageGateway:
    """A gateway by its ARN; its shares are refreshed by theirs."""

    def __init__(self, arn: str, storagegateway: Any) -> None:
        self._arn, self._client = arn, storagegateway

    def disks(self) -> Sequence[Disk]:
        """List the disks; the service asks the appliance itself."""
        with _unavailable("list its disks"):
            answer = self._client.list_local_disks(GatewayARN=self._arn)
        return [
            Disk(one["DiskId"], one["DiskAllocationType"], one["DiskSizeInBytes"])
            for one in answer["Disks"]
        ]

    def add_cache(self, disk: str) -> None:
        """Use a disk as cache, for good."""
        with _unavailable("take its cache disk"):
            self._client.add_cache(GatewayARN=self._arn, DiskIds=[disk])

    def set_password(self, password: str) -> None:
        """Set the password of its one account."""
        with _unavailable("take a password"):
            self._client.set_smb_guest_password(GatewayARN=self._arn, Password=password)

    def refresh(self, share: str, folders: Sequence[str], *, recursive: bool) -> None:
        """Begin to look anew which objects lie in folders."""
        with _unavailable("refresh a share"):
            self._client.refresh_cache(
                FileShareARN=share, FolderList=list(folders), Recursive=recursive
            )


@contextmanager
def _unavailable(what: str) -> Iterator[None]:
    """Tell of a refusal without the request, which may hold a password.

    The service refuses with one error for all reasons; not being connected is the usual one.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"AccessDeniedException", "UnrecognizedClientException"}:
            raise
        said = error.response["Error"].get("Message", code)
        raise GatewayUnavailable(f"the gateway did not {what}: {said}") from None
    except BotoCoreError as error:
        raise GatewayUnavailable(f"the gateway did not {what}: {type(error).__name__}") from None


class SecretVault:
    """A secret by its ARN; its stages are those of Secrets Manager."""

    def __init__(self, secret: str, secretsmanager: Any) -> None:
        self._secret, self._client = secret, secretsmanager

    def current(self) -> str | None:
        """Return the value in use."""
        return self._value("AWSCURRENT")

    def pending(self) -> str | None:
        """Return the value that was last on its way."""
        return self._value("AWSPENDING")

    def propose(self, value: str) -> None:
        """Keep a value that is not in use yet."""
        self._put(value, "AWSPENDING")

    def accept(self, value: str) -> None:
        """Make a value the one in use."""
        self._put(value, "AWSCURRENT")

    def _value(self, stage: str) -> str | None:
        try:
            answer = self._client.get_secret_value(SecretId=self._secret, VersionStage=stage)
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_VALUE:
                return None
            raise
        return str(answer["SecretString"])

    def _put(self, value: str, stage: str) -> None:
        self._client.put_secret_value(
            SecretId=self._secret, SecretString=value, VersionStages=[stage]
        )


class SqsQueue:
    """A queue by its URL, read without waiting long."""

    def __init__(self, url: str, sqs: Any) -> None:
        self._url, self._client = url, sqs

    def receive(self) -> Sequence[Message]:
        """Return up to ten messages."""
        answer = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=1
        )
        return [Message(one["Body"], one["ReceiptHandle"]) for one in answer.get("Messages", [])]

    def done(self, messages: Sequence[Message]) -> None:
        """Take messages off the queue; one that cannot be taken off comes again, and may."""
        for start in range(0, len(messages), _BATCH):
            some = messages[start : start + _BATCH]
            self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": one.receipt}
                    for number, one in enumerate(some)
                ],
            )


def unsaved_percent(cloudwatch: Any, *, gateway_id: str, gateway_name: str) -> float | None:
    """Return how much of the cache was not in the archive at its worst in the last 15 minutes."""
    now = datetime.now(UTC)
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/StorageGateway",
        MetricName="CachePercentDirty",
        Dimensions=[
            {"Name": "GatewayId", "Value": gateway_id},
            {"Name": "GatewayName", "Value": gateway_name},
        ],
        StartTime=now - METRIC_SPAN,
        EndTime=now,
        Period=METRIC_SECONDS,
        Statistics=["Sum"],
    )
    return max((float(point["Sum"]) for point in answer["Datapoints"]), default=None)
