"""Odd requests over real connections: what no server may stumble over."""

import json
import random
import socket
from collections import Counter
from collections.abc import Mapping, Sequence

REQUESTS = 2000
METHODS = ["GET"] * 8 + ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"]
PARTS = [
    "slides", "api", "tiles", "healthz", "openapi.json", "slide.json", "thumbnail.jpg", "label.jpg",
    "macro.jpg", "{id}", "{id}.dzi", "{id}_files", "0", "1", "10", "11", "99999", "0_0.jpg",
    "1_1.jpeg", "9999_0.jpg", "-1_0.jpg", "..", ".", "%2e%2e", "%2F", "%00", "%FF", "%", "%zz", "",
    "a" * 300, "%E6%97%A5", "index.html", "assets", "viewer.html", "~r2", "'", ";", "*", "$",
]  # fmt: skip
QUERIES = [
    "", "", "", "limit=1", "limit=-1", "limit=abc", "limit=9e9", "cursor=x", "cursor=AAAA", "q=%00",
    "q=%FF", "q=" + "x" * 500, "state=failed", "state=x", "v=0", "tilesize=254&overlap=1",
    "tilesize=0", "tilesize=%C2%B2", "overlap=-1", "a=1&a=2", "&&=&", "%00",
]  # fmt: skip
HEADERS = [
    "", "", "", "If-None-Match: *", 'If-None-Match: "x", W/"y"', "If-None-Match: \xe9",
    "Range: bytes=0-", "Range: bytes=9-1", "Accept: text/html", "Content-Length: 0", "X-Odd: \x01",
    "If-Modified-Since: yesterday",
]  # fmt: skip


def exchange(address: str, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are and read the whole answer."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split(" ")[1]), headers, body


def ask_oddly(
    address: str, ids: Sequence[str], carried: Mapping[str, str] | None = None
) -> Counter[int]:
    """Send seeded odd requests, assert that each is answered in order, and count the statuses.

    ``carried`` are headers that each has, such as those of somebody who signed in.
    """
    own = [f"{name}: {value}" for name, value in (carried or {}).items()]
    dice = random.Random(20261121)
    seen: Counter[int] = Counter()
    for _ in range(REQUESTS):
        parts = dice.choices(PARTS, k=dice.randint(0, 5))
        if dice.random() < 0.5:
            parts = [dice.choice(["slides", "api/slides"]), "{id}", *parts]
        path = "/" + "/".join(parts).replace("{id}", dice.choice(ids))
        query = dice.choice(QUERIES)
        line = f"{dice.choice(METHODS)} {path}{'?' + query if query else ''} HTTP/1.1"
        lines = [line, "Host: localhost", "Connection: close", dice.choice(HEADERS), *own]
        head = "\r\n".join(filter(None, lines))
        status, headers, body = exchange(address, head.encode("latin-1") + b"\r\n\r\n")
        seen[status] += 1
        assert status < 500, line
        assert b"Traceback" not in body
        invalid = headers.get("content-type", "").startswith("text/plain")  # not even HTTP
        if status >= 400 and body and not invalid:
            assert headers["content-type"] == "application/problem+json", line
            assert json.loads(body)["status"] == status
    return seen


def listed_ids(address: str, carried: Mapping[str, str] | None = None) -> list[str]:
    """Return the ids of the slides that a server lists."""
    own = [f"{name}: {value}" for name, value in (carried or {}).items()]
    lines = ["GET /api/slides HTTP/1.1", "Host: localhost", "Connection: close", *own, "", ""]
    body = exchange(address, "\r\n".join(lines).encode())[2]
    return [item["id"] for item in json.loads(body)["items"]]
