"""One exchange of HTTP/1.1 over an open socket, for what reads many small ranges.

The standard library's client parses each answer's header with the e-mail package, which costs more
than reading a tile does. This one keeps to what object stores and web servers send (RFC 9112), and
bounds all of it: bytes of header, bytes of body, and time.
"""

import time
from typing import NamedTuple, Protocol

MAX_HEADER_BYTES = 64 << 10
ANSWER_SECONDS = 20.0  # until an answer's header is there, and on top of the time for its body
SLOWEST = 32 << 10  # bytes per second that a body may take
_FIRST, _MORE = 64 << 10, 256 << 10  # bytes asked for at once: most answers come in one piece
_NO_BODY = frozenset({204, 304})


class Incoming(Protocol):
    """What is needed of a socket to read from it."""

    def recv(self, size: int, /) -> bytes:
        """Return some bytes, none when the other side has closed."""
        ...


class Stream(Incoming, Protocol):
    """What is needed of a socket."""

    def sendall(self, data: bytes, /) -> None:
        """Send all bytes."""
        ...


class Answer(NamedTuple):
    """Status, headers (names in lower case) and body."""

    status: int
    headers: dict[str, str]
    body: bytes


class BadAnswer(OSError):
    """The other side closed the connection, took too long, or does not speak HTTP as agreed."""


class NoAnswer(BadAnswer):
    """The connection ended before the first byte of an answer."""


class TooLong(Exception):
    """The answer's body is longer than it may be."""


def exchange(
    stream: Stream, request: bytes, limit: int, *, bodiless: bool = False
) -> tuple[Answer, bool]:
    """Send a request; return its answer and whether the connection can carry another.

    ``bodiless`` is for HEAD. Raises OSError, and TooLong when the body has over ``limit`` bytes.
    """
    stream.sendall(request)
    reader = Reader(stream, limit)
    return reader.answer(reader.final_header(), bodiless=bodiless)


Header = tuple[int, dict[str, str]]  # status and fields, their names in lower case


class Reader:
    """Takes an answer from a stream piece by piece, some bytes of which may be there already.

    ``seconds``: until the header is there, and on top of the time for the body.
    """

    def __init__(
        self, stream: Incoming, limit: int, *, seconds: float = ANSWER_SECONDS, there: bytes = b""
    ) -> None:
        self._stream = stream
        self._limit = limit
        self._left = there
        self._persistent = True
        self._deadline = time.monotonic() + seconds

    @property
    def has_more(self) -> bool:
        """Whether bytes are left over from what was read."""
        return bool(self._left)

    def final_header(self) -> Header:
        """Read headers until one is no 1xx, which only goes before an answer."""
        status, fields = self.header()
        while 100 <= status < 200:
            status, fields = self.header()
        return status, fields

    def answer(self, header: Header, *, bodiless: bool = False) -> tuple[Answer, bool]:
        """Read the body that belongs to a header; tell whether the connection can go on."""
        status, fields = header
        if bodiless or status in _NO_BODY:
            return Answer(status, fields, b""), self.is_reusable(fields)
        if "transfer-encoding" in fields:
            body = self.chunked(fields["transfer-encoding"])
        elif "content-length" in fields:
            body = self.exactly(_length(fields["content-length"]))
        else:
            return Answer(status, fields, self.to_the_end()), False
        return Answer(status, fields, body), self.is_reusable(fields)

    def header(self) -> Header:
        """Read a status line and the header after it."""
        data = self._left or self._receive(_FIRST)
        if not data:
            raise NoAnswer("the connection was closed without an answer")
        while (end := data.find(b"\r\n\r\n")) < 0:
            more = self._receive(_FIRST)
            data += more
            if not more or len(data) > 2 * MAX_HEADER_BYTES:
                raise BadAnswer("the answer's header is cut off or too long")
        if end > MAX_HEADER_BYTES:
            raise BadAnswer("the answer's header is too long")
        self._left = data[end + 4 :]
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        version, status = first[:9], first[9:12]
        if version not in {"HTTP/1.1 ", "HTTP/1.0 "} or not (status.isascii() and status.isdigit()):
            raise BadAnswer("the answer is not HTTP/1.1")
        self._persistent = version == "HTTP/1.1 "
        return int(status), _fields(lines)

    def is_reusable(self, headers: dict[str, str]) -> bool:
        """Whether nothing is left over and neither side wants to close."""
        closes = "close" in headers.get("connection", "").lower()
        return self._persistent and not closes and not self._left

    def exactly(self, length: int) -> bytes:
        """Read a body of known length."""
        if length > self._limit:
            raise TooLong
        have = self._left
        if len(have) >= length:  # mostly: a tile comes with its header
            self._left = have[length:]
            return have if len(have) == length else have[:length]
        self._deadline += length / SLOWEST
        self._left = b""
        pieces, missing = [have], length - len(have)
        while missing:
            piece = self._receive(min(missing, _MORE))
            if not piece:
                raise BadAnswer(f"the answer ended {missing} bytes too early")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def to_the_end(self) -> bytes:
        """Read a body that ends with the connection."""
        self._deadline += self._limit / SLOWEST
        pieces: list[bytes] = []
        got, piece = 0, self._left or self._receive(_MORE)
        while piece:
            pieces.append(piece)
            got += len(piece)
            if got > self._limit:
                raise TooLong
            piece = self._receive(_MORE)
        return b"".join(pieces)

    def chunked(self, coding: str) -> bytes:
        """Read a body of chunks, each with its length in hex before it (RFC 9112, 7.1)."""
        if coding.strip().lower() != "chunked":
            raise BadAnswer(f"the answer is coded as {coding[:40]!r}, which was not asked for")
        self._deadline += self._limit / SLOWEST
        pieces: list[bytes] = []
        got = 0
        while size := _chunk_size(self._line()):
            got += size
            if got > self._limit:
                raise TooLong
            pieces.append(self.exactly(size))
            if self._line():
                raise BadAnswer("a chunk of the answer is longer than it says")
        while self._line():
            pass  # trailers, of which nothing is needed
        return b"".join(pieces)

    def _line(self) -> bytes:
        data = self._left
        while (end := data.find(b"\r\n")) < 0:
            more = self._receive(_MORE)
            data += more
            if not more or (len(data) > MAX_HEADER_BYTES and b"\r\n" not in data):
                raise BadAnswer("the answer ended inside a chunk")
        self._left = data[end + 2 :]
        return data[:end]

    def _receive(self, size: int) -> bytes:
        piece = self._stream.recv(size)
        if time.monotonic() > self._deadline:
            raise BadAnswer("the answer takes too long")
        return piece


def _fields(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name[0] in " \t" or name[-1] in " \t":
            raise BadAnswer("the answer's header is ill-formed")
        name, value = name.lower(), value.strip(" \t")
        if fields.setdefault(name, value) != value and name == "content-length":
            raise BadAnswer("the answer tells two lengths")
    return fields


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadAnswer("the answer's length is no number")
    return int(text)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not 0 < len(digits) <= 8 or digits.strip(b"0123456789abcdefABCDEF"):
        raise BadAnswer("the length of a chunk of the answer is no number")
    return int(digits, 16)
