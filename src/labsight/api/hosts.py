"""Keeps other web sites from reading what this machine serves to itself."""

import re
from collections.abc import Collection

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from labsight.problem import MEDIA_TYPE, problem_document

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OwnNames:
    """Refuses requests for other host names than the server's own.

    A web page can let its own name point to 127.0.0.1 and would then count as the same origin (DNS
    rebinding). No names stand for all, where a server was opened to a network on purpose.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        known = scope["type"] != "http" or not self._names or _host(scope) in self._names
        document = problem_document(421, "this server answers under its own name, as localhost")
        refusal = JSONResponse(document, 421, media_type=MEDIA_TYPE)
        await (self._app if known else refusal)(scope, receive, send)


def _host(scope: Scope) -> str:
    """Return the name that the client asked for, without the port."""
    given = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return re.sub(r":[0-9]*$", "", given.decode("latin-1")).strip("[]").lower()
