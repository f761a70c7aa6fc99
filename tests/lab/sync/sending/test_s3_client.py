"""Requests to S3 when something is wrong: network, server, clock, region, credentials."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from awscrt.checksums import crc64nvme

from labsight.errors import SettingsError, StorageUnavailable
from labsight.objects import attempts, http1_upload
from labsight.objects.credentials import Credentials, Fixed
from labsight_lab.sync.journal.entries import Part
from labsight_lab.sync.sending import s3_client
from labsight_lab.sync.sending.archive import (
    AlreadyThere,
    Denied,
    NewObject,
    Refused,
    Rejected,
    Unreachable,
    UploadGone,
)
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.credentials import Identity
from labsight_lab.sync.sending.limits import Limiter
from labsight_lab.sync.sending.s3 import S3Archive
from labsight_lab.sync.sending.s3_client import S3Client
from labsight_lab.sync.sending.s3_errors import Refusal
from labsight_lab.sync.sending.s3_reader import S3Reader
from labsight_lab.sync.sending.timetable import parse
from labsight_lab.sync.source import SourceChanged, Stopped
from tests.lab.support import noise
from tests.lab.sync.sending.virtual_time import VirtualTime
from tests.support import s3_server
from tests.support.certificates import self_signed, server_context
from tests.support.ports import free_port
from tests.support.s3_faults import Does, Fault
from tests.support.s3_server import S3
from tests.support.scripted_server import Peer, Script, Scripted, header, scripted

KEY = "slides/scanner-1/a.svs"
NEW = NewObject(key=KEY, content_type="image/tiff", metadata={})
DATA = noise(5000)
LARGE = noise(3 << 20)
KEYS = Credentials("testing", "testing")
PUTS = frozenset({"PutObject"})
COMPLETIONS = frozenset({"CompleteMultipartUpload"})
ERROR = "<Error><Code>{}</Code><Message>Own words</Message></Error>"


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been waited between attempts; and no settings from outside."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    waited: list[float] = []
    monkeypatch.setattr(attempts, "wait", waited.append)
    return waited


class Keys:
    """Credentials that are replaced by the next ones when they are forgotten."""

    def __init__(self, *keys: Credentials) -> None:
        self.keys = list(keys)

    def current(self) -> Credentials:
        return self.keys[0]

    def forget(self) -> None:
        del self.keys[: len(self.keys) > 1]


@pytest.fixture
def server() -> Iterator[S3]:
    with s3_server.serving("archive", repeated="gone") as served:
        yield served


@contextmanager
def client_of(
    address: str,
    keys: Keys | None = None,
    region: str = "us-east-1",
    limiter: Limiter | None = None,
) -> Iterator[S3Client]:
    identity = Identity(keys or Fixed(KEYS), region)
    found = S3Client("archive", identity, endpoint=address, connections=8, limiter=limiter)
    yield found
    found.close()


@pytest.fixture
def archive(server: S3) -> Iterator[S3Archive]:
    with client_of(server.url) as client:
        yield S3Archive(client)


@contextmanager
def script_of(*scripts: Script) -> Iterator[tuple[Scripted, S3Archive]]:
    with scripted(*scripts) as server, client_of(server.url) as client:
        yield server, S3Archive(client)


def body(
    data: bytes = DATA,
    moved: Callable[[int], None] = lambda _: None,
    at_end: Callable[[], None] = lambda: None,
) -> Body:
    return Body(data, moved, at_end)


def put(archive: S3Archive, data: bytes = DATA) -> Body:
    sent = body(data)
    archive.put(NEW, sent, crc64nvme(data))
    return sent


def test_what_may_pass_is_tried_again(archive: S3Archive, server: S3, waits: list[float]) -> None:
    server.fail(
        Fault(does=Does.REFUSE, times=1),
        Fault(does=Does.REFUSE, times=1, status=500, code="InternalError"),
        Fault(does=Does.CUT, times=1),
        Fault(does=Does.REFUSE, times=1, status=400, code="RequestTimeout"),
        Fault(does=Does.REFUSE, times=1, status=409, code="ConditionalRequestConflict"),
    )
    put(archive)
    assert server.faults.met == [1, 1, 1, 1, 1]
    assert server.read("archive", KEY) == DATA
    assert len(waits) >= 5


def test_what_does_not_pass_is_told_after_six_attempts(archive: S3Archive, server: S3) -> None:
    server.fail(Fault(does=Does.REFUSE))
    with pytest.raises(StorageUnavailable, match="the archive failed: SlowDown"):
        put(archive)
    assert server.requests["PutObject"] == s3_client.ATTEMPTS
    server.fail(Fault(does=Does.CUT))
    with pytest.raises(StorageUnavailable, match="did not answer as it should") as raised:
        put(archive)
    assert not isinstance(raised.value, Unreachable)


def test_what_will_not_pass_is_told_at_once(archive: S3Archive, server: S3) -> None:
    server.denied = PUTS
    with pytest.raises(Denied, match="s3:PutObject on bucket 'archive'") as raised:
        put(archive)
    assert not raised.value.retried
    assert server.requests["PutObject"] == 1


@pytest.mark.parametrize(
    ("fault", "doubt"),
    [
        (Fault(does=Does.LOSE, times=1), True),
        (Fault(does=Does.REFUSE, times=1, status=500, code="InternalError"), True),
        (Fault(does=Does.CUT, at=10, times=1), False),
        (Fault(does=Does.REFUSE, times=1, status=400, code="RequestTimeout"), False),
        (Fault(does=Does.REFUSE, times=1, status=429, code="SlowDown"), False),
        (Fault(does=Does.STALL, times=1), False),
    ],
)
def test_a_refusal_tells_whether_an_attempt_before_it_may_have_stored_something(
    archive: S3Archive, server: S3, fault: Fault, doubt: bool
) -> None:
    put(archive)
    server.fail(fault)
    with pytest.raises(AlreadyThere) as raised:
        # What is cut has to be larger than what a system takes in advance.
        put(archive, bytes(24 << 20) if fault.does is Does.CUT else DATA)
    assert raised.value.retried is doubt


def test_an_answer_that_was_lost_leaves_the_object_and_the_doubt(
    archive: S3Archive, server: S3
) -> None:
    server.fail(Fault(does=Does.LOSE, times=1))
    sent = body()
    with pytest.raises(AlreadyThere) as raised:
        archive.put(NEW, sent, crc64nvme(DATA))
    assert raised.value.retried
    assert sent.handed_out
    assert server.read("archive", KEY) == DATA


def test_a_lost_answer_to_a_completion_is_in_doubt_too(archive: S3Archive, server: S3) -> None:
    upload = archive.begin(NEW)
    part = archive.put_part(KEY, upload, 1, body(), crc64nvme(DATA))
    server.fail(Fault(does=Does.LOSE, kinds=COMPLETIONS, times=1))
    with pytest.raises(UploadGone) as raised:
        archive.complete(KEY, upload, [part], size=len(DATA), crc64=crc64nvme(DATA))
    assert raised.value.retried
    assert server.read("archive", KEY) == DATA


def test_bytes_that_change_on_the_way_are_sent_once_more(archive: S3Archive, server: S3) -> None:
    server.fail(Fault(does=Does.FLIP, times=1))
    put(archive)
    assert server.read("archive", KEY) == DATA
    assert server.requests["PutObject"] == 2


def test_bytes_that_change_each_time_are_refused(archive: S3Archive, server: S3) -> None:
    server.fail(Fault(does=Does.FLIP))
    with pytest.raises(Refused, match="damaged on the way") as raised:
        put(archive)
    assert not raised.value.retried
    assert server.objects("archive") == {}
    assert server.requests["PutObject"] == 2


@pytest.mark.parametrize("size", [5000, 3 << 20])
def test_a_refusal_before_the_end_is_understood(
    archive: S3Archive, server: S3, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labsight_lab.sync.sending.s3.ASKS_FIRST", 1 << 30)
    put(archive)
    server.early = True
    for _ in range(3):
        with pytest.raises(AlreadyThere) as raised:
            put(archive, noise(size))
        assert not raised.value.retried


def test_without_a_network_the_address_is_named() -> None:
    port = free_port()
    away = pytest.raises(Unreachable, match=rf"http://127\.0\.0\.1:{port} cannot be reached")
    with client_of(f"http://127.0.0.1:{port}") as client, away:
        put(S3Archive(client))


def test_a_network_that_comes_back_is_enough(
    server: S3, archive: S3Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.go_down()
    tried: list[float] = []

    def wait(seconds: float) -> None:
        tried.append(seconds)
        if len(tried) == 2:
            server.come_up()

    monkeypatch.setattr(attempts, "wait", wait)
    put(archive)
    assert server.read("archive", KEY) == DATA


@pytest.mark.parametrize("position", [0, 1 << 20])
def test_who_stops_in_the_middle_stores_nothing(
    archive: S3Archive, server: S3, position: int
) -> None:
    def stop(moved: int) -> None:
        if moved > position:
            raise Stopped

    sent = body(LARGE, stop)
    with pytest.raises(Stopped):
        archive.put(NEW, sent, crc64nvme(LARGE))
    assert not sent.handed_out
    put(archive)  # over a new connection
    assert server.read("archive", KEY) == DATA


def test_who_stops_while_an_attempt_is_waited_for_is_heard(archive: S3Archive, server: S3) -> None:
    server.fail(Fault(does=Does.REFUSE))
    heard: list[int] = []

    def stop(moved: int) -> None:
        heard.append(moved)
        if moved == 0:
            raise Stopped

    with pytest.raises(Stopped):
        archive.put(NEW, body(DATA, stop), crc64nvme(DATA))
    assert heard == [len(DATA), 0]


def test_a_change_at_a_second_attempt_does_not_deny_the_first(
    archive: S3Archive, server: S3
) -> None:
    ends: list[int] = []

    def changed() -> None:
        ends.append(1)
        if len(ends) == 2:
            raise SourceChanged

    server.fail(Fault(does=Does.REFUSE, status=500, code="InternalError"))
    sent = body(DATA, at_end=changed)
    with pytest.raises(SourceChanged):
        archive.put(NEW, sent, crc64nvme(DATA))
    assert sent.handed_out


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (-30, "30 h 00 min ahead of"),
        (-2, "2 h 00 min ahead of"),
        (2, "2 h 00 min behind"),
        (3 * 365 * 24, "1095 d 00 h behind"),
    ],
)
def test_a_clock_that_is_wrong_is_corrected_and_told_once(
    archive: S3Archive, server: S3, hours: int, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.clock_offset = hours * 3600.0
    put(archive)
    assert server.requests["PutObject"] == 2
    archive.begin(NEW)
    assert server.requests["CreateMultipartUpload"] == 1
    [told] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.startswith(f"this computer's clock is {shown} AWS's: set it")


def test_who_is_told_of_the_clock_can_be_chosen(server: S3) -> None:
    server.clock_offset = 7200.0
    told: list[str] = []
    identity = Identity(Fixed(KEYS), "us-east-1")
    client = S3Client("archive", identity, endpoint=server.url, connections=1, tell=told.append)
    put(S3Archive(client))
    client.close()
    assert len(told) == 1


def test_a_clock_that_is_set_right_meanwhile_is_believed_again(
    archive: S3Archive, server: S3, caplog: pytest.LogCaptureFixture
) -> None:
    server.clock_offset = 7200.0
    archive.begin(NEW)
    server.clock_offset = 0.0
    archive.begin(NEW)
    archive.begin(NEW)
    assert server.requests["CreateMultipartUpload"] == 5
    assert "agrees with AWS's again" in caplog.messages[-1]


def test_a_look_has_no_words_but_the_clock_is_corrected_all_the_same(server: S3) -> None:
    server.clock_offset = 7200.0
    with client_of(server.url) as client:
        assert S3Reader(client).head(KEY) is None
    server.denied = frozenset({"HeadObject"})
    with client_of(server.url) as client, pytest.raises(Denied):
        S3Reader(client).head(KEY)


def test_many_threads_correct_the_clock_together(
    archive: S3Archive, server: S3, caplog: pytest.LogCaptureFixture
) -> None:
    server.clock_offset = 7200.0
    failed: list[Exception] = []

    def work(number: int) -> None:
        try:
            new = NewObject(key=f"{KEY}{number}", content_type="image/tiff", metadata={})
            archive.put(new, body(), crc64nvme(DATA))
            archive.holds(new.key)
        except Exception as error:  # noqa: BLE001 - looked at below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(server.objects("archive")) == 16
    assert len(caplog.records) == 1


def test_a_clock_that_stays_wrong_for_s3_is_an_error() -> None:
    def refuse(peer: Peer) -> None:
        while True:
            peer.request()
            date = format_datetime(datetime.now(UTC) + timedelta(hours=5), usegmt=True)
            peer.answer(403, ERROR.format("RequestTimeTooSkewed"), Date=date)

    with script_of(refuse) as (server, archive):
        with pytest.raises(Rejected, match="set the clock"):
            put(archive)
        assert len(server.heads) == 2


@pytest.mark.parametrize("told", ["header", "body"])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "PermanentRedirect"),
        (307, "TemporaryRedirect"),
        (400, "AuthorizationHeaderMalformed"),
    ],
)
def test_another_region_is_followed_once_and_remembered(status: int, code: str, told: str) -> None:
    def elsewhere(peer: Peer) -> None:
        while True:
            head = peer.request()
            if "/eu-west-3/s3/" in head:
                peer.answer(200)
            elif told == "header":
                peer.answer(status, ERROR.format(code), x_amz_bucket_region="eu-west-3")
            else:
                peer.answer(status, f"<Error><Code>{code}</Code><Region>eu-west-3</Region></Error>")

    with script_of(elsewhere) as (server, archive):
        put(archive)
        put(archive)
        assert len(server.heads) == 3
        assert server.bodies == [DATA] * 3


def test_a_look_follows_to_another_region_too() -> None:
    def elsewhere(peer: Peer) -> None:
        while True:
            there = "/eu-west-3/s3/" in peer.request()
            peer.answer(200 if there else 400, x_amz_bucket_region="eu-west-3")

    with script_of(elsewhere) as (_, archive):
        assert archive.holds(KEY)


def test_regions_that_send_to_each_other_are_left() -> None:
    def elsewhere(peer: Peer) -> None:
        while True:
            region = "eu-west-1" if "/eu-west-3/s3/" in peer.request() else "eu-west-3"
            peer.answer(301, ERROR.format("PermanentRedirect"), x_amz_bucket_region=region)

    with script_of(elsewhere) as (server, archive):
        with pytest.raises(Rejected, match="lies in another region"):
            put(archive)
        assert len(server.heads) == 2


def test_a_region_that_is_not_told_is_an_error() -> None:
    def elsewhere(peer: Peer) -> None:
        peer.request()
        peer.answer(301, ERROR.format("PermanentRedirect"), x_amz_bucket_region="../evil")

    with script_of(elsewhere) as (_, archive), pytest.raises(Rejected, match="another region"):
        put(archive)


def test_in_aws_each_region_has_its_address() -> None:
    identity = Identity(Fixed(KEYS), "eu-west-1")
    client = S3Client("archive", identity, endpoint=None, connections=1)
    place = client._place
    assert place.origin.authority == "archive.s3.eu-west-1.amazonaws.com"
    moved = client._move(Refusal(301, "PermanentRedirect", ""), "cn-north-1", place)
    assert moved
    assert client._place.origin.authority == "archive.s3.cn-north-1.amazonaws.com.cn"


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidToken", "InvalidAccessKeyId"])
def test_credentials_that_are_refused_are_looked_for_once_more(code: str) -> None:
    def picky(peer: Peer) -> None:
        while True:
            if "Credential=new/" in peer.request():
                peer.answer(200)
            else:
                peer.answer(400, ERROR.format(code))

    keys = Keys(Credentials("old", "s"), Credentials("new", "s"))
    with scripted(picky) as server, client_of(server.url, keys) as client:
        put(S3Archive(client))
        assert len(server.heads) == 2


def test_without_other_credentials_the_refusal_is_told() -> None:
    def refuse(peer: Peer) -> None:
        while True:
            peer.request()
            peer.answer(400, ERROR.format("ExpiredToken"))

    with script_of(refuse) as (server, archive):
        with pytest.raises(Rejected, match="the session has expired; log in again"):
            put(archive)
        assert len(server.heads) == 1
    keys = Keys(Credentials("old", "s"), Credentials("new", "s"), Credentials("newer", "s"))
    with scripted(refuse) as server, client_of(server.url, keys) as client:
        with pytest.raises(Rejected):
            put(S3Archive(client))
        assert len(server.heads) == 2


def test_a_server_that_will_not_be_asked_first_gets_the_body_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http1_upload, "CONTINUE_SECONDS", 5.0)

    def old(peer: Peer) -> None:
        while True:
            if header(peer.head(), "expect"):
                peer.answer(417)
                return
            peer.body()
            peer.answer(200)

    with script_of(old) as (server, archive):
        put(archive, LARGE)
        put(archive, LARGE)
        assert server.bodies == [LARGE, LARGE]
        assert len(server.heads) == 3


def test_an_answer_without_end_is_not_taken_in() -> None:
    def endless(peer: Peer) -> None:
        peer.request()
        peer.say("HTTP/1.1 200 OK\r\n\r\n" + "x" * (1 << 18))

    with script_of(endless) as (_, archive), pytest.raises(StorageUnavailable, match="more than"):
        archive.complete(KEY, "upload", [Part(1, '"e"')], size=1, crc64=1)


def test_a_limit_is_kept_to_in_small_pieces(server: S3) -> None:
    clock, data = VirtualTime(), noise(400_000)
    limiter = Limiter(
        parse("100 KB"), lambda: None, steady=clock.steady, wall=clock.wall, sleep=clock.sleep
    )
    began = clock.now
    with client_of(server.url, limiter=limiter) as client:
        put(S3Archive(client), data)
    assert server.read("archive", KEY) == data
    assert clock.now - began == pytest.approx(4.0, rel=0.1)
    assert max(clock.sleeps) < 1.0  # or S3 would take the connection for dead


def test_who_stops_while_bandwidth_is_waited_for_is_heard(server: S3) -> None:
    def stop() -> None:
        raise Stopped

    clock = VirtualTime()
    limiter = Limiter(
        parse("100 KB"), stop, steady=clock.steady, wall=clock.wall, sleep=clock.sleep
    )
    sent = body(noise(400_000))
    with client_of(server.url, limiter=limiter) as client, pytest.raises(Stopped):
        S3Archive(client).put(NEW, sent, crc64nvme(noise(400_000)))
    assert not sent.handed_out
    assert server.objects("archive") == {}


def test_a_server_that_proves_nothing_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http1_upload, "CONTINUE_SECONDS", 0.1)
    certificate = self_signed(tmp_path / "pem", "localhost")

    def answer(peer: Peer) -> None:
        while True:
            peer.request()
            peer.answer(200)

    with scripted(answer, tls=server_context(certificate)) as server:
        address = f"https://localhost:{server.port}"
        with client_of(address) as client, pytest.raises(SettingsError, match="AWS_CA_BUNDLE"):
            put(S3Archive(client))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        with client_of(address) as client:
            put(S3Archive(client), LARGE)
            put(S3Archive(client), DATA)
        assert server.bodies == [LARGE, DATA]
