"""Two thousand odd requests over real connections: no failure, and each error is a problem."""

import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight.api.web import web_folder
from labsight.errors import SettingsError
from tests.support import browser as real
from tests.support.made_slides import make_svs

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


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        web_folder()
    except SettingsError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("slides")
    make_svs(folder / "a.svs")
    (folder / "broken.svs").write_bytes(b"not a slide")
    with real.serving(folder, tmp_path_factory.mktemp("cache"), show_labels=False) as served:
        yield served


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


def test_no_request_fails_the_server(address: str) -> None:
    listed = exchange(
        address, b"GET /api/slides HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    ids = [item["id"] for item in json.loads(listed[2])["items"]]
    dice = random.Random(20261121)
    seen: dict[int, int] = {}
    for _ in range(REQUESTS):
        parts = dice.choices(PARTS, k=dice.randint(0, 5))
        if dice.random() < 0.5:
            parts = [dice.choice(["slides", "api/slides"]), "{id}", *parts]
        path = "/" + "/".join(parts).replace("{id}", dice.choice(ids))
        query = dice.choice(QUERIES)
        line = f"{dice.choice(METHODS)} {path}{'?' + query if query else ''} HTTP/1.1"
        head = "\r\n".join(
            filter(None, [line, "Host: localhost", "Connection: close", dice.choice(HEADERS)])
        )
        status, headers, body = exchange(address, head.encode("latin-1") + b"\r\n\r\n")
        seen[status] = seen.get(status, 0) + 1
        assert status < 500, line
        invalid = headers.get("content-type", "").startswith("text/plain")  # refused by the parser
        if status >= 400 and body and not invalid:
            assert headers["content-type"] == "application/problem+json", line
            assert json.loads(body)["status"] == status
        assert b"Traceback" not in body
    assert seen[200] > 100
    assert seen[404] > 100
    assert (
        exchange(address, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[
            0
        ]
        == 200
    )


def test_the_server_is_closed_to_other_files(address: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for path in (f"/..{tmp_path}/secret", f"/assets/../../../../..{tmp_path}/secret"):
        for written in (path, path.replace("..", "%2e%2e"), path.replace("/", "%2f")):
            request = f"GET /{written.lstrip('/')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            status, _, body = exchange(address, request.encode())
            assert status in {400, 404}
            assert b"secret" not in body or b"detail" in body
