"""Whether a socket can be read from or written to at this moment."""

import select
import socket


def is_readable(connection: socket.socket, seconds: float = 0.0) -> bool:
    """Wait until there is something to read, be it the connection's end."""
    return _ready(connection, seconds, writing=False)[0]


def wait_for_room(connection: socket.socket, seconds: float) -> tuple[bool, bool]:
    """Wait until a connection can be read from or written to; tell which of the two."""
    return _ready(connection, seconds, writing=True)


def _ready(connection: socket.socket, seconds: float, *, writing: bool) -> tuple[bool, bool]:
    if hasattr(select, "poll"):  # select.select knows no descriptors above 1,023
        poll = select.poll()
        poll.register(connection, select.POLLIN | (select.POLLOUT if writing else 0))
        events = poll.poll(seconds * 1000)
        found = events[0][1] if events else 0
        return bool(found & ~select.POLLOUT), bool(found & select.POLLOUT)
    reading = [connection]
    readable, writable, _ = select.select(reading, reading if writing else [], [], seconds)
    return bool(readable), bool(writable)
