"""Takes uploads as S3 does and throws their bytes away, so that it is the client who is measured.

One process, one thread, one loop over all connections. On Linux the kernel itself drops the bytes
of a body (tcp(7), MSG_TRUNC), so a body costs next to nothing here. With ``--check`` the bytes are
read, and the CRC-64/NVME of what arrived is kept for each object. Signatures are not looked at.
Loopback only.
"""

import argparse
import importlib
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from bench.sync.sink_answers import WAIT, Answers
from bench.sync.sink_http import Head, parsed, written

_BUFFER = bytearray(1 << 20)
_VIEW = memoryview(_BUFFER)
_HEAD = 4096  # bytes; of most requests the head alone is in the first piece, and not the body
_MOST_HEAD = 64 << 10
_DROPPED = socket.MSG_TRUNC if sys.platform == "linux" else 0

Checksum = Callable[[memoryview, int], int]


class Connection:
    """One kept-alive connection: the request that is coming in, and what is still to be sent."""

    __slots__ = ("crc", "head", "left", "request", "sending", "socket", "start")

    def __init__(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = accepted
        self.start = b""  # of a head that is not whole
        self.head: Head | None = None
        self.left = 0  # bytes of the body that did not come yet
        self.crc = 0
        self.sending = b""


class Sink:
    """Serves all connections; ``latency`` seconds lie between a request and its answer."""

    def __init__(self, latency: float, *, checking: bool) -> None:
        checksums: Any = importlib.import_module("awscrt.checksums") if checking else None
        self._checksum: Checksum | None = checksums and checksums.crc64nvme
        self._answers = Answers(checksums and checksums.combine_crc64nvme)
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._latency = latency
        self._due: deque[tuple[float, Connection, bytes]] = deque()  # the wait is the same for all
        self._waiting: list[tuple[int, Connection]] = []
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            for key, events in self._selector.select(wait):
                if key.data is None:
                    self._accept()
                elif events & selectors.EVENT_WRITE:
                    self._send(key.data, b"")
                else:
                    self._receive(key.data)
            while self._due and self._due[0][0] <= time.monotonic():
                _, connection, answer = self._due.popleft()
                self._send(connection, answer)

    def _accept(self) -> None:
        connection = Connection(self._listener.accept()[0])
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _receive(self, connection: Connection) -> None:
        """Take what has come, until there is no more or a request is whole."""
        try:
            while True:
                if connection.head is None:
                    if self._read_head(connection):
                        return
                elif self._read_body(connection):
                    return
        except BlockingIOError:
            return
        except (ConnectionError, ValueError):
            self._close(connection)

    def _read_head(self, connection: Connection) -> bool:
        """Read on; say whether the request ended with that. Raises ConnectionError at its end."""
        count = connection.socket.recv_into(_VIEW, _HEAD)
        if not count:
            raise ConnectionResetError
        data = connection.start + _VIEW[:count].tobytes()
        end = data.find(b"\r\n\r\n")
        if end < 0:
            if len(data) > _MOST_HEAD:
                raise ValueError("a head without end")
            connection.start = data
            return False
        connection.start = b""
        head = connection.head = parsed(data[:end])
        connection.crc, connection.left = 0, head.length
        body = memoryview(data)[end + 4 :]
        if head.continues and not body:
            connection.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._answers.begun(head)
        return self._took(connection, head, body)

    def _read_body(self, connection: Connection) -> bool:
        wanted = min(connection.left, len(_BUFFER))
        if self._checksum is None:
            count = connection.socket.recv_into(_VIEW, wanted, _DROPPED)
        else:
            count = connection.socket.recv_into(_VIEW, wanted)
        if not count:
            raise ConnectionResetError
        assert connection.head is not None
        return self._took(connection, connection.head, _VIEW[:count])

    def _took(self, connection: Connection, head: Head, body: memoryview) -> bool:
        """Count a piece of a body; when it was the last one, answer."""
        if self._checksum is not None:
            connection.crc = self._checksum(body, connection.crc)
        connection.left -= len(body)
        if not head.path.startswith("/-/"):
            self._answers.arrived(len(body))
            self._tell_those_who_wait()
        if connection.left:
            return False
        connection.head = None
        if head.path == WAIT:
            self._waiting.append((int(head.query["bytes"]), connection))
            self._tell_those_who_wait()
            return True
        answer = self._answers.to(head, connection.crc)
        if self._latency and not head.path.startswith("/-/"):
            self._due.append((time.monotonic() + self._latency, connection, answer))
        else:
            self._send(connection, answer)
        return True

    def _tell_those_who_wait(self) -> None:
        for one in [one for one in self._waiting if one[0] <= self._answers.bytes]:
            self._waiting.remove(one)
            self._send(one[1], written(200, b"{}"))

    def _send(self, connection: Connection, answer: bytes) -> None:
        """Send what goes out at once; the rest when there is room again."""
        answer = connection.sending + answer
        try:
            sent = connection.socket.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(connection)
            return
        before, connection.sending = connection.sending, answer[sent:]
        if bool(before) != bool(connection.sending):
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.sending else 0)
            self._selector.modify(connection.socket, events, connection)

    def _close(self, connection: Connection) -> None:
        if connection.socket.fileno() >= 0:
            if connection.head is not None:
                self._answers.cut()
            self._selector.unregister(connection.socket)
            connection.socket.close()


def main() -> None:
    """Serve until the process is ended; the first line of output is the port."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--latency-ms", type=float, default=0.0, help="before each answer")
    parser.add_argument("--check", action="store_true", help="keep checksums of what arrived")
    options = parser.parse_args()
    sink = Sink(options.latency_ms / 1000, checking=options.check)
    print(sink.port, flush=True)
    sink.serve()


if __name__ == "__main__":
    main()
