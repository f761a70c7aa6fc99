"""The HTTP client of our own: what servers send, and what they must not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight.objects.connections import Origin, split_url
from labsight.objects.http1 import BadAnswer, NoAnswer, TooLong, exchange


class Canned:
    """A connection with a recorded answer, given out a few bytes at a time."""

    def __init__(self, answer: bytes, step: int = 1 << 20) -> None:
        self.answer, self.step, self.sent = answer, step, b""

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def recv(self, size: int) -> bytes:
        size = min(size, self.step)
        piece, self.answer = self.answer[:size], self.answer[size:]
        return piece


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("step", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(
    ("answer", "body", "reusable"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
        (OK + b"content-LENGTH:0\r\n\r\n", b"", True),
        (OK + b"Content-Length: 5\r\nConnection: Close\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
        (OK + b"\r\nhello", b"hello", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi", b"hi", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n",
            b"hello",
            True,
        ),
    ],
)
def test_a_body_is_read_to_its_end(answer: bytes, body: bytes, reusable: bool, step: int) -> None:
    found, again = exchange(Canned(answer, step), b"GET", 100)
    assert (found.body, again) == (body, reusable)


def test_an_answer_to_head_has_no_body() -> None:
    answer = Canned(OK + b'Content-Length: 5000\r\nETag: "x" \r\n\r\n')
    found, again = exchange(answer, b"HEAD", 10, bodiless=True)
    assert (found.headers, again) == ({"content-length": "5000", "etag": '"x"'}, True)


def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    assert not exchange(Canned(OK + b"Content-Length: 1\r\n\r\nab"), b"", 10)[1]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", NoAnswer),
        (b"HTTP/1.1 200", BadAnswer),
        (b"HTTP/2 200 OK\r\n\r\n", BadAnswer),
        (b"SSH-2.0-OpenSSH\r\n\r\n", BadAnswer),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", BadAnswer),
        (OK + b"Content-Length: 5\r\n\r\nhell", BadAnswer),
        (OK + b"Content-Length: -5\r\n\r\n", BadAnswer),
        (OK + b"Content-Length: 1_0\r\n\r\n", BadAnswer),
        (OK + "Content-Length: ٣\r\n\r\n".encode(), BadAnswer),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", BadAnswer),
        (OK + b"No colon\r\n\r\n", BadAnswer),
        (OK + b"Name : spaced\r\n\r\n", BadAnswer),
        (OK + b"A: b\r\n folded\r\n\r\n", BadAnswer),
        (OK + b"Transfer-Encoding: gzip\r\n\r\n", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\nhe\r\n0\r\n\r\n", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n", BadAnswer),
        (OK + b"Content-Length: 101\r\n\r\n", TooLong),
        (OK + b"\r\n" + b"x" * 101, TooLong),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", TooLong),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 101, TooLong),
        (OK + b"A: " + b"x" * (1 << 17), BadAnswer),
        (OK + b"A: " + b"x" * (1 << 16) + b"\r\n\r\n", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * (1 << 17), BadAnswer),
    ],
)
def test_what_is_no_answer_is_refused(answer: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        exchange(Canned(answer), b"GET", 100)


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr("labsight.objects.http1.time.monotonic", lambda: float(next(now)))
    slow = Canned(OK + b"A: b\r\n" * 500, step=1)
    with pytest.raises(BadAnswer, match="takes too long"):
        exchange(slow, b"GET", 100)
    assert len(slow.answer) > 2900


PIECES = st.sampled_from(
    [
        OK,
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Length: 5",
        b"Transfer-Encoding: chunked",
        b"5\r\nhello\r\n",
    ]
)


@settings(max_examples=500)
@given(st.lists(PIECES | st.binary(max_size=12), max_size=12), st.sampled_from([1, 5, 1 << 20]))
def test_no_answer_breaks_the_client(pieces: list[bytes], step: int) -> None:
    try:
        found, _ = exchange(Canned(b"".join(pieces), step), b"GET", 50)
    except (BadAnswer, TooLong):
        return
    assert len(found.body) <= 50


def test_an_address_is_taken_apart() -> None:
    assert split_url("HTTPS://Example.org/a%20b?c=d#e") == (
        Origin("https", "example.org", 443),
        "/a%20b?c=d",
    )
    assert split_url("http://[::1]:8080") == (Origin("http", "[::1]", 8080), "/")
    assert split_url("http://a.b?c")[1] == "/?c"
    assert Origin("http", "a", 8080).authority == "a:8080"


@pytest.mark.parametrize(
    "url",
    ["", "a.svs", "ftp://a/b", "http://", "http://a b/", "http://a:99999/", "https://u:pw@host/x",
     "http://a/b c", "http://a/\r\nHost: b"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_telling_secrets(url: str) -> None:
    with pytest.raises(InvalidInput, match="is no address") as told:
        split_url(url)
    assert "pw" not in str(told.value)
