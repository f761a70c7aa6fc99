"""HTTP/1.1 by hand: the head of a request, and a whole answer."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

_REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    404: "Not Found",
    412: "Precondition Failed",
    501: "Not Implemented",
}


class Head(NamedTuple):
    """What a request says before its body; names of headers in lower case."""

    method: str
    path: str  # decoded
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def length(self) -> int:
        """How many bytes follow."""
        return int(self.headers.get("content-length", 0))

    @property
    def size(self) -> int:
        """How many of them are content (aws-chunked puts lengths and checksums between)."""
        return int(self.headers.get("x-amz-decoded-content-length") or self.length)

    @property
    def continues(self) -> bool:
        """Whether the client waits to be asked for the body."""
        return "expect" in self.headers


def parsed(data: bytes) -> Head:
    """Read a head, without the empty line at its end; raise ValueError."""
    first, *lines = data.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Head(
        method,
        unquote(path) if "%" in path else path,
        dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        headers,
    )


def written(
    status: int, body: bytes = b"", headers: Iterable[tuple[str, str]] = (), size: int | None = None
) -> bytes:
    """Write an answer; ``size`` is the length told where the body stays away."""
    told = "".join([f"{name}: {value}\r\n" for name, value in headers])
    length = len(body) if size is None else size
    first = f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-length: {length}\r\n{told}\r\n"
    return first.encode("latin-1") + body
