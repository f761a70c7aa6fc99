"""Objects and rights in the stand-in for S3: it takes and refuses what S3 does."""

from typing import TYPE_CHECKING

import pytest

from tests.support.s3_clients import (
    DATA,
    KEY,
    MIB,
    begun,
    client_of,
    completing,
    crc64,
    put,
    refused,
    sent,
)
from tests.support.s3_server import S3
from tests.support.s3_state import READING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_an_object_is_kept_with_all_that_was_said_of_it(s3: S3, client: "S3Client") -> None:
    told = put(
        client,
        Metadata={"mtime-ns": "12"},
        ContentType="image/tiff",
        StorageClass="INTELLIGENT_TIERING",
        ChecksumCRC64NVME=crc64(DATA),
    )
    assert told["ChecksumCRC64NVME"] == crc64(DATA)
    head = client.head_object(Bucket="archive", Key=KEY, ChecksumMode="ENABLED")
    assert head["ContentLength"] == len(DATA)
    assert head["Metadata"] == {"mtime-ns": "12"}
    assert head["ContentType"] == "image/tiff"
    assert head["StorageClass"] == "INTELLIGENT_TIERING"
    assert head["ChecksumCRC64NVME"] == crc64(DATA)
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert "ChecksumCRC64NVME" not in client.head_object(Bucket="archive", Key=KEY)
    assert client.get_object(Bucket="archive", Key=KEY)["Body"].read() == DATA
    assert s3.read("archive", KEY) == DATA


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA256", "CRC64NVME"])
def test_boto3s_own_checksums_are_verified_and_kept(client: "S3Client", algorithm: str) -> None:
    told = put(client, ChecksumAlgorithm=algorithm)
    found = client.get_object(Bucket="archive", Key=KEY, ChecksumMode="ENABLED")
    assert found["Body"].read() == DATA  # boto3 compares what it gets
    assert found[f"Checksum{algorithm}"] == told[f"Checksum{algorithm}"]  # type: ignore[literal-required]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("bytes=1-3", DATA[1:4]),
        (f"bytes={MIB - 2}-{MIB + 1}", DATA[-2:] + DATA[:2]),
        (f"bytes={2 * MIB - 6}-", DATA[-6:]),
        ("bytes=-4", DATA[-4:]),
    ],
)
def test_ranges_are_read_over_the_ends_of_parts(
    client: "S3Client", wanted: str, expected: bytes
) -> None:
    upload, parts = begun(client, parts=2)
    client.complete_multipart_upload(**completing(upload, parts))
    put(client, "single", DATA * 2)
    for key in (KEY, "single"):
        answer = client.get_object(Bucket="archive", Key=key, Range=wanted)
        assert answer["Body"].read() == expected
        assert answer["ContentRange"].endswith(f"/{2 * MIB}")
    refused("InvalidRange", client.get_object, Bucket="archive", Key=KEY, Range="bytes=9999999-")


def test_what_is_there_is_not_replaced_when_the_client_says_so(s3: S3, client: "S3Client") -> None:
    put(client, IfNoneMatch="*")
    answer = refused("PreconditionFailed", put, client=client, data=b"other", IfNoneMatch="*")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert s3.read("archive", KEY) == DATA
    assert s3.unguarded == []
    put(client, data=b"replaced")
    assert s3.unguarded == [KEY]
    assert s3.read("archive", KEY) == b"replaced"


@pytest.mark.parametrize(
    "told", [{"ChecksumCRC64NVME": crc64(b"x")}, {"ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}]
)
def test_bytes_that_do_not_have_the_told_checksum_are_refused(
    s3: S3, client: "S3Client", told: dict[str, str]
) -> None:
    refused("BadDigest", put, client=client, **told)
    assert s3.objects("archive") == {}


def test_put_only_rights_let_nobody_look(s3: S3, client: "S3Client") -> None:
    s3.denied = READING
    put(client, IfNoneMatch="*")
    upload, parts = begun(client, "large")
    wish = completing(upload, parts) | {"Key": "large"}
    client.list_parts(Bucket="archive", Key="large", UploadId=upload)
    client.complete_multipart_upload(**wish)
    refused("403", client.head_object, Bucket="archive", Key=KEY)
    for call in (client.get_object, client.delete_object):
        refused("AccessDenied", call, Bucket="archive", Key=KEY)
    refused("AccessDenied", client.list_objects_v2, Bucket="archive")
    assert s3.requests["GetObject"] == s3.requests["DeleteObject"] == 1


def test_unknown_buckets_and_keys_are_told(client: "S3Client") -> None:
    refused("NoSuchBucket", client.put_object, Bucket="other", Key="k", Body=b"1")
    refused("NoSuchKey", client.get_object, Bucket="archive", Key="k")
    refused("404", client.head_object, Bucket="archive", Key="k")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"key": "unknown"}, "InvalidAccessKeyId"),
    ],
)
def test_who_asks_has_to_sign(s3: S3, settings: dict[str, str], code: str) -> None:
    one = client_of(s3, **settings)
    refused(code, put, client=one)
    assert s3.objects("archive") == {}
    one.close()


CHUNKED = [
    (
        {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": "5"},
        b"3;chunk-signature=0\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc64nvme:%b\r\n\r\n",
    ),
    (
        {"content-encoding": "aws-chunked", "transfer-encoding": "chunked"},
        b"5\r\nabcde\r\n0\r\nx-amz-checksum-crc64nvme:%b\r\n\r\n",
    ),
]


@pytest.mark.parametrize(("headers", "body"), CHUNKED)
def test_bodies_in_chunks_are_decoded_and_verified(
    s3: S3, headers: dict[str, str], body: bytes
) -> None:
    wrong = sent(s3, "wrong", headers, body % crc64(b"x").encode())
    assert wrong.startswith(b"HTTP/1.1 400")
    assert b"<Code>BadDigest</Code>" in wrong
    right = sent(s3, "right", headers, body % crc64(b"abcde").encode())
    assert right.startswith(b"HTTP/1.1 200")
    assert set(s3.objects("archive")) == {"right"}
    assert s3.read("archive", "right") == b"abcde"


def test_a_body_without_length_is_refused(s3: S3) -> None:
    answer = sent(s3, "k", {"content-length": "0", "transfer-encoding": ""}, b"")
    assert answer.startswith(b"HTTP/1.1 200")
    answer = sent(s3, "k", {"transfer-encoding": ""}, b"")
    assert answer.startswith(b"HTTP/1.1 411")
