"""What sending relies on, asked of every archive there is: in memory, moto, a faithful stand-in."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from awscrt.checksums import crc64nvme

from labsight.errors import ObjectChanged, ObjectMissing
from labsight.objects import attempts
from labsight_lab.sync.journal.entries import Part
from labsight_lab.sync.sending.archive import (
    AlreadyThere,
    Archive,
    NewObject,
    Reader,
    Refused,
    UploadGone,
)
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.s3 import connect
from labsight_lab.sync.sending.s3 import reader as reading
from labsight_lab.sync.source import SourceChanged
from tests.lab.support import MemoryArchive, noise
from tests.support import s3_server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
NEW = NewObject(
    key="slides/scanner-1/M\u00fcller 1 +~.svs",
    content_type="image/tiff",
    metadata={"mtime-ns": "12", "labsight-case-id": "H%202026"},
)
Pair = tuple[Archive, Reader]


@pytest.fixture
def memory() -> Pair:
    held = MemoryArchive(may_look=True)
    return held, held


@pytest.fixture
def moto(bucket: str, s3_address: str) -> Iterator[Pair]:
    yield from opened(bucket, s3_address)


@pytest.fixture
def stand_in(aws: None) -> Iterator[Pair]:  # noqa: ARG001 - credentials first
    with s3_server.serving("archive", repeated="gone") as server:
        yield from opened("archive", server.url)
        assert server.unguarded == []


def opened(bucket: str, address: str) -> Iterator[Pair]:
    archive, reader = connect(bucket, endpoint=address), reading(bucket, endpoint=address)
    yield archive, reader
    archive.close()
    reader.close()


@pytest.fixture(params=["memory", "moto", "stand_in"])
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def archive(pair: Pair) -> Archive:
    return pair[0]


@pytest.fixture
def reader(pair: Pair) -> Reader:
    return pair[1]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "wait", lambda _: None)


def body(data: bytes, at_end: Callable[[], None] = lambda: None) -> Body:
    return Body(data, lambda _: None, at_end)


def put(archive: Archive, data: bytes) -> None:
    archive.put(NEW, body(data), crc64nvme(data))


def read(reader: Reader, etag: str | None = None) -> bytes:
    stored = reader.head(NEW.key)
    assert stored is not None
    return b"".join(reader.blocks(NEW.key, etag or stored.etag))


@pytest.mark.parametrize("data", [b"", b"slide", noise(3 * MIB + 5)])
def test_what_is_put_is_described_and_comes_back(
    archive: Archive, reader: Reader, data: bytes
) -> None:
    assert reader.head(NEW.key) is None
    put(archive, data)
    stored = reader.head(NEW.key)
    assert stored is not None
    assert (stored.size, stored.crc64) == (len(data), crc64nvme(data))
    assert stored.metadata == NEW.metadata
    assert read(reader) == data


def test_what_is_there_is_not_replaced(archive: Archive, reader: Reader) -> None:
    put(archive, b"first")
    with pytest.raises(AlreadyThere, match="already holds") as raised:
        put(archive, b"second")
    assert not raised.value.retried
    assert read(reader) == b"first"


def test_a_taken_key_is_seen_and_a_free_one_is_free(archive: Archive) -> None:
    assert not archive.holds(NEW.key)
    put(archive, b"first")
    assert archive.holds(NEW.key)


@pytest.mark.parametrize("size", [0, 5, 3 * MIB])
def test_what_changes_at_the_last_moment_is_not_stored(
    archive: Archive, reader: Reader, size: int
) -> None:
    def changed() -> None:
        raise SourceChanged

    data = noise(size)
    with pytest.raises(SourceChanged):
        archive.put(NEW, body(data, changed), crc64nvme(data))
    assert reader.head(NEW.key) is None


def in_parts(archive: Archive, data: bytes) -> tuple[str, list[Part]]:
    upload = archive.begin(NEW)
    pieces = [data[: 5 * MIB], data[5 * MIB :]]
    parts = [
        archive.put_part(NEW.key, upload, number, body(piece), crc64nvme(piece))
        for number, piece in enumerate(pieces, 1)
    ]
    return upload, parts


def test_parts_become_an_object_with_one_checksum(archive: Archive, reader: Reader) -> None:
    data = noise(5 * MIB + 7)
    upload, parts = in_parts(archive, data)
    assert archive.open_uploads(NEW.key) == [upload]
    assert archive.open_uploads(NEW.key[:-1]) == []
    assert archive.parts(NEW.key, upload) == parts
    assert not archive.holds(NEW.key)
    archive.complete(NEW.key, upload, parts, size=len(data), crc64=crc64nvme(data))
    stored = reader.head(NEW.key)
    assert stored is not None
    assert (stored.size, stored.crc64) == (len(data), crc64nvme(data))
    assert stored.metadata == NEW.metadata
    assert read(reader) == data
    assert archive.open_uploads(NEW.key) == []


def test_a_part_that_is_sent_again_takes_the_place_of_the_first(
    archive: Archive, reader: Reader
) -> None:
    data = noise(5 * MIB + 7)
    upload, parts = in_parts(archive, data)
    parts[1] = archive.put_part(NEW.key, upload, 2, body(b"other"), crc64nvme(b"other"))
    data = data[: 5 * MIB] + b"other"
    archive.complete(NEW.key, upload, parts, size=len(data), crc64=crc64nvme(data))
    assert read(reader) == data


def test_completing_does_not_replace_either(archive: Archive, reader: Reader) -> None:
    put(archive, b"first")
    upload = archive.begin(NEW)
    part = archive.put_part(NEW.key, upload, 1, body(b"second"), crc64nvme(b"second"))
    with pytest.raises(AlreadyThere):
        archive.complete(NEW.key, upload, [part], size=6, crc64=crc64nvme(b"second"))
    archive.abort(NEW.key, upload)
    assert read(reader) == b"first"


def test_an_upload_that_is_gone_is_told_except_to_who_drops_it(archive: Archive) -> None:
    upload = archive.begin(NEW)
    archive.abort(NEW.key, upload)
    archive.abort(NEW.key, upload)
    assert archive.open_uploads(NEW.key) == []
    with pytest.raises(UploadGone):
        archive.parts(NEW.key, upload)


@pytest.mark.parametrize("pair", ["memory", "stand_in"], indirect=True)  # moto breaks down
def test_nothing_is_added_to_an_upload_that_is_gone(archive: Archive) -> None:
    upload = archive.begin(NEW)
    part = archive.put_part(NEW.key, upload, 1, body(b"data"), crc64nvme(b"data"))
    archive.abort(NEW.key, upload)
    with pytest.raises(UploadGone):
        archive.put_part(NEW.key, upload, 2, body(b"data"), crc64nvme(b"data"))
    with pytest.raises(UploadGone):
        archive.complete(NEW.key, upload, [part], size=4, crc64=crc64nvme(b"data"))


def test_a_part_that_is_not_the_one_named_is_not_used(archive: Archive) -> None:
    upload = archive.begin(NEW)
    archive.put_part(NEW.key, upload, 1, body(b"data"), crc64nvme(b"data"))
    wrong = [Part(1, '"0123456789abcdef0123456789abcdef"')]
    with pytest.raises(UploadGone):
        archive.complete(NEW.key, upload, wrong, size=4, crc64=crc64nvme(b"data"))


@pytest.mark.parametrize("pair", ["memory", "stand_in"], indirect=True)  # moto believes all
def test_bytes_that_are_not_those_that_were_summed_are_refused(
    archive: Archive, reader: Reader
) -> None:
    with pytest.raises(Refused):
        archive.put(NEW, body(b"damaged"), crc64nvme(b"right"))
    upload = archive.begin(NEW)
    with pytest.raises(Refused):
        archive.put_part(NEW.key, upload, 1, body(b"damaged"), crc64nvme(b"right"))
    part = archive.put_part(NEW.key, upload, 1, body(b"data"), crc64nvme(b"data"))
    with pytest.raises(Refused):
        archive.complete(NEW.key, upload, [part], size=4, crc64=crc64nvme(b"other"))
    with pytest.raises(Refused):
        archive.complete(NEW.key, upload, [part], size=5, crc64=crc64nvme(b"data"))
    assert reader.head(NEW.key) is None


def test_another_version_is_not_taken_for_this_one(archive: Archive, reader: Reader) -> None:
    put(archive, b"first")
    with pytest.raises(ObjectChanged):
        read(reader, '"0123456789abcdef0123456789abcdef"')
    with pytest.raises(ObjectMissing):
        list(reader.blocks("slides/scanner-1/other.svs", '"0123"'))


def test_what_moto_holds_is_what_boto3_reads(moto: Pair, s3: "S3Client", bucket: str) -> None:
    put(moto[0], b"slide")
    stored = s3.get_object(Bucket=bucket, Key=NEW.key)
    assert stored["Body"].read() == b"slide"
    assert stored["ContentType"] == "image/tiff"
    assert stored["StorageClass"] == "INTELLIGENT_TIERING"
    assert stored["Metadata"] == NEW.metadata
