"""A server that does with each connection just what a test tells it, byte by byte."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import sleep

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the other side gets a reset
_PATIENCE_S = 10.0

# What happens on one connection.
Script = Callable[["Peer"], None]


@dataclass
class Scripted:
    """What was asked of the server: the head of each request, in the order of their coming."""

    port: int
    scripts: list[Script]
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Peer:
    """The client's end of a connection, as the server sees it."""

    def __init__(self, connection: socket.socket, server: Scripted) -> None:
        self.connection, self._server = connection, server
        self._left = bytearray()

    def head(self) -> str:
        """Read the head of a request."""
        while b"\r\n\r\n" not in self._left:
            self._left += self._more()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        self._server.heads.append(head.decode())
        return head.decode()

    def body(self, length: int | None = None) -> bytes:
        """Read a body: of the length that the head tells, or a part of one."""
        if length is None:
            length = int(header(self._server.heads[-1], "content-length") or 0)
        while len(self._left) < length:
            self._left += self._more()
        body = bytes(self._left[:length])
        del self._left[:length]
        self._server.bodies.append(body)
        return body

    def request(self) -> str:
        """Read a whole request; return its head."""
        head = self.head()
        self.body()
        return head

    def say(self, data: bytes | str) -> None:
        """Send bytes."""
        self.connection.sendall(data.encode() if isinstance(data, str) else data)

    def answer(self, status: int, body: str = "", **headers: str) -> None:
        """Send an answer; ``_`` in the names of headers stands for ``-``."""
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines.append(f"content-length: {len(body.encode())}")
        self.say("\r\n".join([f"HTTP/1.1 {status} Told", *lines, "", body]))

    def reset(self) -> None:
        """End the connection without a word."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()

    def drain(self, seconds: float = 0.5) -> None:
        """Read and forget what comes for a while, as servers do so that an answer arrives."""
        self.connection.settimeout(seconds)
        with suppress(OSError):
            while self.connection.recv(1 << 16):
                pass

    def wait(self, seconds: float) -> None:
        """Do nothing."""
        sleep(seconds)

    def _more(self) -> bytes:
        data = self.connection.recv(1 << 16)
        if not data:
            raise EOFError
        return data


class _Listener:
    """Takes connections and runs a script over each."""

    def __init__(self, scripts: tuple[Script, ...], tls: ssl.SSLContext | None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._tls = tls
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []
        self.server = Scripted(self._socket.getsockname()[1], list(scripts))

    def start(self) -> None:
        self._threads[0].start()

    def stop(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._threads[0].join()
        for connection in self._open:
            with suppress(
                OSError
            ):  # not TLS's own, after which the script would read what is encrypted
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        server = self.server
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            script = server.scripts[min(server.connections, len(server.scripts) - 1)]
            server.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, script))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        connection.settimeout(_PATIENCE_S)
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            script(Peer(connection, self.server))
        except (EOFError, OSError):
            pass  # the client has had enough
        except BaseException as error:  # noqa: BLE001 - told to the test
            self.server.errors.append(error)
        finally:
            connection.close()


@contextmanager
def scripted(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve one connection after another, each by the next script; the last serves all others.

    What a script raises fails the test, unless it is the end of the connection.
    """
    listener = _Listener(scripts, tls)
    listener.start()
    try:
        yield listener.server
    finally:
        listener.stop()
    if listener.server.errors:
        raise listener.server.errors[0]


def header(head: str, name: str) -> str | None:
    """Return a header of a request."""
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return None
