"""The port that people will use, taken before anything else starts."""

import socket

from local.errors import PortTaken

HOST = "127.0.0.1"


def claim(port: int) -> socket.socket:
    """Bind the port and do not listen yet; raise PortTaken when somebody has it."""
    # asyncio turns Nagle's algorithm off only where TCP is named; on, it costs 40 ms a reply.
    claimed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        claimed.bind((HOST, port))
    except OSError as error:
        claimed.close()
        other = port + 1 if port < 65535 else port - 1
        raise PortTaken(
            f"port {port} on {HOST}: {(error.strerror or str(error)).lower()}; choose another one: "
            f"`make demo PORT={other}` or `python -m local --port {other}`"
        ) from None
    return claimed
