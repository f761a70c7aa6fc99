"""Runs the server: a process for each processor of the container."""

import os
import sys

import uvicorn

from labsight.errors import LabsightError, SettingsError
from services.tiles.app import create_app

WORKERS, PORTS = range(1, 65), range(1, 65_536)
# Who is at a tile when the container stops gets it; the balancer sends no more by then.
STOP_SECONDS = 25
# Longer than the balancer keeps a connection idle (60 s): the one that closes first must be the
# balancer, which would else send requests into connections that are closing, and answer 502.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
KEEP_ALIVE_SECONDS = 75


def main() -> int:
    """Serve until told to stop; return 2 for settings that cannot be."""
    try:
        workers = number("LABSIGHT_WORKERS", 1, WORKERS)
        port = number("PORT", 8080, PORTS)
        create_app()  # what is wrong with the settings is told once, and not by each process
    except LabsightError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    uvicorn.run(
        "services.tiles.app:create_app",
        factory=True,
        host="0.0.0.0",  # noqa: S104 - inside a container, whose group lets in the balancer alone
        port=port,
        workers=workers,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return 0


def number(name: str, default: int, allowed: range) -> int:
    """Read a whole number from the environment; raise SettingsError."""
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text[:9]) in allowed):
        raise SettingsError(f"{name} is {text[:40]!r}; use {allowed.start} to {allowed.stop - 1}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
