"""Against a real HTTP server in place of the appliance: slow, refusing, talking nonsense."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from labsight.errors import GatewayUnavailable, InvalidInput
from labsight.gateway.activation import Patience, fetch_key

KEY = "BME11-LQPTD-DF11P-BLLQ0-111V1"
ENDPOINT = "vpce-1-2.storagegateway.eu-central-1.vpce.amazonaws.com"
Answer = Callable[[BaseHTTPRequestHandler], None]


def send(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def redirect(to: str) -> Answer:
    return send(302, Location=to)


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def patience(clock: Clock, *, answer: float = 5.0) -> Patience:
    return Patience(altogether=60, pause=10, answer=answer, clock=clock, sleep=clock.sleep)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def appliance(*answers: Answer) -> Iterator[tuple[int, list[str]]]:
    """Serve the answers in turn, the last one for ever; yield the port and the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answers[min(len(asked), len(answers)) - 1](self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(port: int, clock: Clock, *, answer: float = 5.0) -> str:
    return fetch_key(
        "127.0.0.1",
        region="eu-central-1",
        endpoint=ENDPOINT,
        patience=patience(clock, answer=answer),
        port=port,
    )


def test_the_key_comes_in_the_body(clock: Clock) -> None:
    with appliance(send(200, f"{KEY}\n".encode())) as (port, asked):
        assert fetch(port, clock) == KEY
    (path,) = asked
    query = parse_qs(urlsplit(path).query, keep_blank_values=True)
    assert query == {
        "gatewayType": ["FILE_S3"],
        "activationRegion": ["eu-central-1"],
        "vpcEndpoint": [ENDPOINT],
        "no_redirect": [""],
    }


def test_the_key_comes_in_a_redirect_that_nobody_follows(clock: Clock) -> None:
    console = f"http://127.0.0.1:1/gateway/registration?gatewayType=FILE_S3&activationKey={KEY}"
    with appliance(redirect(console)) as (port, asked):
        assert fetch(port, clock) == KEY
    assert len(asked) == 1


def test_an_appliance_that_is_still_starting_is_asked_again(clock: Clock) -> None:
    starting = (send(503, b"starting"), hang_up, send(200, b""), redirect("/login"))
    with appliance(*starting, send(200, KEY.encode())) as (port, asked):
        assert fetch(port, clock) == KEY
    assert len(asked) == 5
    assert clock.now == 40


def test_an_appliance_that_refuses_ends_with_what_to_check(clock: Clock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(GatewayUnavailable) as raised:
            fetch(closed.getsockname()[1], clock)
    for hint in (
        "127.0.0.1",
        "within 60 s",
        "port 80",
        ENDPOINT,
        "not activated before",
        "refused",
    ):
        assert hint in raised.value.message
    assert clock.now == 50


def test_an_appliance_that_never_answers_holds_nobody_up(clock: Clock) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(GatewayUnavailable, match="timed out"):
            fetch(silent.getsockname()[1], clock, answer=0.01)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"<html>Welcome</html>",
        b"A" * 300_000,
        "sch\u00f6ner \x1b[31m Schl\u00fcssel\n".encode(),
        b"-".join([b"ABCDE"] * 30),
    ],
)
def test_what_is_no_key_is_not_taken_for_one(nonsense: bytes, clock: Clock) -> None:
    with appliance(send(200, nonsense)) as (port, _), pytest.raises(GatewayUnavailable) as raised:
        fetch(port, clock)
    assert "status 200, without a key" in raised.value.message
    assert len(raised.value.message) < 600
    assert raised.value.message.isprintable()


@pytest.mark.parametrize("address", ["", "8.8.8.8", "example.org", "10.0.0.1/x?y=", "::1"])
def test_only_a_private_address_is_asked(address: str, clock: Clock) -> None:
    with pytest.raises(InvalidInput, match="the private IPv4 address of the appliance"):
        fetch_key(
            address, region="eu-central-1", endpoint=ENDPOINT, patience=patience(clock), port=1
        )
    assert clock.now == 0
