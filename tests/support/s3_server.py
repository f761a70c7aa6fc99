"""S3 on this machine for tests: keeps bytes, refuses what S3 refuses, and fails when told to.

Threads of the test's own process, on the loopback interface. What is kept is in s3_store, what an
answer looks like in s3_operations, what goes wrong in s3_faults, what can be looked at in s3_state.
"""

import socket
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import ThreadingHTTPServer

from tests.support.s3_asked import CutShort
from tests.support.s3_connection import Connection
from tests.support.s3_faults import Fault, Faults
from tests.support.s3_operations import Operations
from tests.support.s3_state import State
from tests.support.s3_store import REPEATED, Store


@dataclass
class S3(State):
    """A server that can go down and come up again."""

    _server: "_Server | None" = None

    def go_down(self) -> None:
        """End all connections and refuse new ones, until ``come_up``."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def come_up(self) -> None:
        """Listen, at the same address as before."""
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        self._server.start()

    def down_for(self, seconds: float) -> threading.Timer:
        """Go down, and come up after some seconds; the timer that does may be joined."""
        self.go_down()
        timer = threading.Timer(seconds, self.come_up)
        timer.start()
        return timer


@contextmanager
def serving(
    *buckets: str,
    denied: Iterable[str] = (),
    least_part: int = 5 << 20,
    page: int = 1000,
    repeated: REPEATED = "again",
    faults: Sequence[Fault] = (),
    seed: int = 0,
    secrets: Mapping[str, str] | None = None,
    region: str = "us-east-1",
) -> Iterator[S3]:
    """Serve empty buckets until the block ends."""
    store = Store(least_part=least_part, repeated=repeated)
    store.buckets.update({bucket: {} for bucket in buckets})
    s3 = S3(
        store,
        Operations(store, page),
        secrets or {"testing": "testing"},
        region,
        frozenset(denied),
        faults=Faults(faults, seed),
    )
    s3.come_up()
    try:
        yield s3
    finally:
        s3.go_down()
        for piece in s3.pieces:
            piece.close()
    if s3.errors:
        raise s3.errors[0]


class _Server(ThreadingHTTPServer):
    """Listens, and knows its open connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, s3: S3) -> None:
        self.s3 = s3
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        super().__init__(("127.0.0.1", s3.port), _bound(s3))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self.s3.lock:
            left = list(self._open)
        for one in left:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        with self.s3.lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        with self.s3.lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        error = sys.exception()
        if error is not None and not isinstance(error, (ConnectionError, CutShort)):
            self.s3.errors.append(error)


def _bound(s3: S3) -> type[Connection]:
    return type("Bound", (Connection,), {"s3": s3})
