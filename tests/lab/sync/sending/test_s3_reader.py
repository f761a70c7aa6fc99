"""The archive for somebody who may read it: whole, in bounded pieces, and never something else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from awscrt.checksums import crc64nvme

from labsight.errors import ObjectChanged, ObjectMissing, StorageUnavailable
from labsight.objects import attempts
from labsight_lab.sync.sending import s3_reader
from labsight_lab.sync.sending.archive import Denied, NewObject, Rejected
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.s3 import connect, reader
from labsight_lab.sync.sending.s3_reader import S3Reader
from tests.lab.support import noise
from tests.support import s3_server
from tests.support.s3_faults import Does, Fault
from tests.support.s3_server import S3
from tests.support.scripted_server import Peer, Script, header, scripted

KEY = "slides/scanner-1/a.svs"
GETS = frozenset({"GetObject"})
DATA = noise(1000)

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "wait", lambda _: None)
    monkeypatch.setattr(s3_reader, "PIECE_BYTES", 300)


@pytest.fixture
def server() -> Iterator[S3]:
    with s3_server.serving("archive") as served:
        archive = connect("archive", endpoint=served.url)
        new = NewObject(key=KEY, content_type="image/tiff", metadata={"mtime-ns": "12"})
        archive.put(new, Body(DATA, lambda _: None, lambda: None), crc64nvme(DATA))
        archive.close()
        yield served


@pytest.fixture
def archive(server: S3) -> Iterator[S3Reader]:
    found = reader("archive", endpoint=server.url)
    yield found
    found.close()


def etag(archive: S3Reader) -> str:
    stored = archive.head(KEY)
    assert stored is not None
    return stored.etag


def test_an_object_comes_in_pieces_of_one_version(archive: S3Reader, server: S3) -> None:
    version = etag(archive)
    pieces = list(archive.blocks(KEY, version))
    assert b"".join(pieces) == DATA
    assert [len(piece) for piece in pieces] == [300, 300, 300, 100]
    asked = [one.headers for one in server.asked if one.kind == "GetObject"]
    assert [one["range"] for one in asked] == [
        "bytes=0-299",
        "bytes=300-599",
        "bytes=600-899",
        "bytes=900-1199",
    ]
    assert {one["if-match"] for one in asked} == {version}


def test_the_checksum_is_asked_for(archive: S3Reader, server: S3) -> None:
    stored = archive.head(KEY)
    assert stored is not None
    assert stored.crc64 == crc64nvme(DATA)
    assert server.asked[-1].headers["x-amz-checksum-mode"] == "ENABLED"


def test_what_breaks_off_is_asked_for_again(archive: S3Reader, server: S3) -> None:
    version = etag(archive)
    server.fail(
        Fault(does=Does.LOSE, kinds=GETS, every=2, times=2),
        Fault(does=Does.REFUSE, kinds=GETS, every=3, times=1),
    )
    assert b"".join(archive.blocks(KEY, version)) == DATA
    assert sum(server.faults.met) == 3


def test_a_missing_object_is_told_from_a_missing_bucket_and_a_missing_right(server: S3) -> None:
    archive = reader("archive", endpoint=server.url)
    assert archive.head("slides/scanner-1/other.svs") is None
    with pytest.raises(ObjectMissing, match=r"other\.svs: no such object"):
        list(archive.blocks("slides/scanner-1/other.svs", '"e"'))
    server.denied = frozenset({"HeadObject", "GetObject"})
    with pytest.raises(Denied, match=r"s3:GetObject on bucket 'archive'.*Or there is no .*a\.svs"):
        archive.head(KEY)
    with pytest.raises(Denied, match="s3:ListBucket"):
        list(archive.blocks(KEY, '"e"'))
    archive.close()
    server.denied = frozenset()
    nowhere = reader("not-there", endpoint=server.url)
    with pytest.raises(Rejected, match="there is no bucket 'not-there'"):
        nowhere.head(KEY)
    nowhere.close()


def test_the_bucket_is_looked_for_once(archive: S3Reader, server: S3) -> None:
    for number in range(5):
        assert archive.head(f"slides/scanner-1/{number}.svs") is None
    assert server.requests["GetObject"] == 1


@contextmanager
def told(script: Script) -> Iterator[S3Reader]:
    with scripted(script) as server:
        archive = reader("archive", endpoint=server.url)
        yield archive
        archive.close()


@pytest.mark.parametrize(
    ("status", "length", "given"),
    [
        (200, 300, ""),
        (206, 300, "bytes 1-300/1000"),
        (206, 300, "bytes 0-298/1000"),
        (206, 299, "bytes 0-299/1000"),
        (206, 300, "bytes 0-299/*"),
        (206, 0, "bytes 0-0/0"),
    ],
)
def test_other_bytes_than_asked_for_are_not_taken(status: int, length: int, given: str) -> None:
    def answer(peer: Peer) -> None:
        peer.request()
        peer.answer(status, "x" * length, ETag='"e"', Content_Range=given)

    refused = pytest.raises(StorageUnavailable, match=r"than asked for|less than it says")
    with told(answer) as archive, refused:
        list(archive.blocks(KEY, '"e"'))


def test_more_bytes_than_asked_for_are_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_reader, "PIECE_BYTES", 1 << 20)

    def answer(peer: Peer) -> None:
        peer.request()
        peer.say(f"HTTP/1.1 206 OK\r\ncontent-length: {1 << 40}\r\n\r\n")

    refused = pytest.raises(StorageUnavailable, match="more than was asked for")
    with told(answer) as archive, refused:
        list(archive.blocks(KEY, '"e"'))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_amz_checksum_crc64nvme": "AAAAAA==", "ETag": '"e"'},
        {"x_amz_checksum_crc64nvme": "??", "ETag": '"e"'},
    ],
)
def test_a_description_that_is_none_is_refused(headers: dict[str, str]) -> None:
    def answer(peer: Peer) -> None:
        peer.request()
        peer.answer(200, **headers)

    with told(answer) as archive, pytest.raises(StorageUnavailable, match="describes it oddly"):
        archive.head(KEY)


def test_an_object_without_this_checksum_has_none() -> None:
    def answer(peer: Peer) -> None:
        peer.request()
        peer.answer(200, ETag='"e"', x_amz_checksum_crc32="AAAAAA==")

    with told(answer) as archive:
        stored = archive.head(KEY)
        assert stored is not None
        assert (stored.crc64, stored.size, stored.metadata) == (None, 0, {})


def test_an_object_in_the_archive_tier_is_told() -> None:
    def answer(peer: Peer) -> None:
        peer.request()
        peer.answer(403, "<Error><Code>InvalidObjectState</Code></Error>")

    refused = pytest.raises(StorageUnavailable, match="rests in the archive tier; restore it")
    with told(answer) as archive, refused:
        list(archive.blocks(KEY, '"e"'))


def test_a_look_alike_that_knows_no_condition_is_not_believed() -> None:
    def answer(peer: Peer) -> None:
        assert header(peer.request(), "if-match") == '"mine"'
        peer.answer(206, "x", ETag='"other"', Content_Range="bytes 0-0/1")

    with told(answer) as archive, pytest.raises(ObjectChanged):
        list(archive.blocks(KEY, '"mine"'))
