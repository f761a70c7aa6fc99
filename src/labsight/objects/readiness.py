"""Whether a socket can be read from or written to at this moment."""

import select
import socket


def is_readable(connection: socket.socket, seconds: float = 0.0) -> bool:
    """Wait until there is something to read, be it the connection's end."""
    return _ready(connection, seconds, reading=True, writing=False)[0]


def is_writable(connection: socket.socket, seconds: float = 0.0) -> bool:
    """Wait until a connection takes bytes, or is found to be broken."""
    return any(_ready(connection, seconds, reading=False, writing=True))


def wait_for_room(connection: socket.socket, seconds: float) -> tuple[bool, bool]:
    """Wait until a connection can be read from or written to; tell which of the two."""
    return _ready(connection, seconds, reading=True, writing=True)


def _ready(
    connection: socket.socket, seconds: float, *, reading: bool, writing: bool
) -> tuple[bool, bool]:
    if hasattr(select, "poll"):  # select.select knows no descriptors above 1,023
        poll = select.poll()
        wanted = (select.POLLIN if reading else 0) | (select.POLLOUT if writing else 0)
        poll.register(connection, wanted)
        events = poll.poll(seconds * 1000)
        found = events[0][1] if events else 0
        return bool(found & ~select.POLLOUT), bool(found & select.POLLOUT)
    it, none = [connection], list[socket.socket]()
    readable, writable, _ = select.select(
        it if reading else none, it if writing else none, none, seconds
    )
    return bool(readable), bool(writable)
