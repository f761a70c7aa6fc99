"""Asks a web server for pictures as fast as it answers, over kept-alive connections; a worker.

Sockets and nothing above them, so that the client is not what is measured; what it costs itself is
told as its CPU.
"""

import selectors
import socket
from collections.abc import Sequence

_READ = 1 << 18  # bytes


class WebClient:
    """Connections to one server on this machine."""

    def __init__(self, port: int) -> None:
        self._address = "127.0.0.1", port

    def load(self, paths: Sequence[str], connections: int) -> int:
        """Fetch all paths, the next one over whichever connection is free; return bytes of body.

        Raises RuntimeError for an answer that is no JPEG picture.
        """
        waiting, total = list(reversed(paths)), 0
        with selectors.DefaultSelector() as selector:
            for _ in range(min(connections, len(paths))):
                opened = _Exchange(self._address)
                opened.ask(waiting.pop())
                selector.register(opened.socket, selectors.EVENT_READ, opened)
            while selector.get_map():
                for key, _ in selector.select():
                    exchange: _Exchange = key.data
                    size = exchange.receive()
                    if size is None:
                        continue
                    total += size
                    if waiting:
                        exchange.ask(waiting.pop())
                    else:
                        selector.unregister(exchange.socket)
                        exchange.socket.close()
        return total


class _Exchange:
    """One connection and the answer that is on its way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._path = ""
        self._received = b""
        self._end = 0  # of the answer, once its header is there

    def ask(self, path: str) -> None:
        self._path, self._received, self._end = path, b"", 0
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    def receive(self) -> int | None:
        """Take what has come; return the bytes of the picture when all of it has."""
        part = self.socket.recv(_READ)
        if not part:
            raise RuntimeError(f"{self._path}: the server closed the connection")
        self._received += part
        if not self._end:
            split = self._received.find(b"\r\n\r\n")
            if split < 0:
                return None
            self._end = split + 4 + self._length(self._received[:split].lower())
        if len(self._received) < self._end:
            return None
        return len(self._received) - self._received.find(b"\r\n\r\n") - 4

    def _length(self, head: bytes) -> int:
        status = head.split(b" ", 2)[1]
        if status != b"200" or b"\r\ncontent-type: image/jpeg" not in head:
            raise RuntimeError(f"{self._path}: {head[:200]!r}")
        return int(head.partition(b"\r\ncontent-length:")[2].split(b"\r\n", 1)[0])
