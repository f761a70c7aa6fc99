"""`labsight serve`: what can be checked before the server starts."""

import re
import socket
import sys
from pathlib import Path

from labsight.errors import InvalidInput, SettingsError

_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.:\[\]-]+")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def serve(
    folder: Path,
    *,
    host: str,
    port: int,
    cache: Path | None,
    show_labels: bool,
    allow_origin: str | None = None,
) -> None:
    """Serve a folder until interrupted; raise InvalidInput or SettingsError before starting."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise InvalidInput(f"{folder} {what}; give the folder that holds the slides")
    if cache is not None and cache.exists() and not cache.is_dir():
        raise InvalidInput(f"--cache {cache} is not a folder")
    if allow_origin is not None and not _ORIGIN.fullmatch(allow_origin):
        raise InvalidInput(
            f"--allow-origin {allow_origin}: give * or an address such as https://example.org, "
            "without a path"
        )
    check_port_is_free(host, port)
    try:
        from labsight.api.serve import serve_folder  # noqa: PLC0415 - the serve extra loads here
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "labsight":
            raise
        raise SettingsError(
            f"labsight serve needs {error.name}, which is not installed: "
            "install labsight's wheel with [serve]"
        ) from error
    if host not in LOOPBACK:
        sys.stderr.write(
            f"labsight: whoever can reach {host}:{port} can see these slides; there is no login\n"
        )
    serve_folder(
        folder.resolve(),
        host=host,
        port=port,
        cache=cache,
        show_labels=show_labels,
        allowed_origin=allow_origin,
    )


def check_port_is_free(host: str, port: int) -> None:
    """Raise SettingsError when the server could not listen on this address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
    except OSError as error:
        raise SettingsError(f"--host {host}: no such address on this machine") from error
    with socket.socket(family, kind, protocol) as probe:
        if sys.platform != "win32":  # there it would let two servers share one port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError as error:
            raise SettingsError(
                f"port {port} on {host} is reserved by the system; give one above 1023 with --port"
            ) from error
        except OSError as error:
            raise SettingsError(
                f"port {port} on {host} cannot be used ({error.strerror}); "
                "stop what listens there or give another with --port"
            ) from error
