"""The server of the benchmarks, asked by AWS's own client: nothing is kept but what is counted."""

import base64
import hashlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from awscrt.checksums import crc64nvme
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.sync.sinks import Sink, sink

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
DATA = hashlib.sha256(b"some").digest() * 200_000  # 6.4 MB
CRC = base64.b64encode(crc64nvme(DATA).to_bytes(8, "big")).decode()


@pytest.fixture(scope="module")
def server() -> Iterator[Sink]:
    with sink(check=True) as running:
        yield running


@pytest.fixture
def client(server: Sink) -> "Iterator[S3Client]":
    server.counts()
    one = client_of(server)
    yield one
    one.close()


def client_of(server: Sink) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_an_object_leaves_its_key_size_and_checksum(server: Sink, client: "S3Client") -> None:
    before = time.monotonic()
    told = client.put_object(
        Bucket="one",
        Key="slides/Müller 1.svs",
        Body=DATA,
        ChecksumCRC64NVME=CRC,
        Metadata={"mtime-ns": "12"},
    )
    assert told["ChecksumCRC64NVME"] == CRC
    stored = server.objects("one")["slides/Müller 1.svs"]
    assert (stored.size, stored.crc) == (len(DATA), crc64nvme(DATA))
    assert before <= stored.begun <= time.monotonic()
    head = client.head_object(Bucket="one", Key="slides/Müller 1.svs")
    assert (head["ContentLength"], head["Metadata"]) == (len(DATA), {"mtime-ns": "12"})
    counts = server.counts()
    assert (counts.kinds, counts.bytes, counts.open) == ({"put": 1, "head": 1}, len(DATA), 0)
    assert server.counts().requests == 0


def test_what_is_there_is_not_replaced_when_the_client_says_so(client: "S3Client") -> None:
    client.put_object(Bucket="two", Key="k", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket="two", Key="k", Body=b"2", IfNoneMatch="*")


def test_parts_become_an_object(server: Sink, client: "S3Client") -> None:
    place: Any = {"Bucket": "three", "Key": "large"}
    upload = client.create_multipart_upload(**place)["UploadId"]
    parts: list[Any] = []
    for number, start in ((2, 5 * MIB), (1, 0)):
        body = DATA[start:] if number == 2 else DATA[: 5 * MIB]
        part = client.upload_part(**place, UploadId=upload, PartNumber=number, Body=body)
        parts.insert(0, {"PartNumber": number, "ETag": part["ETag"]})
    listed = client.list_parts(**place, UploadId=upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [
        (1, 5 * MIB),
        (2, len(DATA) - 5 * MIB),
    ]
    (known,) = client.list_multipart_uploads(Bucket="three", Prefix="lar")["Uploads"]
    assert (known["Key"], known["UploadId"]) == ("large", upload)
    assert server.counts().open == 1
    client.complete_multipart_upload(
        **place,
        UploadId=upload,
        MultipartUpload={"Parts": parts},
        IfNoneMatch="*",
    )
    stored = server.objects("three")["large"]
    assert (stored.size, stored.crc) == (len(DATA), crc64nvme(DATA))
    assert server.counts().open == 0
    upload = client.create_multipart_upload(**place)["UploadId"]
    client.abort_multipart_upload(**place, UploadId=upload)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        client.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"1")


def test_lists_come_in_pages_with_folders(client: "S3Client") -> None:
    keys = [f"a/{number:02d}" for number in range(7)] + ["b/x", "b/y", "c", "d & e"]
    for key in keys:
        client.put_object(Bucket="four", Key=key, Body=b"1")
    kind: Any
    for kind in ("list_objects_v2", "list_objects"):
        pages = client.get_paginator(kind).paginate(Bucket="four", PaginationConfig={"PageSize": 3})
        assert [row["Key"] for page in pages for row in page.get("Contents", ())] == keys
        split = client.get_paginator(kind).paginate(
            Bucket="four", Delimiter="/", PaginationConfig={"PageSize": 1}
        )
        found = list(split)
        assert [one["Prefix"] for page in found for one in page.get("CommonPrefixes", ())] == [
            "a/",
            "b/",
        ]
        assert [row["Key"] for page in found for row in page.get("Contents", ())] == ["c", "d & e"]
    below = client.list_objects_v2(Bucket="four", Prefix="b/")
    assert [row["Key"] for row in below["Contents"]] == ["b/x", "b/y"]


def test_bytes_of_a_cut_body_count_and_store_nothing(server: Sink) -> None:
    server.counts()
    port = urlsplit(server.endpoint).port
    with socket.create_connection(("127.0.0.1", port or 0)) as connection:
        connection.sendall(b"PUT /five/k HTTP/1.1\r\ncontent-length: 1000\r\n\r\n" + bytes(300))
        server.wait(300)
    while "cut" not in (counts := server.counts()).kinds:
        pass
    assert counts.requests == 0
    assert server.objects("five") == {}


def test_one_waits_for_bytes_until_they_have_come(server: Sink, client: "S3Client") -> None:
    ended = threading.Event()

    def wait() -> None:
        server.wait(2 * len(DATA))
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    client.put_object(Bucket="six", Key="a", Body=DATA)
    assert not ended.wait(0.1)
    client.put_object(Bucket="six", Key="b", Body=DATA)
    thread.join(10)
    assert ended.is_set()


def test_many_requests_on_one_connection_are_answered_in_order(server: Sink) -> None:
    connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"))
    for number in range(50):
        connection.request("PUT", f"/seven/{number}", body=bytes(number * 1000))
        assert connection.getresponse().read() == b""
    connection.close()
    sizes = {key: one.size for key, one in server.objects("seven").items()}
    assert sizes == {str(number): number * 1000 for number in range(50)}


def test_bodies_are_dropped_and_counted_where_nothing_is_checked() -> None:
    with sink() as server:
        client = client_of(server)
        client.put_object(Bucket="one", Key="a", Body=DATA)
        assert (server.objects("one")["a"].size, server.objects("one")["a"].crc) == (len(DATA), 0)
        assert server.counts().bytes == len(DATA)
        client.close()


def test_answers_wait_as_long_as_they_are_told() -> None:
    with sink(latency_ms=200) as server:
        connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"))
        began = time.monotonic()
        connection.request("PUT", "/one/a", body=b"1")
        assert connection.getresponse().read() == b""
        assert time.monotonic() - began >= 0.2
        connection.close()
