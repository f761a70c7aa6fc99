"""The front door: the declared API and the web app at one address, where no edge is declared."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp

from labsight.api.hosts import LOOPBACK, OwnNames
from local import payload, routes
from local.errors import FunctionFailed, StandInFailed
from local.exchange import ask, failed, problem, received
from local.functions import Pool
from local.ports import HOST
from local.process import Log
from local.web_folder import WebFolder, file_response

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
START_SECONDS = 10.0


@dataclass(frozen=True)
class Target:
    """Where a route leads: to a function, through an API."""

    api: str
    pool: Pool


class Front:
    """Answers every request: from a declared route's function, or from the built web app."""

    def __init__(
        self, declared: Sequence[routes.Route[Target]], web: Path | None, log: Log
    ) -> None:
        self._routes = declared
        self._api_prefixes = {route.prefix for route in declared} - {""}
        self._web = WebFolder(web) if web else None
        self._log = log
        # `{path:path}` takes everything: which route is meant is decided by the declared ones.
        everything = StarletteRoute("/{path:path}", self._answer, methods=METHODS)
        self.app: ASGIApp = Starlette(routes=[everything])

    async def _answer(self, request: Request) -> Response:
        raw = request.scope["raw_path"].decode("ascii")
        file = self._web.file(request.scope["path"]) if self._web else None
        match = routes.find(self._routes, request.method, raw)
        # A route that begins with a parameter, or takes everything, leaves the web app its files.
        if match is not None and (match.route.prefix or file is None):
            return await self._from_function(request, match)
        return self._from_web(request, file)

    async def _from_function(self, request: Request, match: routes.Match[Target]) -> Response:
        target = match.route.target
        try:
            asked = await received(request)
        except FunctionFailed as error:
            return failed(error, self._log)
        event = payload.event(asked, match.route.key, match.parameters, target.api)
        return await ask(target.pool, asked, event, self._log)

    def _from_web(self, request: Request, file: Path | None) -> Response:
        path = request.scope["path"]
        first = path.split("/")[1]
        if request.method not in {"GET", "HEAD"} or first in self._api_prefixes:
            return problem(404, f"no declared route takes {request.method} {path}")
        if self._web is None:
            return problem(404, "the web app is not built; `make demo` builds it")
        if file is None and "." in path.rpartition("/")[2]:
            return problem(404, f"the web app has no file {path}")
        file = file or self._web.file("/index.html")  # one of the app's own pages
        return file_response(file) if file else problem(404, "the web app has no index.html")


class Server:
    """Serves the front door on a port that was claimed earlier, in a thread of its own."""

    def __init__(self, claimed: socket.socket) -> None:
        self._socket = claimed
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """The address that browsers use."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    def start(self, app: ASGIApp) -> None:
        """Listen; return when requests are answered."""
        config = uvicorn.Config(
            OwnNames(app, LOOPBACK),
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="front"
        )
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise StandInFailed(f"the front door did not open at {self.address}")
            time.sleep(0.005)

    def ask_to_stop(self) -> None:
        """Take no more requests; those under way are finished."""
        if self._server is not None:
            self._server.should_exit = True

    def join(self) -> None:
        """Wait until the last request is answered, and give the port back."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join()
        self._socket.close()
