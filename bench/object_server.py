"""Answers for an object store on this machine: HEAD, ranged GET and PUT over a folder, delayed.

What S3 answers (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html), after a wait
as long as S3's own; signatures are not looked at. Keeps count of what it was asked. Runs in a
process of its own; a thread for each connection, so that the waits of several do not add up.
"""

import argparse
import hashlib
import io
import json
import os
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote

COUNTS = "/-/counts"  # no name of a bucket; tells what was asked since it was last told
_MOST_LINE = 64 << 10  # bytes

_REASONS = {
    200: "OK",
    206: "Partial Content",
    404: "Not Found",
    412: "Precondition Failed",
    416: "Range Not Satisfiable",
}


class ObjectServer(socketserver.ThreadingTCPServer):
    """Serves a folder whose folders are the buckets."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, folder: Path, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self._folder = folder.resolve()
        self._delay = delay
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, headers: Mapping[str, str], sent: bytes) -> bytes:
        """Return the whole answer to a request."""
        path = unquote(target.partition("?")[0])
        if path == COUNTS:
            return _written(200, [], self._told())
        time.sleep(self._delay)
        file = self._folder.joinpath(path.lstrip("/")).resolve()
        if not file.is_relative_to(self._folder):
            answer = _written(404, [], b"")
        elif method == "PUT":
            answer = _put(file, sent)
        else:
            answer = _get(file, headers, bodiless=method == "HEAD")
        with self._lock:
            self._counts[method] += 1
        return answer

    def _told(self) -> bytes:
        with self._lock:
            text = json.dumps(self._counts)
            self._counts.clear()
        return text.encode()


def _get(file: Path, headers: Mapping[str, str], *, bodiless: bool) -> bytes:
    if not file.is_file():
        return _written(404, [], b"" if bodiless else b"<Error><Code>NoSuchKey</Code></Error>")
    stat = file.stat()
    etag, size = _etag(stat), stat.st_size
    told = [f"etag: {etag}", f"last-modified: {formatdate(stat.st_mtime, usegmt=True)}"]
    if headers.get("if-match", etag) not in {etag, "*"}:
        return _written(412, [], b"")
    if bodiless:
        return _written(200, told, b"", size)
    start, end = _range(headers.get("range"), size)
    if start >= end:
        return _written(416, [f"content-range: bytes */{size}"], b"")
    with file.open("rb") as opened:
        body = os.pread(opened.fileno(), end - start, start)
    if "range" not in headers:
        return _written(200, told, body)
    return _written(206, [*told, f"content-range: bytes {start}-{end - 1}/{size}"], body)


def _put(file: Path, data: bytes) -> bytes:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return _written(200, [f"etag: {_etag(file.stat())}"], b"")


def _etag(stat: os.stat_result) -> str:
    return f'"{hashlib.md5(f"{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()}"'


def _written(status: int, headers: list[str], body: bytes, size: int | None = None) -> bytes:
    """Write an answer; ``size`` is the length told where the body stays away."""
    first = f"HTTP/1.1 {status} {_REASONS[status]}"
    length = f"content-length: {len(body) if size is None else size}"
    return "\r\n".join([first, length, *headers, "", ""]).encode() + body


class _Connection(socketserver.BaseRequestHandler):
    """One kept-alive connection."""

    server: ObjectServer
    request: socket.socket

    def handle(self) -> None:
        """Answer one request after the other until the client goes."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError), self.request.makefile("rb") as received:
            while first := received.readline(_MOST_LINE):
                method, target, _ = first.decode("latin-1").split(" ", 2)
                headers = _headers(received)
                sent = received.read(int(headers.get("content-length", 0)))
                self.request.sendall(self.server.answer(method, target, headers, sent))


def _headers(received: io.BufferedReader) -> dict[str, str]:
    headers = {}
    while line := received.readline(_MOST_LINE).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return headers


def _range(text: str | None, size: int) -> tuple[int, int]:
    """Return first byte and end (exclusive) of `bytes=a-b`, `bytes=a-` or `bytes=-n`."""
    if text is None:
        return 0, size
    first, _, last = text.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size


def main() -> None:
    """Serve until the process is ended; the first line of output is the port."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    options = parser.parse_args()
    sys.setswitchinterval(0.0005)  # a thread whose wait is over goes on at once
    with ObjectServer(options.folder, options.delay_ms / 1000) as served:
        print(served.server_address[1], flush=True)
        served.serve_forever()


if __name__ == "__main__":
    main()
