"""Connections that are kept, replaced, refused, or led through a proxy."""

import gc
import selectors
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labsight.errors import SettingsError
from labsight.objects.connections import READ_SECONDS, Connections, NoConnection, Origin, Untrusted
from labsight.objects.http1_upload import Upload
from tests.support.certificates import self_signed, server_context
from tests.support.ports import free_port
from tests.support.scripted_server import Peer, Script, Scripted, header, scripted

HOST = "archive.test"  # which only the proxy can find
GET = b"GET / HTTP/1.1\r\n\r\n"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def answering(peer: Peer) -> None:
    """Answer requests for as long as the client likes."""
    while True:
        if header(peer.head(), "expect"):
            peer.say("HTTP/1.1 100 Continue\r\n\r\n")
        peer.body()
        peer.answer(200, "hi")


def upload(data: bytes = b"data", seen: list[bytes] | None = None) -> Upload:
    def blocks() -> Iterator[bytes]:
        if seen is not None:
            seen.append(data)
        yield data

    head = f"PUT / HTTP/1.1\r\ncontent-length: {len(data)}\r\n\r\n".encode()
    return Upload(head, blocks, seconds=5)


def to(server: Scripted, kept: int = 32) -> Connections:
    return Connections(Origin("http", "127.0.0.1", server.port), kept)


def test_no_more_connections_are_kept_than_wanted() -> None:
    with scripted(answering) as server:
        connections = to(server, kept=2)
        opened = [connections._connect() for _ in range(5)]
        for one in opened:
            connections._keep(one)
        assert [one.fileno() >= 0 for one in opened] == [False, False, False, True, True]
        connections.close()


def test_requests_with_and_without_a_body_share_a_connection() -> None:
    with scripted(answering) as server:
        connections = to(server)
        assert connections.exchange(GET, 10).body == b"hi"
        assert connections.upload(upload(), 10).body == b"hi"
        assert connections.exchange(GET, 10).body == b"hi"
        [(kept, _)] = connections._idle
        assert kept.gettimeout() == READ_SECONDS
        assert server.connections == 1


@pytest.mark.parametrize("asks_first", [True, False])
@pytest.mark.parametrize("politely", [True, False])
def test_a_kept_connection_that_ends_before_the_body_is_out_is_replaced(
    asks_first: bool, politely: bool
) -> None:
    def once(peer: Peer) -> None:
        peer.request()
        peer.answer(200)
        peer.head()
        if not politely:
            peer.reset()

    with scripted(once, answering) as server:
        connections = to(server)
        connections.exchange(GET, 10)
        large = bytes(24 << 20)  # no system takes so much in advance
        expect = b"expect: 100-continue\r\n" if asks_first else b""
        head = b"PUT / HTTP/1.1\r\n%bcontent-length: %d\r\n\r\n" % (expect, len(large))
        sent = Upload(head, lambda: iter([large]), seconds=5, asks_first=asks_first)
        assert connections.upload(sent, 10).status == 200
        assert server.connections == 2
        assert server.bodies[-1] == large
        connections.close()


def test_a_request_that_may_have_been_heard_is_not_sent_again() -> None:
    def forgetful(peer: Peer) -> None:
        peer.request()
        peer.answer(200)
        peer.request()
        peer.reset()

    with scripted(forgetful, answering) as server:
        connections = to(server)
        connections.exchange(GET, 10)
        seen: list[bytes] = []
        sent = upload(seen=seen)
        with pytest.raises(OSError, match=r"."):
            connections.upload(sent, 10)
        assert sent.is_out
        assert (len(seen), server.connections) == (1, 1)


def test_a_server_that_is_not_there_is_told_from_one_that_breaks_off() -> None:
    nowhere = Connections(Origin("http", "127.0.0.1", free_port()))
    with pytest.raises(NoConnection, match="refused"):
        nowhere.exchange(GET, 10)
    with pytest.raises(NoConnection):
        nowhere.upload(upload(), 10)
    with pytest.raises(NoConnection, match=r"known|resolution|address"):
        Connections(Origin("http", "no-such-host.invalid", 80)).exchange(GET, 10)
    with (
        scripted(lambda peer: peer.reset()) as server,
        pytest.raises(OSError, match=r".") as raised,
    ):
        to(server).exchange(GET, 10)
    assert not isinstance(raised.value, NoConnection)


def leading_to(port: int) -> Script:
    """A proxy through which everything leads to one port of this machine."""

    def run(peer: Peer) -> None:
        peer.head()
        with socket.create_connection(("127.0.0.1", port)) as onward:
            peer.say("HTTP/1.1 200 Connection established\r\n\r\n")
            with selectors.DefaultSelector() as selector:
                selector.register(peer.connection, selectors.EVENT_READ, onward)
                selector.register(onward, selectors.EVENT_READ, peer.connection)
                while True:
                    for key, _ in selector.select(5):
                        data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                        if not data:
                            return
                        key.data.sendall(data)

    return run


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    certificate = self_signed(tmp_path / "pem", HOST)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with scripted(answering, tls=server_context(certificate)) as server:
        yield server


@pytest.fixture
def behind(secure: Scripted, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Connections]:
    def through(proxy: Scripted, login: str = "") -> Connections:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{login}127.0.0.1:{proxy.port}")
        return Connections(Origin("https", HOST, secure.port))

    return through


def test_https_goes_through_the_proxy_and_is_checked_at_its_end(
    secure: Scripted, behind: Callable[..., Connections]
) -> None:
    with scripted(leading_to(secure.port)) as proxy:
        connections = behind(proxy)
        assert connections.exchange(GET, 10).body == b"hi"
        assert connections.upload(upload(b"x" * 300_000), 10).body == b"hi"
        connections.close()
        assert [head.split("\r\n")[0] for head in proxy.heads] == [
            f"CONNECT {HOST}:{secure.port} HTTP/1.1"
        ]
        assert header(proxy.heads[0], "proxy-authorization") is None
        assert (secure.connections, len(secure.bodies[1])) == (1, 300_000)


def test_the_log_in_is_for_the_proxy_and_not_for_the_server(
    secure: Scripted, behind: Callable[..., Connections]
) -> None:
    with scripted(leading_to(secure.port)) as proxy:
        connections = behind(proxy, "me:word@")
        connections.exchange(GET, 10)
        connections.close()
        assert header(proxy.heads[0], "proxy-authorization") == "Basic bWU6d29yZA=="
        assert "authorization" not in secure.heads[0].lower()


def test_a_server_that_is_exempt_is_not_asked_through_the_proxy(
    behind: Callable[..., Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", ".test")
    with scripted(answering) as proxy:
        connections = behind(proxy)
        with pytest.raises(NoConnection):  # no name server knows it
            connections.exchange(GET, 10)
        assert proxy.connections == 0


def test_this_machine_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert Connections(Origin("https", "localhost", 443))._proxy is None
    assert Connections(Origin("http", "example.org", 80))._proxy is None


def test_a_proxy_that_pretends_to_be_the_server_is_found_out(
    tmp_path: Path, behind: Callable[..., Connections]
) -> None:
    other = self_signed(tmp_path / "other", HOST)
    with (
        scripted(answering, tls=server_context(other)) as impostor,
        scripted(leading_to(impostor.port)) as proxy,
    ):
        with pytest.raises(Untrusted, match="AWS_CA_BUNDLE must name the proxy's certificate"):
            behind(proxy).exchange(GET, 10)
        assert impostor.heads == []


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (407, SettingsError, "wants a log-in"),
        (403, SettingsError, "does not let this computer reach"),
        (502, NoConnection, "does not reach archive.test"),
    ],
)
def test_what_a_proxy_refuses_is_told(
    behind: Callable[..., Connections], status: int, kind: type[Exception], message: str
) -> None:
    def refuse(peer: Peer) -> None:
        peer.head()
        peer.answer(status, proxy_authenticate="Basic realm=x")

    with scripted(refuse) as proxy, pytest.raises(kind, match=message):
        behind(proxy).exchange(GET, 10)


def test_a_proxy_that_is_not_there_is_no_connection(behind: Callable[..., Connections]) -> None:
    with scripted(answering) as proxy:
        connections = behind(proxy)
    with pytest.raises(NoConnection):
        connections.exchange(GET, 10)


def test_an_address_of_a_proxy_that_is_none_is_told_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://pw@@@:x")
    with pytest.raises(SettingsError):
        Connections(Origin("https", HOST, 443))
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []
