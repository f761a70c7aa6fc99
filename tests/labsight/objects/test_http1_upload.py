"""A request with a body, and a server that may answer, fall silent or go away at any moment."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from labsight.objects import http1_upload
from labsight.objects.http1 import BadAnswer, NoAnswer, TooLong
from labsight.objects.http1_upload import Upload, exchange
from tests.support.certificates import self_signed, server_context
from tests.support.scripted_server import Peer, Script, Scripted, scripted

BLOCK = 256 << 10
LARGE = bytes(range(256)) * (16 << 12)  # 16 MiB: no socket's buffers take so much
OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
TAKEN = "HTTP/1.1 412 Taken\r\ncontent-length: 5\r\n\r\ntaken"

# A server that does as told on one connection, which is open.
Serving = Callable[[Script], AbstractContextManager[tuple[Scripted, socket.socket]]]


@pytest.fixture(params=["plain", "tls"])
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Serving:
    """A server and a connection to it, both in the clear and encrypted."""
    certificate = self_signed(tmp_path / "pem", "localhost") if request.param == "tls" else None

    @contextmanager
    def run(script: Script) -> Iterator[tuple[Scripted, socket.socket]]:
        tls = server_context(certificate) if certificate else None
        with scripted(script, tls=tls) as server:
            connection = socket.create_connection(("127.0.0.1", server.port), 10)
            if certificate:
                context = ssl.create_default_context(cafile=str(certificate))
                connection = context.wrap_socket(connection, server_hostname="localhost")
            with connection:
                yield server, connection

    return run


def upload(data: bytes, *, asks_first: bool = False, seconds: float = 10.0) -> Upload:
    expect = "expect: 100-continue\r\n" if asks_first else ""
    head = f"PUT /a HTTP/1.1\r\n{expect}content-length: {len(data)}\r\n\r\n".encode()
    return Upload(
        head,
        lambda: iter(data[start : start + BLOCK] for start in range(0, len(data), BLOCK)),
        seconds=seconds,
        asks_first=asks_first,
    )


def whole(peer: Peer) -> None:
    peer.head()
    peer.body()
    peer.say(OK)
    peer.drain()


@pytest.mark.parametrize("data", [b"", b"small", LARGE[: BLOCK + 1], LARGE])
def test_a_body_arrives_whole_and_the_connection_can_go_on(serving: Serving, data: bytes) -> None:
    def twice(peer: Peer) -> None:
        for _ in range(2):
            peer.head()
            peer.body()
            peer.say(OK)

    with serving(twice) as (server, connection):
        for _ in range(2):
            sent = upload(data)
            answer, reusable = exchange(connection, sent, 100)
            assert (answer.status, answer.body, reusable, sent.is_out) == (200, b"hi", True, True)
        assert server.bodies == [data, data]


def test_a_refusal_in_the_middle_is_read_and_the_rest_is_not_sent(serving: Serving) -> None:
    def refuse(peer: Peer) -> None:
        peer.head()
        peer.body(BLOCK)
        peer.say(TAKEN)
        peer.drain()

    with serving(refuse) as (_, connection):
        sent = upload(LARGE)
        answer, reusable = exchange(connection, sent, 100)
    assert (answer.status, answer.body, reusable, sent.is_out) == (412, b"taken", False, False)


def test_a_refusal_by_a_server_that_reads_no_more_is_read(serving: Serving) -> None:
    def refuse(peer: Peer) -> None:
        peer.head()
        peer.say(TAKEN)
        peer.wait(0.5)

    with serving(refuse) as (_, connection):
        sent = upload(LARGE)
        answer, reusable = exchange(connection, sent, 100)
    assert (answer.status, reusable, sent.is_out) == (412, False, False)


def test_a_refusal_before_the_connection_breaks_tells_why_it_broke(serving: Serving) -> None:
    def refuse_and_close(peer: Peer) -> None:
        peer.head()
        peer.say(TAKEN)
        peer.connection.shutdown(socket.SHUT_WR)
        peer.drain(0.2)

    with serving(refuse_and_close) as (_, connection):
        answer, _ = exchange(connection, upload(LARGE), 100)
    assert answer.status == 412


def test_a_connection_that_breaks_without_a_word_is_an_error(serving: Serving) -> None:
    def reset(peer: Peer) -> None:
        peer.head()
        peer.body(BLOCK)
        peer.reset()

    with serving(reset) as (_, connection):
        sent = upload(LARGE)
        with pytest.raises(OSError, match=r".") as raised:
            exchange(connection, sent, 100)
    assert isinstance(raised.value, (ConnectionError, NoAnswer, ssl.SSLError))
    assert not sent.is_out


def test_a_success_before_the_end_is_not_believed(serving: Serving) -> None:
    def hasty(peer: Peer) -> None:
        peer.head()
        peer.say(OK)
        peer.drain()

    with (
        serving(hasty) as (_, connection),
        pytest.raises(BadAnswer, match="before it has the whole"),
    ):
        exchange(connection, upload(LARGE), 100)


def test_an_answer_that_stays_away_leaves_open_what_was_done(serving: Serving) -> None:
    def silent(peer: Peer) -> None:
        peer.head()
        peer.body()
        peer.connection.shutdown(socket.SHUT_RDWR)

    with serving(silent) as (_, connection):
        sent = upload(b"small")
        with pytest.raises(OSError, match=r"."):
            exchange(connection, sent, 100)
    assert sent.is_out


def test_an_answer_is_waited_for_no_longer_than_allowed(serving: Serving) -> None:
    def slow(peer: Peer) -> None:
        peer.head()
        peer.body()
        peer.wait(0.5)

    with serving(slow) as (_, connection):
        sent = upload(b"small", seconds=0.1)
        with pytest.raises(TimeoutError):
            exchange(connection, sent, 100)
    assert sent.is_out


def test_a_server_that_takes_no_bytes_is_given_up(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http1_upload, "SEND_SECONDS", 0.2)
    monkeypatch.setattr(http1_upload, "_LAST_WORDS_SECONDS", 0.1)
    with serving(lambda peer: peer.wait(0.8)) as (_, connection):
        sent = upload(LARGE)
        with pytest.raises(TimeoutError, match="no byte went out"):
            exchange(connection, sent, 100)
    assert not sent.is_out


def test_who_asks_first_sends_the_body_when_asked(serving: Serving) -> None:
    def ask(peer: Peer) -> None:
        head = peer.head()
        assert "expect: 100-continue" in head
        peer.connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.body(1)
        peer.connection.settimeout(10)
        peer.say("HTTP/1.1 100 Continue\r\n\r\n")
        peer.body(len(LARGE))
        peer.say(OK)
        peer.drain()

    with serving(ask) as (server, connection):
        answer, reusable = exchange(connection, upload(LARGE, asks_first=True), 100)
    assert (answer.status, reusable) == (200, True)
    assert server.bodies == [LARGE]


def test_who_asks_first_sends_nothing_when_refused(serving: Serving) -> None:
    got: list[bytes] = []

    def refuse(peer: Peer) -> None:
        peer.head()
        peer.say(TAKEN)
        peer.connection.settimeout(0.2)
        got.append(peer.connection.recv(1))

    with serving(refuse) as (_, connection):
        answer, reusable = exchange(connection, upload(LARGE, asks_first=True), 100)
        connection.close()
    assert (answer.status, reusable, got) == (412, False, [b""])


def test_a_server_that_never_asks_gets_the_body_all_the_same(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http1_upload, "CONTINUE_SECONDS", 0.1)
    with serving(whole) as (server, connection):
        answer, _ = exchange(connection, upload(LARGE, asks_first=True), 100)
    assert answer.status == 200
    assert server.bodies == [LARGE]


def test_a_server_that_asks_late_gets_the_body_once(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http1_upload, "CONTINUE_SECONDS", 0.05)

    def late(peer: Peer) -> None:
        peer.head()
        peer.body(BLOCK)
        peer.say("HTTP/1.1 100 Continue\r\n\r\n")
        peer.body(len(LARGE) - BLOCK)
        peer.say(OK)
        peer.drain()

    with serving(late) as (server, connection):
        answer, _ = exchange(connection, upload(LARGE, asks_first=True), 100)
    assert answer.status == 200
    assert b"".join(server.bodies) == LARGE


def test_a_refusal_right_behind_the_asking_is_heard(serving: Serving) -> None:
    def ask_and_refuse(peer: Peer) -> None:
        peer.head()
        peer.say(f"HTTP/1.1 100 Continue\r\n\r\n{TAKEN}")
        peer.drain()

    with serving(ask_and_refuse) as (_, connection):
        answer, _ = exchange(connection, upload(LARGE, asks_first=True), 100)
    assert answer.status == 412


class Enough(BaseException):
    """What a body may raise."""


def test_what_a_body_raises_passes_and_the_server_has_not_the_whole(serving: Serving) -> None:
    def breaking() -> Iterator[bytes]:
        yield LARGE[:BLOCK]
        raise Enough

    received: list[int] = []

    def count(peer: Peer) -> None:
        peer.head()
        while piece := peer.connection.recv(1 << 16):
            received.append(len(piece))

    with serving(count) as (_, connection):
        sent = Upload(b"PUT / HTTP/1.1\r\n\r\n", breaking, seconds=10)
        with pytest.raises(Enough):
            exchange(connection, sent, 100)
        connection.close()
    assert not sent.is_out
    assert sum(received) <= BLOCK


def test_an_answer_is_bounded(serving: Serving) -> None:
    with serving(whole) as (_, connection), pytest.raises(TooLong):
        exchange(connection, upload(b"x"), 1)


def test_an_early_answer_is_bounded_too(serving: Serving) -> None:
    def talk(peer: Peer) -> None:
        peer.head()
        peer.say(TAKEN)
        peer.drain()

    with serving(talk) as (_, connection), pytest.raises(TooLong):
        exchange(connection, upload(LARGE), 1)


def test_a_slow_reader_gets_all(serving: Serving) -> None:
    def slowly(peer: Peer) -> None:
        peer.head()
        for _ in range(16):
            peer.body(1 << 20)
            time.sleep(0.005)
        peer.say(OK)
        peer.drain()

    with serving(slowly) as (server, connection):
        assert exchange(connection, upload(LARGE), 100)[0].status == 200
    assert b"".join(server.bodies) == LARGE


class Blocked(socket.socket):
    """A connection whose TLS wants something else before it goes on, for ever."""

    to_send: OSError | None
    to_receive: OSError
    calls = 0

    def send(self, data: Any, *_: int) -> int:
        self._count()
        if self.to_send is not None:
            raise self.to_send
        return len(data)

    def recv(self, *_: int) -> bytes:
        self._count()
        raise self.to_receive

    def _count(self) -> None:
        self.calls += 1
        assert self.calls < 100, "it spins"


@contextmanager
def blocked(
    to_send: OSError | None, to_receive: OSError, *, readable: bool, writable: bool
) -> Iterator[Blocked]:
    """A connection for which the system tells this, and TLS what it wants."""
    ours, theirs = socket.socketpair()
    with theirs, Blocked(fileno=ours.detach()) as connection:
        connection.to_send, connection.to_receive = to_send, to_receive
        if readable:
            theirs.sendall(b"x")
        connection.setblocking(False)
        with suppress(BlockingIOError):
            while not writable:
                socket.socket.send(connection, bytes(1 << 16))
        yield connection


@pytest.mark.parametrize(
    ("to_send", "to_receive", "readable"),
    [
        (ssl.SSLWantReadError(), ssl.SSLWantReadError(), False),
        (ssl.SSLWantReadError(), ssl.SSLWantWriteError(), True),
        (ssl.SSLWantWriteError(), ssl.SSLWantWriteError(), True),
    ],
)
def test_who_sends_waits_for_what_tls_wants_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, to_send: OSError, to_receive: OSError, readable: bool
) -> None:
    monkeypatch.setattr(http1_upload, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(http1_upload, "_LAST_WORDS_SECONDS", 0.05)
    with (
        blocked(to_send, to_receive, readable=readable, writable=not readable) as connection,
        pytest.raises(TimeoutError, match="no byte went out"),
    ):
        exchange(connection, upload(LARGE), 100)


@pytest.mark.parametrize("asks_first", [False, True])
def test_who_receives_waits_for_what_tls_wants_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, asks_first: bool
) -> None:
    monkeypatch.setattr(http1_upload, "CONTINUE_SECONDS", 0.05)
    with (
        blocked(None, ssl.SSLWantWriteError(), readable=True, writable=False) as connection,
        pytest.raises(TimeoutError, match="no byte came"),
    ):
        exchange(connection, upload(b"small", asks_first=asks_first, seconds=0.05), 100)
