"""One request with a body over an open socket, while the other side may answer at any moment.

A server that refuses may do so before it has the whole body, and close the connection then: its
answer is what tells why, not the broken pipe.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from time import monotonic

from labsight.objects.http1 import Answer, BadAnswer, NoAnswer, Reader, TooLong
from labsight.objects.readiness import is_readable, is_writable, wait_for_room

SEND_SECONDS = 60.0  # without a byte that goes out
CONTINUE_SECONDS = 1.0  # until the body is sent without having been asked for
_LAST_WORDS_SECONDS = 1.0
_TOGETHER = 128 << 10  # a block of so many bytes goes out in one piece with the head
_PIECE = 16 << 10
_BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Upload:
    """A request with a body, which can be sent anew: ``blocks`` is called for each attempt.

    With ``asks_first`` the head must hold ``expect: 100-continue``: a refusal then costs no upload.
    ``seconds``: how long the answer may take after the last byte. ``is_out`` tells whether the last
    attempt handed everything to the connection, so that the server may have acted upon it. What
    ``blocks`` raises passes through.
    """

    def __init__(
        self,
        head: bytes,
        blocks: Callable[[], Iterator[bytes | memoryview]],
        *,
        seconds: float,
        asks_first: bool = False,
    ) -> None:
        self.head, self.blocks = head, blocks
        self.seconds, self.asks_first = seconds, asks_first
        self.is_out = False


def exchange(connection: socket.socket, upload: Upload, limit: int) -> tuple[Answer, bool]:
    """Send a request; return its answer and whether the connection can carry another.

    Raises OSError, and http1.TooLong when the answer's body has over ``limit`` bytes.
    """
    upload.is_out = False
    line = _Line(connection, upload.seconds, limit)
    try:
        _send(line, upload)
    except _Answered as early:
        return _refusal(early.answer), False
    except OSError:
        answer = line.last_words()
        if answer is None:
            raise
        return _refusal(answer), False
    upload.is_out = True
    return line.answer()


def _send(line: "_Line", upload: Upload) -> None:
    waiting = upload.head
    if upload.asks_first:
        line.send(waiting)
        line.wait_to_be_asked()
        waiting = b""
    for block in upload.blocks():
        if waiting and len(block) <= _TOGETHER:
            line.send(b"".join((waiting, block)))
        else:
            line.send(waiting)
            line.listen()
            line.send(block)
        waiting = b""
    line.send(waiting)


def _refusal(answer: Answer) -> Answer:
    if answer.status < 300:
        raise BadAnswer("the server answers before it has the whole request")
    return answer


class _Answered(Exception):
    """The answer came before the request was out."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _Line:
    """A connection in use: nothing waits to be sent while there is something to hear.

    It never blocks: to change that for each send and receive takes more calls than to wait here.
    """

    def __init__(self, connection: socket.socket, seconds: float, limit: int) -> None:
        self._connection = connection
        self._seconds, self._limit = seconds, limit
        # What is encrypted may have come, and wait to be read, without more on the wire.
        self._may_hold_back = isinstance(connection, ssl.SSLSocket)
        if connection.gettimeout() != 0.0:
            connection.settimeout(0.0)

    def send(self, data: bytes | memoryview) -> None:
        """Send all bytes; raise _Answered when the server wants no more of them."""
        view, last = memoryview(data), monotonic() + SEND_SECONDS
        while view:
            try:
                view = view[self._connection.send(view) :]
                last = monotonic() + SEND_SECONDS
            except _BLOCKED as blocked:
                self._wait_to_send(blocked, last)

    def _wait_to_send(self, blocked: OSError, last: float) -> None:
        """Wait for what keeps bytes from going out; hear what comes meanwhile."""
        readable = writable = False
        if (left := last - monotonic()) > 0:
            if isinstance(blocked, ssl.SSLWantReadError):  # there is room, but not for these
                readable = is_readable(self._connection, left)
            else:
                readable, writable = wait_for_room(self._connection, left)
        if readable:
            self._hear(last)
        elif not writable:
            raise TimeoutError(f"no byte went out for {SEND_SECONDS:.0f} s") from None

    def listen(self) -> None:
        """Raise _Answered when there is an answer."""
        if is_readable(self._connection):
            self._hear(monotonic())

    def wait_to_be_asked(self) -> None:
        """Wait for the server to ask for the body, but not for long: some never do."""
        last = monotonic() + CONTINUE_SECONDS
        while (left := last - monotonic()) > 0:
            if is_readable(self._connection, left) and self._hear(last):
                return

    def answer(self) -> tuple[Answer, bool]:
        """Wait for the answer to all that was sent."""
        reader = Reader(self, self._limit, seconds=self._seconds)
        return reader.answer(reader.final_header())

    def recv(self, size: int, /) -> bytes:
        """Wait for bytes and return them, none when the other side has closed."""
        last = monotonic() + self._seconds
        ready = None if self._may_hold_back else is_readable
        while True:
            if ready is not None:
                left = last - monotonic()
                if left <= 0 or not ready(self._connection, left):
                    raise TimeoutError(f"no byte came for {self._seconds:.0f} s")
            try:
                return self._connection.recv(size)
            except ssl.SSLWantWriteError:
                ready = is_writable
            except _BLOCKED:
                ready = is_readable

    def last_words(self) -> Answer | None:
        """Return what the server said before it closed the connection."""
        try:
            self._seconds = _LAST_WORDS_SECONDS
            reader = Reader(self, self._limit, seconds=self._seconds)
            return reader.answer(reader.final_header())[0]
        except (OSError, TooLong):
            return None

    def _hear(self, last: float) -> bool:
        """Take in what there is: True when the server asks to go on; raise _Answered.

        Where TLS has to say something first, there is a wait for room until ``last``.
        """
        try:
            there = self._connection.recv(_PIECE)
        except ssl.SSLWantWriteError:
            is_writable(self._connection, max(0.0, last - monotonic()))
            return False
        except _BLOCKED:  # something of TLS alone
            return False
        if not there:
            raise NoAnswer("the server closed the connection in the middle of a request")
        reader = Reader(self, self._limit, seconds=self._seconds, there=there)
        while reader.has_more:
            header = reader.header()
            if header[0] >= 200:
                raise _Answered(reader.answer(header)[0])
        return True
