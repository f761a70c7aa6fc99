"""A port of this machine that nobody listens on."""

import socket


def free_port() -> int:
    """Return one; a server has to take it soon, before somebody else does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
