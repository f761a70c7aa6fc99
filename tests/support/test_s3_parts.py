"""Uploads in parts in the stand-in for S3: verified, listed in pages, completed as S3 does."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import s3_server
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
)
from tests.support.s3_server import S3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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
