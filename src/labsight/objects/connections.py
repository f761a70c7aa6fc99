"""Kept-alive connections to one server, shared by threads."""

import os
import re
import socket
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from labsight.errors import InvalidInput, SettingsError, StorageUnavailable
from labsight.objects import http1
from labsight.objects.http1 import Answer
from labsight.objects.proxies import Proxy, proxy_for, tunnel
from labsight.objects.readiness import is_readable

if TYPE_CHECKING:
    import ssl

    from labsight.objects.http1_upload import Upload

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0  # without a byte
KEPT = 32  # idle connections; more are opened when needed and closed after use
# A connection that a function kept while it was frozen has mostly been dropped on the way by then.
# Told by the clock on the wall, which goes on meanwhile.
IDLE_SECONDS = 60.0
_URL = re.compile(
    r"(https?)://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?"
    r"(/[!-~]*|\?[!-~]*)?",
    re.IGNORECASE,
)
_USER = re.compile(r"//[^/]*@")
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]")


class Origin(NamedTuple):
    """A server: ``scheme`` is http or https, ``host`` in lower case, IPv6 in brackets."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """What the Host header says: the port only where it is not the scheme's own."""
        usual = self.port == _PORTS[self.scheme]
        return self.host if usual else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        return _LOOPBACK.fullmatch(self.host) is not None


def split_url(url: str) -> tuple[Origin, str]:
    """Return a URL's server and the rest (path and query, ``/`` at least); raise InvalidInput."""
    match = _URL.fullmatch(url.partition("#")[0])
    port = int(match[3]) if match and match[3] else 0
    if match is None or port > 65535:
        raise InvalidInput(f"{without_secrets(url)!r} is no address: write https://server/path")
    scheme, rest = match[1].lower(), match[4] or "/"
    origin = Origin(scheme, match[2].lower(), port or _PORTS[scheme])
    return origin, rest if rest.startswith("/") else f"/{rest}"


def without_secrets(url: str) -> str:
    """Return an address fit for a message: a query may be signed, a user may come before an @."""
    return _USER.sub("//", url.partition("?")[0])[:120]


class NoConnection(OSError):
    """The server cannot be reached: its name is not known, or nobody answers there."""


class Untrusted(StorageUnavailable):
    """The server does not prove that it is who it should be."""


class Connections:
    """Connections to one server; the one used last is used next, so that few are kept.

    Certificates are checked for https, which goes through a proxy where there is one (see proxies).
    Answers are bounded in time and bytes (see http1). At most ``kept`` connections stay open idle.
    """

    def __init__(self, origin: Origin, kept: int = KEPT) -> None:
        self._idle: deque[tuple[socket.socket, float]] = deque()
        self._process = os.getpid()
        self._origin = origin
        self._most_kept = kept
        self._proxy: Proxy | None = None
        if origin.scheme == "https" and not origin.is_loopback:
            self._proxy = proxy_for(origin.host.strip("[]"), origin.port)

    def exchange(self, request: bytes, limit: int, *, bodiless: bool = False) -> Answer:
        """Send a request and return its answer.

        Raises OSError for what may pass, StorageUnavailable for a server that cannot be trusted,
        and http1.TooLong. A kept connection may have been closed by the server a moment ago: when
        it ends without a byte of an answer, the request is sent once more over a new one.
        """
        kept = self._kept()
        if kept is not None:
            try:
                return self._over(kept, request, limit, bodiless=bodiless)
            except (ConnectionError, http1.NoAnswer):
                self._forget()
        return self._over(self._connect(), request, limit, bodiless=bodiless)

    def upload(self, upload: "Upload", limit: int) -> Answer:
        """Send a request with a body and return its answer.

        Raises as ``exchange`` does. It is sent once, or not: over a kept connection that ends
        before all of it was handed over, nothing can have been done, and a new one is used.
        """
        kept = self._kept()
        if kept is not None:
            try:
                return self._upload_over(kept, upload, limit)
            except OSError:
                if upload.is_out:
                    raise
                self._forget()
        return self._upload_over(self._connect(), upload, limit)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._forget()

    def __del__(self) -> None:
        self._forget()

    def _over(
        self, connection: socket.socket, request: bytes, limit: int, *, bodiless: bool
    ) -> Answer:
        reusable = False
        if connection.gettimeout() != READ_SECONDS:  # an upload was the last to use it
            connection.settimeout(READ_SECONDS)
        try:
            answer, reusable = http1.exchange(connection, request, limit, bodiless=bodiless)
        finally:
            if reusable:
                self._keep(connection)
            else:
                connection.close()
        return answer

    def _upload_over(self, connection: socket.socket, upload: "Upload", limit: int) -> Answer:
        from labsight.objects import http1_upload  # noqa: PLC0415 - who only reads has no TLS to load

        reusable = False
        try:
            answer, reusable = http1_upload.exchange(connection, upload, limit)
        finally:
            if reusable:
                self._keep(connection)
            else:
                connection.close()
        return answer

    def _keep(self, connection: socket.socket) -> None:
        while len(self._idle) >= self._most_kept:
            self._close_one()
        self._idle.append((connection, time.time()))

    def _kept(self) -> socket.socket | None:
        """Return a connection that still seems alive."""
        if self._process != os.getpid():  # after a fork, the connections are the parent's
            self._forget()
            self._process = os.getpid()
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            if time.time() - since < IDLE_SECONDS and not is_readable(connection):
                return connection
            connection.close()

    def _forget(self) -> None:
        while self._idle:
            self._close_one()

    def _close_one(self) -> None:
        try:
            connection, _ = self._idle.popleft()
        except IndexError:
            return  # another thread has taken it
        connection.close()

    def _connect(self) -> socket.socket:
        try:
            return self._connected()
        except OSError as error:
            raise NoConnection(error.strerror or str(error)) from error

    def _connected(self) -> socket.socket:
        host, port = self._origin.host.strip("[]"), self._origin.port
        proxy = self._proxy
        dialled = (host, port) if proxy is None else (proxy.host, proxy.port)
        connection = socket.create_connection(dialled, CONNECT_SECONDS)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _keep_alive(connection)
            connection.settimeout(READ_SECONDS)
            if proxy is not None:
                tunnel(connection, proxy, f"{self._origin.host}:{port}")
            if self._origin.scheme == "https":
                connection = _secured(connection, host)
        except BaseException:
            connection.close()
            raise
        return connection


def _keep_alive(connection: socket.socket) -> None:
    """Have a peer that is gone noticed within minutes, and firewalls forget no quiet connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 6)):
        option = getattr(socket, name, None)  # not everywhere under these names
        if option is not None:
            with suppress(OSError):  # as on an old Windows
                connection.setsockopt(socket.IPPROTO_TCP, option, value)


_contexts: "dict[str, ssl.SSLContext]" = {}


def _secured(plain: socket.socket, host: str) -> "ssl.SSLSocket":
    """Return the connection encrypted, its server's certificate checked."""
    import ssl  # noqa: PLC0415 - not loaded where nothing is encrypted

    try:
        return _context().wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise Untrusted(
            f"{host} cannot be trusted: its certificate is refused ({error.verify_message}); "
            "behind a proxy that opens connections, AWS_CA_BUNDLE must name the proxy's certificate"
        ) from error


def _context() -> "ssl.SSLContext":
    """Return the TLS settings: made late, because loading the trusted roots takes 20 ms.

    AWS_CA_BUNDLE names other roots, as it does for the AWS tools.
    """
    import ssl  # noqa: PLC0415 - not loaded where nothing is encrypted

    bundle = os.environ.get("AWS_CA_BUNDLE", "")
    if bundle not in _contexts:
        try:
            _contexts[bundle] = ssl.create_default_context(cafile=bundle or None)
        except OSError as error:
            raise SettingsError(
                f"AWS_CA_BUNDLE is {bundle!r}, which cannot be read as certificates: {error}"
            ) from None
    return _contexts[bundle]
