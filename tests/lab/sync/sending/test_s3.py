"""The archive in S3: what is asked of it, and that nothing is ever replaced, read or deleted."""

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labsight.errors import SettingsError, StorageUnavailable
from labsight_lab.sync.sending.archive import AlreadyThere, NewObject, Unreachable, UploadGone
from labsight_lab.sync.sending.s3 import S3Archive, connect
from labsight_lab.sync.sending.source import Body
from labsight_lab.sync.sending.transfer import Transfer
from tests.lab.support import candidates, noise, open_journal, write

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
NEW = NewObject(
    key="slides/scanner-1/Müller 1.svs", content_type="image/tiff", metadata={"mtime-ns": "12"}
)
ALLOWED = {
    "PutObject",
    "CreateMultipartUpload",
    "UploadPart",
    "ListParts",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "HeadObject",
    "ListMultipartUploads",
}


def body(data: bytes) -> Body:
    return Body(io.BytesIO(data), 0, len(data), lambda _: None, lambda: None)


@pytest.fixture
def archive(bucket: str, s3_address: str) -> S3Archive:
    return connect(bucket, profile=None, endpoint=s3_address, connections=2)


@pytest.fixture
def asked(archive: S3Archive) -> list[tuple[str, dict[str, Any]]]:
    """Every request of the archive: operation and parameters."""
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(params: dict[str, Any], model: Any, **_: Any) -> None:
        heard.append((model.name, dict(params)))

    archive._client.meta.events.register("provide-client-params.s3", hear)
    return heard


def test_an_object_has_bytes_type_class_and_metadata(
    archive: S3Archive, s3: "S3Client", bucket: str
) -> None:
    archive.put(NEW, body(b"slide"), zlib.crc32(b"slide"))
    stored = s3.get_object(Bucket=bucket, Key=NEW.key)
    assert stored["Body"].read() == b"slide"
    assert stored["ContentType"] == "image/tiff"
    assert stored["StorageClass"] == "INTELLIGENT_TIERING"
    assert stored["Metadata"] == {"mtime-ns": "12"}


def test_an_object_that_is_there_is_not_replaced(
    archive: S3Archive, s3: "S3Client", bucket: str
) -> None:
    archive.put(NEW, body(b"first"), zlib.crc32(b"first"))
    with pytest.raises(AlreadyThere) as raised:
        archive.put(NEW, body(b"second"), zlib.crc32(b"second"))
    assert not raised.value.retried
    assert s3.get_object(Bucket=bucket, Key=NEW.key)["Body"].read() == b"first"


def test_a_taken_key_is_seen_and_a_free_one_is_free(archive: S3Archive) -> None:
    assert not archive.holds(NEW.key)
    archive.put(NEW, body(b"first"), zlib.crc32(b"first"))
    assert archive.holds(NEW.key)


@pytest.mark.parametrize("status", ["400", "403"])
def test_where_nobody_may_look_a_key_counts_as_free(
    archive: S3Archive, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    archive.put(NEW, body(b"first"), zlib.crc32(b"first"))

    def head_object(**_: str) -> None:
        raise ClientError({"Error": {"Code": status, "Message": "Forbidden"}}, "HeadObject")

    monkeypatch.setattr(archive._client, "head_object", head_object)
    assert not archive.holds(NEW.key)


def test_a_checksum_that_differs_in_the_answer_leaves_open_what_was_stored(
    archive: S3Archive,
) -> None:
    archive._client.meta.events.register(
        "after-call.s3.PutObject", lambda parsed, **_: parsed.update(ChecksumCRC32="AAAAAA==")
    )
    with pytest.raises(StorageUnavailable, match="the archive reports checksum AAAAAA=="):
        archive.put(NEW, body(b"first"), zlib.crc32(b"first"))


def test_parts_become_an_object_with_one_checksum(
    archive: S3Archive, s3: "S3Client", bucket: str
) -> None:
    data = noise(5 * MIB + 7)
    upload = archive.begin(NEW)
    assert archive.open_uploads(NEW.key) == [upload]
    assert archive.open_uploads(NEW.key[:-1]) == []
    pieces = [data[: 5 * MIB], data[5 * MIB :]]
    parts = [
        archive.put_part(NEW.key, upload, number, body(piece), zlib.crc32(piece))
        for number, piece in enumerate(pieces, 1)
    ]
    assert archive.parts(NEW.key, upload) == parts
    archive.complete(NEW.key, upload, parts, size=len(data), crc32=zlib.crc32(data))
    stored = s3.get_object(Bucket=bucket, Key=NEW.key, ChecksumMode="ENABLED")
    assert stored["Body"].read() == data
    assert stored["ChecksumType"] == "FULL_OBJECT"
    assert archive.open_uploads(NEW.key) == []


def test_completing_does_not_replace_either(archive: S3Archive) -> None:
    archive.put(NEW, body(b"first"), zlib.crc32(b"first"))
    upload = archive.begin(NEW)
    part = archive.put_part(NEW.key, upload, 1, body(b"second"), zlib.crc32(b"second"))
    with pytest.raises(AlreadyThere):
        archive.complete(NEW.key, upload, [part], size=6, crc32=zlib.crc32(b"second"))
    archive.abort(NEW.key, upload)
    archive.abort(NEW.key, upload)
    with pytest.raises(UploadGone):
        archive.parts(NEW.key, upload)


def test_everything_a_transfer_asks_is_safe(
    tmp_path: Path, archive: S3Archive, asked: list[tuple[str, dict[str, Any]]]
) -> None:
    folder = tmp_path / "slides"
    write(folder / "small.svs", b"x" * 1000)
    write(folder / "large.svs", noise(65 * MIB))
    write(folder / "empty.svs", b"")
    journal = open_journal(folder, tmp_path / "j.sqlite")
    transfer = Transfer(archive, journal, lambda _path, _position: None)
    for _ in range(2):
        results = {c.path: transfer.send(c).result for c in candidates(folder, journal)}
    journal.close()
    assert results == {}, "nothing is left for the second round"
    assert {operation for operation, _ in asked} <= ALLOWED
    makers = [p for o, p in asked if o in {"PutObject", "CompleteMultipartUpload"}]
    assert len(makers) == 3
    assert all(params["IfNoneMatch"] == "*" for params in makers)
    assert all(params["ChecksumCRC32"] for params in makers)


def test_a_missing_bucket_is_named(s3_address: str, s3: "S3Client") -> None:
    assert s3.list_buckets() is not None
    nowhere = connect("not-there", profile=None, endpoint=s3_address, connections=1)
    with pytest.raises(SettingsError, match="there is no bucket 'not-there'"):
        nowhere.put(NEW, body(b"x"), zlib.crc32(b"x"))


@pytest.mark.usefixtures("aws")
def test_a_bucket_name_that_cannot_be_is_named() -> None:
    nowhere = connect("no good", profile=None, endpoint="http://127.0.0.1:9", connections=1)
    with pytest.raises(SettingsError, match="'no good' is not a name that a bucket can have"):
        nowhere.put(NEW, body(b"x"), zlib.crc32(b"x"))


@pytest.mark.usefixtures("aws")
def test_without_a_network_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labsight_lab.sync.sending.s3._ATTEMPTS", 1)
    nowhere = connect("archive", profile=None, endpoint="http://127.0.0.1:9", connections=1)
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 cannot be reached"):
        nowhere.put(NEW, body(b"x"), zlib.crc32(b"x"))


@pytest.mark.usefixtures("aws")
def test_without_credentials_the_message_says_how_to_get_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SettingsError, match=r"no usable AWS credentials .*aws configure"):
        connect("archive", profile=None, endpoint=None, connections=1)


@pytest.mark.usefixtures("aws")
def test_a_profile_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match="nobody"):
        connect("archive", profile="nobody", endpoint=None, connections=1)


@pytest.mark.usefixtures("aws")
def test_an_endpoint_that_is_no_address_is_named() -> None:
    with pytest.raises(SettingsError, match="--endpoint-url not-a-url"):
        connect("archive", profile=None, endpoint="not-a-url", connections=1)
