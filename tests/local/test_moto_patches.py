import hashlib
import json
import zlib
from base64 import b64encode
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import FakeKey

from local.moto_server import Cloud

PART = 5 << 20
CONTENT = bytes(range(256)) * 20_480 + b"the end"  # two parts


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    cloud.s3.create_bucket(
        Bucket="slides", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return "slides"


@pytest.fixture
def announced(cloud: Cloud, bucket: str) -> Any:
    """What EventBridge hears of the bucket: a call that returns the new events."""
    cloud.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    url = cloud.sqs.create_queue(QueueName="heard")["QueueUrl"]
    cloud.events.put_rule(
        Name="all", EventPattern='{"source": ["aws.s3"], "detail-type": ["Object Created"]}'
    )
    arn = "arn:aws:sqs:eu-central-1:123456789012:heard"
    cloud.events.put_targets(Rule="all", Targets=[{"Id": "heard", "Arn": arn}])
    heard: Any = {"QueueUrl": url, "MaxNumberOfMessages": 10}
    return lambda: cloud.sqs.receive_message(**heard).get("Messages", [])


def upload_in_parts(cloud: Cloud, bucket: str, key: str, **wanted: Any) -> dict[str, Any]:
    upload = cloud.s3.create_multipart_upload(Bucket=bucket, Key=key, **wanted)["UploadId"]
    place: Any = {"Bucket": bucket, "Key": key, "UploadId": upload}
    parts: list[Any] = [
        {
            "PartNumber": number,
            "ETag": cloud.s3.upload_part(**place, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in ((1, CONTENT[:PART]), (2, CONTENT[PART:]))
    ]
    done = cloud.s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    return dict(done)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("bytes=10-19", CONTENT[10:20]),
        ("bytes=5242880-", CONTENT[PART:]),
        ("bytes=-7", b"the end"),
        ("bytes=5242880-99999999", CONTENT[PART:]),
    ],
)
def test_a_range_is_what_s3_would_give(
    cloud: Cloud, bucket: str, wanted: str, expected: bytes
) -> None:
    cloud.s3.put_object(Bucket=bucket, Key="a", Body=CONTENT)
    answer = cloud.s3.get_object(Bucket=bucket, Key="a", Range=wanted)
    assert answer["Body"].read() == expected
    assert answer["ContentRange"].endswith(f"/{len(CONTENT)}")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_of_a_large_object_reads_only_the_slice(
    cloud: Cloud, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.s3.put_object(Bucket=bucket, Key="a", Body=CONTENT)
    read: list[int] = []
    [key] = [k for k in _keys() if k.name == "a"]
    buffer = key._value_buffer

    class Watched:
        def read(self, size: int = -1) -> bytes:
            read.append(size)
            return bytes(buffer.read(size))

        def __getattr__(self, name: str) -> Any:
            return getattr(buffer, name)

    monkeypatch.setattr(key, "_value_buffer", Watched())
    cloud.s3.get_object(Bucket=bucket, Key="a", Range="bytes=100-4195")["Body"].read()
    assert read == [4096]


def test_a_range_beyond_the_end_is_refused(cloud: Cloud, bucket: str) -> None:
    cloud.s3.put_object(Bucket=bucket, Key="a", Body=b"short")
    with pytest.raises(ClientError, match="InvalidRange"):
        cloud.s3.get_object(Bucket=bucket, Key="a", Range="bytes=5-9")


def test_a_condition_is_still_checked_for_a_range(cloud: Cloud, bucket: str) -> None:
    cloud.s3.put_object(Bucket=bucket, Key="a", Body=CONTENT)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        cloud.s3.get_object(Bucket=bucket, Key="a", Range="bytes=0-9", IfMatch='"other"')


def test_parts_become_one_object(cloud: Cloud, bucket: str) -> None:
    done = upload_in_parts(cloud, bucket, "a", ContentType="image/tiff", Metadata={"by": "lab"})
    answer = cloud.s3.get_object(Bucket=bucket, Key="a")
    assert answer["Body"].read() == CONTENT
    assert (answer["ContentType"], answer["Metadata"]) == ("image/tiff", {"by": "lab"})
    halves = [hashlib.md5(half).digest() for half in (CONTENT[:PART], CONTENT[PART:])]
    assert done["ETag"] == f'"{hashlib.md5(b"".join(halves)).hexdigest()}-2"'


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"ChecksumAlgorithm": "CRC32"},
        {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"},
    ],
)
def test_an_upload_in_parts_is_announced_once(
    cloud: Cloud, bucket: str, announced: Any, wanted: dict[str, Any]
) -> None:
    upload_in_parts(cloud, bucket, "a", **wanted)
    [message] = announced()
    assert json.loads(message["Body"])["detail"]["object"]["size"] == len(CONTENT)


def test_the_checksum_of_the_parts_checksums_is_kept(cloud: Cloud, bucket: str) -> None:
    upload_in_parts(cloud, bucket, "a", ChecksumAlgorithm="CRC32")
    head = cloud.s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    each = [zlib.crc32(half).to_bytes(4, "big") for half in (CONTENT[:PART], CONTENT[PART:])]
    whole = b64encode(zlib.crc32(b"".join(each)).to_bytes(4, "big")).decode()
    assert head["ChecksumCRC32"] == f"{whole}-2"


def test_the_checksum_of_the_whole_object_is_kept(cloud: Cloud, bucket: str) -> None:
    upload_in_parts(cloud, bucket, "a", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    head = cloud.s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == b64encode(zlib.crc32(CONTENT).to_bytes(4, "big")).decode()


def test_a_part_under_5_mib_that_is_not_the_last_is_refused(cloud: Cloud, bucket: str) -> None:
    place: Any = {"Bucket": bucket, "Key": "a"}
    upload = cloud.s3.create_multipart_upload(**place)["UploadId"]
    tags = [
        cloud.s3.upload_part(**place, UploadId=upload, PartNumber=n, Body=b"x")["ETag"]
        for n in (1, 2)
    ]
    parts: list[Any] = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]
    with pytest.raises(ClientError, match="EntityTooSmall"):
        cloud.s3.complete_multipart_upload(
            **place, UploadId=upload, MultipartUpload={"Parts": parts}
        )
    cloud.s3.abort_multipart_upload(**place, UploadId=upload)


def test_a_second_object_of_the_same_name_is_refused_on_demand(cloud: Cloud, bucket: str) -> None:
    cloud.s3.put_object(Bucket=bucket, Key="a", Body=b"first")
    upload = cloud.s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    place: Any = {"Bucket": bucket, "Key": "a", "UploadId": upload}
    tag = cloud.s3.upload_part(**place, PartNumber=1, Body=b"second")["ETag"]
    parts: list[Any] = [{"PartNumber": 1, "ETag": tag}]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        cloud.s3.complete_multipart_upload(
            **place, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
        )
    assert cloud.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"first"
    cloud.s3.abort_multipart_upload(**place)


def _keys() -> list[FakeKey]:
    from moto.s3.models import s3_backends  # noqa: PLC0415  the backend of the running server

    buckets = s3_backends["123456789012"]["aws"].buckets.values()
    return [key for bucket in buckets for key in bucket.keys.values()]
