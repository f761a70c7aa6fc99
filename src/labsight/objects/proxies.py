"""The way to a server through a proxy that passes TLS on unread (CONNECT, RFC 9110, 9.3.6).

Which one, the environment tells (HTTPS_PROXY, NO_PROXY), as it does for the AWS tools; where it
says nothing, the settings of Windows and macOS do.
"""

import base64
import os
import re
import sys
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from labsight.errors import SettingsError
from labsight.objects.http1 import BadAnswer, Reader, Stream

_ADDRESS = re.compile(
    r"(?:(?P<scheme>[a-z0-9]+)://)?(?:(?P<user>[^@/]*)@)?"
    r"(?P<host>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE,
)
_USUAL_PORT = 80
_WITH_SETTINGS = frozenset({"win32", "darwin"})


class Proxy(NamedTuple):
    """A proxy; ``named_in`` is the setting to correct, ``login`` is told to nobody else."""

    host: str
    port: int
    named_in: str
    login: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Proxy({self})"


def proxy_for(
    host: str,
    port: int,
    variables: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> Proxy | None:
    """Return the proxy on the way to an https server, None where there is none."""
    variables = os.environ if variables is None else variables
    for name in ("https_proxy", "HTTPS_PROXY"):
        if variables.get(name):
            exempt = variables.get("no_proxy") or variables.get("NO_PROXY") or ""
            return None if is_exempt(host, port, exempt) else _parsed(variables[name], name)
    return _of_the_system(host) if platform in _WITH_SETTINGS else None


def tunnel(connection: Stream, proxy: Proxy, authority: str) -> None:
    """Ask a proxy for the way to ``authority`` (server:port).

    Raises SettingsError when it refuses, OSError for what may pass.
    """
    lines = [f"CONNECT {authority} HTTP/1.1", f"host: {authority}"]
    if proxy.login:
        lines.append(f"proxy-authorization: Basic {proxy.login}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    reader = Reader(connection, 0)
    status, fields = reader.final_header()
    if 200 <= status < 300:
        if reader.has_more:
            raise BadAnswer(f"proxy {proxy} sends more than an answer")
        return
    if status == 407:
        raise SettingsError(_wants_login(proxy, fields.get("proxy-authenticate", "")))
    if status < 500:
        raise SettingsError(
            f"proxy {proxy} does not let this computer reach {authority} (it answers {status}); "
            f"have it allowed there, or correct {proxy.named_in}"
        )
    raise BadAnswer(f"proxy {proxy} does not reach {authority}: it answers {status}")


def is_exempt(host: str, port: int, exempt: str) -> bool:
    """Say whether NO_PROXY names a server: ``*``, a name or the end of one, perhaps with a port."""
    host = host.lower()
    for entry in exempt.lower().split(","):
        name, colon, only = entry.strip().rpartition(":")
        if not colon or not only.isdecimal():
            name, only = entry.strip(), ""
        if only and only != str(port):
            continue
        name = name.removeprefix("*.").removeprefix(".")
        if name and (name in {"*", host} or host.endswith(f".{name}")):
            return True
    return False


def _of_the_system(host: str) -> Proxy | None:
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - 0.04 s

    address = getproxies().get("https")
    if not address or proxy_bypass(host):
        return None
    return _parsed(address, "this computer's proxy settings")


def _parsed(address: str, named_in: str) -> Proxy:
    match = _ADDRESS.fullmatch(address.strip())
    port = int(match["port"] or _USUAL_PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise SettingsError(f"{named_in} is no address of a proxy: write http://server:port")
    if (match["scheme"] or "http").lower() != "http":
        raise SettingsError(
            f"{named_in} names a proxy that is spoken to by {match['scheme']}: labsight speaks "
            "http to proxies (what passes through is encrypted all the same)"
        )
    login = base64.b64encode(unquote(match["user"]).encode()).decode() if match["user"] else ""
    return Proxy(match["host"].strip("[]").lower(), port, named_in, login)


def _wants_login(proxy: Proxy, offered: str) -> str:
    if "basic" not in offered.lower():
        return (
            f"proxy {proxy} wants a log-in of a kind that labsight does not speak "
            f"({offered[:60]!r}): have this computer exempted there, or let a local helper such as "
            "Px log in"
        )
    if proxy.login:
        return f"proxy {proxy} does not take the user and password in {proxy.named_in}"
    return (
        f"proxy {proxy} wants a log-in: write HTTPS_PROXY as http://user:password@{proxy}, marks "
        "in the password as %XX"
    )
