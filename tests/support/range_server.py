"""A file server on this machine: answers Range, notes what it is asked, fails on demand."""

import ssl
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

Asked = tuple[str, str, dict[str, str]]  # method, path with query, headers in lower case
Odd = Callable[["Handler"], None]
MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT"


@dataclass
class Files:
    """What is served: contents by path.

    ``odd`` are answers that each take the place of one that would be right. ``delay`` is in
    seconds, before every answer. ``etags`` overrules the ETag of a path, None for none. ``every``
    are headers of every answer.
    """

    port: int
    contents: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    odd: deque[Odd] = field(default_factory=deque)
    delay: float = 0.0
    etags: dict[str, str | None] = field(default_factory=dict)
    every: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def etag(self, path: str) -> str | None:
        return self.etags.get(path, f'"{zlib.crc32(path.encode())}-{len(self.contents[path])}"')


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    files: Files

    def setup(self) -> None:
        super().setup()
        with self.files.lock:
            self.files.connections += 1

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def say(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send an answer."""
        self.send_response(status)
        sent = {"Content-Length": str(len(body)), **self.files.every, **(headers or {})}
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _serve(self) -> None:
        files = self.files
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with files.lock:
            files.asked.append(
                (self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
            )
            files.bodies.append(body)
            files.at_once += 1
            files.most_at_once = max(files.most_at_once, files.at_once)
            odd = files.odd.popleft() if files.odd else None
        try:
            if files.delay:
                time.sleep(files.delay)
            if odd is not None:
                odd(self)
            elif self.command == "PUT":
                self._take(body)
            else:
                self._give()
        finally:
            with files.lock:
                files.at_once -= 1

    def _take(self, body: bytes) -> None:
        path = unquote(self.path)
        if self.headers.get("If-None-Match") == "*" and path in self.files.contents:
            self.say(412, error("PreconditionFailed"))
            return
        self.files.contents[path] = body
        self.say(200, headers={"ETag": self.files.etag(path) or ""})

    def _give(self) -> None:
        path = unquote(self.path.partition("?")[0])
        content = self.files.contents.get(path)
        if content is None:
            self.say(404, error("NoSuchKey"))
            return
        etag = self.files.etag(path)
        headers = {"Last-Modified": MODIFIED, **({"ETag": etag} if etag else {})}
        if self.headers.get("If-Match") not in {None, etag}:
            self.say(412, error("PreconditionFailed"), headers)
            return
        wanted = self.headers.get("Range")
        if wanted is None or not self.files.ranges:
            self.say(200, content, headers)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(content)), len(content) - 1)
        if start >= len(content):
            headers["Content-Range"] = f"bytes */{len(content)}"
            self.say(416, error("InvalidRange"), headers)
            return
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        self.say(206, content[start : end + 1], headers)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def error(code: str) -> bytes:
    """S3's body of an error."""
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode()


def failing(status: int, code: str = "", **headers: str) -> Odd:
    """An answer that is an error."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.say(status, error(code) if code else b"", named)


def hanging_up(handler: Handler) -> None:
    """No answer at all."""
    handler.close_connection = True


def cut_short(handler: Handler) -> None:
    """An answer that ends in the middle of its body."""
    handler.say(206, b"half", {"Content-Length": "8", "Content-Range": "bytes 0-7/8"})
    handler.close_connection = True


@contextmanager
def serving(tls: ssl.SSLContext | None = None, **contents: bytes) -> Iterator[Files]:
    """A server of files at ``/name``, encrypted if it is told how."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    files = Files(server.server_address[1])
    files.contents.update({f"/{name}": content for name, content in contents.items()})
    server.RequestHandlerClass = type("Bound", (Handler,), {"files": files})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
