"""The stand-in for S3, asked by AWS's own client: whether it takes and refuses what S3 does."""

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from awscrt import checksums
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from labsight.objects.credentials import Credentials
from labsight.objects.sigv4 import Signer
from tests.support import s3_server
from tests.support.s3_faults import Does, Fault
from tests.support.s3_server import S3
from tests.support.s3_state import READING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
DATA = bytes(range(256)) * 4096  # 1 MiB
KEY = "slides/scanner-1/Müller 1.svs"


def crc64(data: bytes) -> str:
    return base64.b64encode(checksums.crc64nvme(data).to_bytes(8, "big")).decode()


def client_of(s3: S3, **settings: Any) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id=settings.pop("key", "testing"),
        aws_secret_access_key=settings.pop("secret", "testing"),
        config=Config(retries={"total_max_attempts": settings.pop("attempts", 1)}, **settings),
    )


@pytest.fixture
def s3() -> Iterator[S3]:
    with s3_server.serving("archive", least_part=MIB, page=2) as server:
        yield server


@pytest.fixture
def client(s3: S3) -> "Iterator[S3Client]":
    one = client_of(s3)
    yield one
    one.close()


def put(client: "S3Client", key: str = KEY, data: bytes = DATA, **more: Any) -> Any:
    return client.put_object(Bucket="archive", Key=key, Body=data, **more)


def refused(code: str, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Call, and return the answer that was a refusal of that kind."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == code
    return dict(error.value.response)


def begun(client: "S3Client", key: str = KEY, parts: int = 3, **more: Any) -> tuple[str, list[Any]]:
    """Open an upload with parts of 1 MiB."""
    upload = client.create_multipart_upload(
        Bucket="archive", Key=key, ChecksumAlgorithm="CRC64NVME", **more
    )["UploadId"]
    sent = []
    for number in range(1, parts + 1):
        part = client.upload_part(
            Bucket="archive",
            Key=key,
            UploadId=upload,
            PartNumber=number,
            Body=DATA,
            ChecksumCRC64NVME=crc64(DATA),
        )
        sent.append({"PartNumber": number, "ETag": part["ETag"]})
    return upload, sent


def completing(upload: str, parts: list[Any], **more: Any) -> dict[str, Any]:
    whole = DATA * len(parts)
    return {
        "Bucket": "archive",
        "Key": KEY,
        "UploadId": upload,
        "MultipartUpload": {"Parts": parts},
        "IfNoneMatch": "*",
        "ChecksumCRC64NVME": crc64(whole),
        "ChecksumType": "FULL_OBJECT",
        "MpuObjectSize": len(whole),
    } | more


def sent(s3: S3, key: str, headers: dict[str, str], body: bytes) -> bytes:
    """Send a request as labsight's own client signs it, and return the answer as it came."""
    told = {"host": f"127.0.0.1:{s3.port}", **headers}
    if "transfer-encoding" not in headers:
        told["content-length"] = str(len(body))
    head = Signer("us-east-1").request(
        Credentials("testing", "testing"),
        "PUT",
        (f"/archive/{key}", ""),
        told,
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    )
    with socket.create_connection(("127.0.0.1", s3.port)) as connection:
        connection.sendall(head + body)
        return connection.recv(1 << 16)


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


def test_an_object_in_parts_has_the_checksum_of_all_its_bytes(s3: S3, client: "S3Client") -> None:
    upload, parts = begun(client, Metadata={"host": "pc"}, StorageClass="INTELLIGENT_TIERING")
    told = client.complete_multipart_upload(**completing(upload, parts))
    assert told["ChecksumCRC64NVME"] == crc64(DATA * 3)
    assert told["ETag"].endswith('-3"')
    head = client.head_object(Bucket="archive", Key=KEY, ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == crc64(DATA * 3)
    assert head["Metadata"] == {"host": "pc"}
    assert s3.read("archive", KEY) == DATA * 3
    assert s3.store.uploads == {}
    assert s3.received == {KEY: 3 * MIB}


def test_a_part_is_verified(client: "S3Client") -> None:
    upload, _ = begun(client, parts=0)
    part = {"Bucket": "archive", "Key": KEY, "UploadId": upload, "PartNumber": 1, "Body": DATA}
    refused("BadDigest", client.upload_part, **part, ChecksumCRC64NVME=crc64(b"x"))
    refused("InvalidRequest", client.upload_part, **part, ChecksumAlgorithm="CRC32C")
    right = part | {"ChecksumAlgorithm": "CRC64NVME"}
    refused("InvalidArgument", client.upload_part, **right | {"PartNumber": 10001})
    refused("NoSuchUpload", client.upload_part, **right | {"UploadId": "other"})
    refused("NoSuchUpload", client.upload_part, **right | {"Key": "other"})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ChecksumCRC64NVME": crc64(b"x")}, "BadDigest"),
        ({"MpuObjectSize": 5}, "InvalidRequest"),
        ({"UploadId": "other"}, "NoSuchUpload"),
        ({"MultipartUpload": {"Parts": [{"PartNumber": 9, "ETag": "x"}]}}, "InvalidPart"),
        ({"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "x"}]}}, "InvalidPart"),
    ],
)
def test_a_completion_is_verified(client: "S3Client", change: dict[str, Any], code: str) -> None:
    upload, parts = begun(client)
    refused(code, client.complete_multipart_upload, **completing(upload, parts) | change)
    client.complete_multipart_upload(**completing(upload, parts))


def test_parts_have_to_be_in_order_and_large_enough(client: "S3Client") -> None:
    upload, parts = begun(client)
    wish = completing(upload, parts) | {"MultipartUpload": {"Parts": parts[::-1]}}
    refused("InvalidPartOrder", client.complete_multipart_upload, **wish)
    client.upload_part(
        Bucket="archive",
        Key=KEY,
        UploadId=upload,
        PartNumber=1,
        Body=b"small",
        ChecksumAlgorithm="CRC64NVME",
    )
    etag = client.list_parts(Bucket="archive", Key=KEY, UploadId=upload)["Parts"][0]["ETag"]
    parts[0]["ETag"] = etag
    refused("EntityTooSmall", client.complete_multipart_upload, **completing(upload, parts))


def test_a_completion_over_another_object_is_refused_and_leaves_the_upload_open(
    s3: S3, client: "S3Client"
) -> None:
    upload, parts = begun(client)
    put(client)
    refused("PreconditionFailed", client.complete_multipart_upload, **completing(upload, parts))
    assert list(s3.store.uploads) == [upload]
    client.abort_multipart_upload(Bucket="archive", Key=KEY, UploadId=upload)
    assert s3.store.uploads == {}
    refused(
        "NoSuchUpload",
        client.abort_multipart_upload,
        Bucket="archive",
        Key=KEY,
        UploadId=upload,
    )


@pytest.mark.parametrize(
    ("repeated", "code"), [("again", ""), ("gone", "NoSuchUpload"), ("taken", "PreconditionFailed")]
)
def test_a_repeated_completion_is_answered_as_chosen(repeated: Any, code: str) -> None:
    with s3_server.serving("archive", least_part=1, repeated=repeated) as s3:
        client = client_of(s3)
        upload, parts = begun(client)
        first = client.complete_multipart_upload(**completing(upload, parts))
        if code:
            refused(code, client.complete_multipart_upload, **completing(upload, parts))
        else:
            second = client.complete_multipart_upload(**completing(upload, parts))
            assert (first["ETag"], first["Key"]) == (second["ETag"], second["Key"])
        client.close()


def test_lists_come_in_pages(client: "S3Client") -> None:
    upload, parts = begun(client, parts=5)
    pages = list(
        client.get_paginator("list_parts").paginate(Bucket="archive", Key=KEY, UploadId=upload)
    )
    assert [len(page["Parts"]) for page in pages] == [2, 2, 1]
    listed = [part for page in pages for part in page["Parts"]]
    assert [{"PartNumber": p["PartNumber"], "ETag": p["ETag"]} for p in listed] == parts
    assert {(p["Size"], p["ChecksumCRC64NVME"]) for p in listed} == {(MIB, crc64(DATA))}
    others = [begun(client, key, 0)[0] for key in (f"{KEY}~r2", KEY, "elsewhere/a")]
    found = [
        (one["Key"], one["UploadId"])
        for page in client.get_paginator("list_multipart_uploads").paginate(
            Bucket="archive", Prefix=KEY
        )
        for one in page["Uploads"]
    ]
    assert found == [(KEY, upload), (KEY, others[1]), (f"{KEY}~r2", others[0])]
    for name in "abcde":
        put(client, f"list/{name}", b"1")
    put(client, "list/deeper/f", b"1")
    listing = client.get_paginator("list_objects_v2")
    rows = list(listing.paginate(Bucket="archive", Prefix="list/"))
    assert [len(page["Contents"]) for page in rows] == [2, 2, 2]
    found_keys, folders = [], []
    for page in listing.paginate(Bucket="archive", Prefix="list/", Delimiter="/"):
        found_keys += [one["Key"] for one in page.get("Contents", ())]
        folders += [one["Prefix"] for one in page.get("CommonPrefixes", ())]
    assert found_keys == [f"list/{name}" for name in "abcde"]
    assert folders == ["list/deeper/"]


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


def test_a_clock_that_is_wrong_is_told_with_the_right_time(s3: S3, client: "S3Client") -> None:
    s3.clock_offset = 800
    put(client)
    s3.clock_offset = -1000
    answer = refused("RequestTimeTooSkewed", put, client=client)
    date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    told = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert told.timestamp() == pytest.approx(time.time() - 1000, abs=5)


def test_a_stalled_and_a_failing_answer_are_counted(s3: S3, client: "S3Client") -> None:
    faults = s3.fail(
        Fault(does=Does.REFUSE, every=3), Fault(does=Does.STALL, every=4, seconds=0.01)
    )
    codes = []
    for number in range(12):
        try:
            put(client, f"k{number}", b"1")
            codes.append(200)
        except ClientError as error:
            codes.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
    assert codes == [200, 200, 503] * 4
    assert faults.met == [4, 2]  # a request that met one fault does not meet another
    assert len(s3.objects("archive")) == 8


@pytest.mark.parametrize("early", [False, True])
def test_a_refusal_can_come_before_the_body_was_read(s3: S3, early: bool) -> None:
    s3.early = early
    patient = client_of(s3)
    put(patient)
    refused("PreconditionFailed", put, client=patient, data=DATA * 8, IfNoneMatch="*")
    assert s3.received[KEY] == MIB * (1 if early else 9)
    put(patient, "next")
    patient.close()


def test_a_cut_body_stores_nothing(s3: S3, client: "S3Client") -> None:
    s3.fail(Fault(does=Does.CUT, times=1, at=300_000))
    with pytest.raises(ConnectionClosedError):
        put(client)
    assert s3.objects("archive") == {}
    assert s3.received[KEY] == 300_000
    put(client)
    assert s3.read("archive", KEY) == DATA


def test_seeded_faults_come_at_the_same_places_each_time() -> None:
    def places(seed: int) -> list[int]:
        found = []
        with s3_server.serving("archive", faults=[Fault(does=Does.CUT)], seed=seed) as s3:
            client = client_of(s3)
            for number in range(5):
                with suppress(ConnectionClosedError):
                    put(client, f"{number}")
                found.append(s3.received[f"{number}"])
            client.close()
        return found

    assert places(1) == places(1) != places(2)
    assert all(0 <= place < MIB for place in places(1))


def test_an_answer_can_be_lost_after_the_object_was_stored(s3: S3, client: "S3Client") -> None:
    s3.fail(Fault(does=Does.LOSE, times=1))
    with pytest.raises(ConnectionClosedError):
        put(client, IfNoneMatch="*")
    assert s3.read("archive", KEY) == DATA
    refused("PreconditionFailed", put, client=client, IfNoneMatch="*")


def test_a_bit_that_flips_on_the_way_is_found(s3: S3, client: "S3Client") -> None:
    s3.fail(Fault(does=Does.FLIP, times=1), seed=4)
    refused("XAmzContentSHA256Mismatch", put, client=client)
    assert s3.objects("archive") == {}
    put(client)
    assert s3.read("archive", KEY) == DATA


def test_a_bit_that_flips_at_rest_is_not_told(s3: S3, client: "S3Client") -> None:
    upload, parts = begun(client)
    client.complete_multipart_upload(**completing(upload, parts))
    s3.flip_at_rest("archive", KEY, 2 * MIB + 5)
    head = client.head_object(Bucket="archive", Key=KEY, ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == crc64(DATA * 3)
    found = s3.read("archive", KEY)
    assert [at for at in range(3 * MIB) if found[at] != DATA[at % MIB]] == [2 * MIB + 5]


def test_a_completion_can_fail_inside_a_good_answer(s3: S3, client: "S3Client") -> None:
    kinds = frozenset({"CompleteMultipartUpload"})
    s3.fail(Fault(does=Does.FAIL_LATE, times=1, kinds=kinds))
    upload, parts = begun(client)
    refused("InternalError", client.complete_multipart_upload, **completing(upload, parts))
    assert s3.objects("archive") == {}
    client.complete_multipart_upload(**completing(upload, parts))


def test_the_network_can_be_gone_for_a_while(s3: S3, client: "S3Client") -> None:
    put(client, "before")
    s3.go_down()
    with pytest.raises(EndpointConnectionError):
        put(client)
    s3.come_up()
    put(client)
    timer = s3.down_for(0.2)
    patient = client_of(s3, attempts=10)
    put(patient, "after")
    timer.join()
    assert set(s3.objects("archive")) == {"before", KEY, "after"}
    patient.close()


def test_going_down_ends_requests_that_are_under_way(s3: S3, client: "S3Client") -> None:
    s3.fail(Fault(does=Does.STALL, seconds=0.5))
    ended: list[BaseException] = []

    def send() -> None:
        try:
            put(client)
        except ConnectionClosedError as error:
            ended.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    while not s3.requests["PutObject"]:
        time.sleep(0.01)
    s3.go_down()
    thread.join()
    assert len(ended) == 1


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
