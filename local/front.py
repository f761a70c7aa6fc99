"""The front door: the declared API and the web app at one address, as the edge serves them."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route as StarletteRoute

from labsight.api.hosts import LOOPBACK, OwnNames
from labsight.problem import MEDIA_TYPE, problem_document
from local import payload, routes
from local.errors import FunctionFailed, StandInFailed
from local.functions import Pool
from local.ports import HOST
from local.process import MAX_PAYLOAD, Log

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
START_SECONDS = 10.0
# What API Gateway answers for a function that failed in this way; for any other, 500.
STATUS_OF_FAILURE = {"RequestTooLarge": 413, "Sandbox.Timedout": 504}


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
        self._web = web.resolve() if web else None
        self._log = log
        # `{path:path}` takes everything: which route is meant is decided by the declared ones.
        everything = StarletteRoute("/{path:path}", self._answer, methods=METHODS)
        self.app = Starlette(routes=[everything])

    async def _answer(self, request: Request) -> Response:
        raw = request.scope["raw_path"].decode("ascii")
        file = self._file(request.scope["path"])
        match = routes.find(self._routes, request.method, raw)
        # A route that begins with a parameter, or takes everything, leaves the web app its files.
        if match is not None and (match.route.prefix or file is None):
            return await self._from_function(request, raw, match)
        return self._from_web(request, file)

    async def _from_function(
        self, request: Request, raw_path: str, match: routes.Match[Target]
    ) -> Response:
        target = match.route.target
        name = target.pool.function.name
        try:
            body = await _limited_body(request)
            event = payload.event(
                payload.Request(
                    method=request.method,
                    path=raw_path,
                    query=request.scope["query_string"].decode("ascii"),
                    headers=request.headers.items(),
                    body=body,
                    client=request.client.host if request.client else HOST,
                ),
                match.route.key,
                match.parameters,
                target.api,
            )
            answer = payload.answer(await run_in_threadpool(target.pool.invoke, event), name)
        except FunctionFailed as error:
            self._log(str(error))
            return problem(STATUS_OF_FAILURE.get(error.kind, 500), str(error))
        response = Response(answer.body, answer.status)
        response.raw_headers = _raw_headers(answer, request.method)
        return response

    def _from_web(self, request: Request, file: Path | None) -> Response:
        path = request.scope["path"]
        first = path.split("/")[1]
        if request.method not in {"GET", "HEAD"} or first in self._api_prefixes:
            return problem(404, f"no declared route takes {request.method} {path}")
        if self._web is None:
            return problem(404, "the web app is not built; `make demo` builds it")
        if file is None and "." in path.rpartition("/")[2]:
            return problem(404, f"the web app has no file {path}")
        file = file or self._web / "index.html"  # one of the app's own pages
        # The build puts a hash of the content into the names under assets/.
        fixed = file.parent.name == "assets"
        cache = "public, max-age=31536000, immutable" if fixed else "no-cache"
        return FileResponse(file, headers={"cache-control": cache})

    def _file(self, path: str) -> Path | None:
        """Return the web app's file at a path, and nothing from outside its folder."""
        if self._web is None or "\0" in path:
            return None
        try:
            file = (self._web / path.lstrip("/")).resolve()
            if file == self._web:
                file /= "index.html"
            return file if file.is_relative_to(self._web) and file.is_file() else None
        except OSError:  # a name too long for this file system
            return None


def problem(status: int, detail: str) -> Response:
    """Return an error in the form that all of labsight's errors have."""
    return JSONResponse(problem_document(status, detail), status, media_type=MEDIA_TYPE)


async def _limited_body(request: Request) -> bytes:
    """Read the body, and no more of it than a function could get."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_PAYLOAD:
            raise FunctionFailed("a request has at most 6 MB in AWS", kind="RequestTooLarge")
        parts.append(part)
    return b"".join(parts)


def _raw_headers(answer: payload.Answer, method: str) -> list[tuple[bytes, bytes]]:
    """Return the function's headers; the length is counted here, but for HEAD the function's."""
    kept = [(k, v) for k, v in answer.headers if k != "content-length" or method == "HEAD"]
    names = {name for name, _ in kept}
    if "content-length" not in names:
        kept.append(("content-length", str(len(answer.body))))
    if "content-type" not in names and answer.body:
        kept.append(("content-type", "text/plain; charset=utf-8"))  # API Gateway's default
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept]


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

    def start(self, front: Front) -> None:
        """Listen; return when requests are answered."""
        config = uvicorn.Config(
            OwnNames(front.app, LOOPBACK),
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
