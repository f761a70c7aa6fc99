"""The archive in S3: what exactly is asked of it, and what of its answers is believed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from awscrt.checksums import crc64nvme

from labsight import __version__
from labsight.errors import SettingsError, StorageUnavailable
from labsight.objects import attempts
from labsight_lab.sync.journal.entries import Part
from labsight_lab.sync.sending import s3
from labsight_lab.sync.sending.archive import AlreadyThere, NewObject
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.s3 import ASKS_FIRST, S3Archive, connect, reader
from labsight_lab.sync.source import written
from tests.support import s3_server
from tests.support.s3_faults import Does, Fault
from tests.support.s3_server import S3
from tests.support.scripted_server import Peer, header, scripted

KEY = "slides/scanner-1/a.svs"
NEW = NewObject(key=KEY, content_type="image/tiff", metadata={"mtime-ns": "12", "host": "pc"})
CRC = crc64nvme(b"data")
# Everything that sending may ask for: nothing that lists objects, reads or deletes them.
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

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "wait", lambda _: None)


@pytest.fixture
def server() -> Iterator[S3]:
    with s3_server.serving("archive", page=2) as served:
        yield served


@pytest.fixture
def archive(server: S3) -> Iterator[S3Archive]:
    found = connect("archive", endpoint=server.url, connections=2)
    yield found
    found.close()


def body(data: bytes = b"data") -> Body:
    return Body(data, lambda _: None, lambda: None)


def sent(server: S3, kind: str) -> dict[str, str]:
    """The headers of the last request of a kind."""
    return dict(next(one.headers for one in reversed(server.asked) if one.kind == kind))


def test_an_object_is_made_with_all_that_is_to_be_said_of_it(
    archive: S3Archive, server: S3
) -> None:
    archive.put(NEW, body(), CRC)
    headers = sent(server, "PutObject")
    expected = {
        "if-none-match": "*",
        "x-amz-checksum-crc64nvme": written(CRC),
        "x-amz-storage-class": "INTELLIGENT_TIERING",
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        "x-amz-meta-mtime-ns": "12",
        "x-amz-meta-host": "pc",
        "content-type": "image/tiff",
        "content-length": "4",
        "user-agent": f"labsight/{__version__}",
    }
    assert headers.items() >= expected.items()
    assert "expect" not in headers
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert "user-agent" not in signed  # proxies may change it
    assert {"if-none-match", "x-amz-checksum-crc64nvme", "x-amz-meta-host"} <= set(signed)


def test_a_large_object_asks_first_and_costs_no_upload_where_its_key_is_taken(
    archive: S3Archive, server: S3
) -> None:
    data = bytes(ASKS_FIRST + 1)
    archive.put(NEW, body(data), crc64nvme(data))
    assert sent(server, "PutObject")["expect"] == "100-continue"
    server.early, before = True, server.bytes_received()
    with pytest.raises(AlreadyThere):
        archive.put(NEW, body(data), crc64nvme(data))
    assert server.bytes_received() == before


def test_an_upload_in_parts_says_what_it_will_be(archive: S3Archive, server: S3) -> None:
    upload = archive.begin(NEW)
    headers = sent(server, "CreateMultipartUpload")
    assert headers["x-amz-checksum-algorithm"] == "CRC64NVME"
    assert headers["x-amz-checksum-type"] == "FULL_OBJECT"
    assert headers["x-amz-storage-class"] == "INTELLIGENT_TIERING"
    assert headers["x-amz-meta-mtime-ns"] == "12"
    assert "if-none-match" not in headers  # S3 takes no condition here
    part = archive.put_part(KEY, upload, 1, body(), CRC)
    headers = sent(server, "UploadPart")
    assert headers["x-amz-checksum-crc64nvme"] == written(CRC)
    assert "if-none-match" not in headers
    archive.complete(KEY, upload, [part], size=4, crc64=CRC)
    headers = sent(server, "CompleteMultipartUpload")
    assert headers["if-none-match"] == "*"
    assert headers["x-amz-mp-object-size"] == "4"
    assert headers["x-amz-checksum-crc64nvme"] == written(CRC)
    assert headers["x-amz-checksum-type"] == "FULL_OBJECT"
    assert server.read("archive", KEY) == b"data"
    assert {asked.kind for asked in server.asked} <= ALLOWED


def test_lists_of_several_pages_are_read_to_their_end(archive: S3Archive) -> None:
    uploads = [archive.begin(NEW) for _ in range(5)]
    archive.begin(NewObject(key=f"{KEY}2", content_type="image/tiff", metadata={}))
    assert archive.open_uploads(KEY) == uploads
    parts = [archive.put_part(KEY, uploads[0], number, body(), CRC) for number in (3, 1, 5, 2, 4)]
    assert archive.parts(KEY, uploads[0]) == sorted(parts, key=lambda part: part.number)


def test_a_completion_that_fails_after_its_success_is_tried_again(
    archive: S3Archive, server: S3
) -> None:
    upload = archive.begin(NEW)
    part = archive.put_part(KEY, upload, 1, body(), CRC)
    server.fail(Fault(does=Does.FAIL_LATE, kinds=frozenset({"CompleteMultipartUpload"}), times=1))
    archive.complete(KEY, upload, [part], size=4, crc64=CRC)
    assert server.requests["CompleteMultipartUpload"] == 2
    assert server.read("archive", KEY) == b"data"


def test_a_completion_may_take_its_time() -> None:
    def slowly(peer: Peer) -> None:
        peer.request()
        peer.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        peer.say('27\r\n<?xml version="1.0" encoding="UTF-8"?>\n\r\n')
        for _ in range(5):
            peer.say("1\r\n \r\n")
            peer.wait(0.02)
        result = (
            "<CompleteMultipartUploadResult><ChecksumCRC64NVME>"
            f"{written(CRC)}</ChecksumCRC64NVME></CompleteMultipartUploadResult>"
        )
        peer.say(f"{len(result):x}\r\n{result}\r\n0\r\n\r\n")
        peer.drain()

    with scripted(slowly) as server:
        archive = connect("archive", endpoint=server.url)
        archive.complete(KEY, "an-upload", [Part(1, '"e"')], size=4, crc64=CRC)
        archive.close()
        assert header(server.heads[0], "content-length") == str(len(server.bodies[0]))


@contextmanager
def answering(status: int, text: str = "", **headers: str) -> Iterator[S3Archive]:
    """An archive that has one answer to everything."""

    def run(peer: Peer) -> None:
        while True:
            peer.request()
            peer.answer(status, text, **headers)

    with scripted(run) as server:
        archive = connect("archive", endpoint=server.url)
        yield archive
        archive.close()


def test_another_checksum_in_the_answer_leaves_open_what_was_stored() -> None:
    other = "the archive reports checksum AAAAAAAAAAA="
    with answering(200, x_amz_checksum_crc64nvme="AAAAAAAAAAA=", ETag='"e"') as archive:
        with pytest.raises(StorageUnavailable, match=other):
            archive.put(NEW, body(), CRC)
        with pytest.raises(StorageUnavailable, match=other):
            archive.put_part(KEY, "upload", 1, body(), CRC)
    told = "<R><ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME></R>"
    with answering(200, told) as archive, pytest.raises(StorageUnavailable, match=other):
        archive.complete(KEY, "upload", [Part(1, '"e"')], size=4, crc64=CRC)


def test_a_stand_in_that_tells_no_checksum_is_believed() -> None:
    with answering(200, ETag='"e"') as archive:
        archive.put(NEW, body(), CRC)
        assert archive.put_part(KEY, "upload", 1, body(), CRC) == Part(1, '"e"')


@pytest.mark.parametrize(
    "text", ["", "<r/>", "<r><Part><PartNumber>x</PartNumber><ETag>e</ETag></Part></r>", "<html>"]
)
def test_answers_that_lack_what_was_asked_for_are_no_success(text: str) -> None:
    with answering(200, text) as archive:
        with pytest.raises(StorageUnavailable):
            archive.begin(NEW)
        with pytest.raises(StorageUnavailable, match="ETag of a part"):
            archive.put_part(KEY, "upload", 1, body(), CRC)
        if text != "<r/>":  # which is a list of nothing
            with pytest.raises(StorageUnavailable):
                archive.parts(KEY, "upload")


def test_a_list_that_leads_in_circles_is_left() -> None:
    rows = "<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>"
    more = "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>"
    circles = pytest.raises(StorageUnavailable, match="in circles")
    with answering(200, f"<r>{more}{rows}</r>") as archive, circles:
        archive.parts(KEY, "upload")


@pytest.mark.parametrize("status", [400, 403, 404])
def test_where_nobody_may_look_a_key_counts_as_free(status: int) -> None:
    with answering(status) as archive:
        assert not archive.holds(KEY)


def test_a_missing_bucket_is_named(server: S3) -> None:
    nowhere = connect("not-there", endpoint=server.url)
    with pytest.raises(SettingsError, match="there is no bucket 'not-there'"):
        nowhere.put(NEW, body(), CRC)
    nowhere.close()


@pytest.mark.parametrize("make", [connect, reader])
def test_settings_that_lead_nowhere_are_named(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="'no good' is no name of a bucket"):
        make("no good")
    with pytest.raises(SettingsError, match="'not-a-url' is no address"):
        make("archive", endpoint="not-a-url")
    with pytest.raises(SettingsError, match="use https, so that no image goes over a network"):
        make("archive", endpoint="http://minio.hospital.example:9000")
    with pytest.raises(SettingsError, match="no AWS profile 'nobody'"):
        make("archive", profile="nobody")
    with pytest.raises(SettingsError, match="is no AWS region"):
        make("archive", region="eu west")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SettingsError, match="no usable AWS credentials"):
        make("archive")


@pytest.mark.parametrize(("most", "told"), [(1, ["only 1 of 2 connections are used"]), (2, [])])
def test_people_are_told_when_the_system_has_too_few_descriptors(
    server: S3, monkeypatch: pytest.MonkeyPatch, most: int, told: list[str]
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(s3, "most_connections", lambda _: most)
    connect("archive", endpoint=server.url, connections=2, tell=heard.append).close()
    assert [one.partition(":")[0] for one in heard] == told
