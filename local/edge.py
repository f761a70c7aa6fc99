"""Stands in for CloudFront: one address, declared behaviours, and an origin behind each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp

from labsight.errors import LabsightError
from labsight.session import cookies
from local import payload
from local.edge_functions import EdgeFunction
from local.edge_wiring import Behaviour
from local.errors import FunctionFailed
from local.exchange import failed, problem, received
from local.forwarding import Forwarded, forwarded
from local.front import METHODS
from local.origins import Origin
from local.process import Log
from local.sign_in import SignIn


@dataclass(frozen=True, kw_only=True)
class Door:
    """A behaviour, ready to answer: what it passes on to whom, and what it asks of viewers."""

    behaviour: Behaviour
    origin: Origin
    host: str  # the origin's own name
    path: str  # what the origin has in front of the path
    policies: Sequence[Forwarded | None]
    keys: Mapping[str, str]  # PEM by id, of those whose cookies open it; none: open to all
    headers: Mapping[str, str]
    functions: Sequence[EdgeFunction] = ()


@dataclass(frozen=True)
class ErrorPage:
    """What a distribution shows in the place of an error of any origin."""

    code: int
    page: str


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Answers every request the way the declared distribution would, uncached."""

    domain: str
    root: str
    doors: Sequence[Door]
    errors: Mapping[int, ErrorPage]
    sign_in: SignIn
    scheme: str = "http"  # under which people reach it
    log: Log = field(repr=False)

    @property
    def app(self) -> ASGIApp:
        """The edge as an application that a server can run."""
        return Starlette(routes=[StarletteRoute("/{path:path}", self._answer, methods=METHODS)])

    async def _answer(self, request: Request) -> Response:
        try:
            asked = await received(request)
        except FunctionFailed as error:
            return failed(error, self.log)
        if self.sign_in.takes(asked):
            return self.sign_in.answer(asked)
        return await self._through(asked)

    async def _through(self, asked: payload.Request) -> Response:
        if asked.path == "/" and self.root:
            asked = replace(asked, path=f"/{self.root}")
        door = next(door for door in self.doors if door.behaviour.takes(asked.path))
        refused = await run_in_threadpool(self._refused, door, asked)
        if refused is not None:
            return refused
        seen = asked
        for function in door.functions:
            seen = function(seen, self.scheme)
        passed = forwarded(seen, door.policies, door.host)
        answer = await door.origin.answer(replace(passed, path=door.path + asked.path))
        page = self.errors.get(answer.status_code)
        if page is not None and page.page != asked.path:
            shown = await self._through(
                replace(asked, method="GET", path=page.page, query="", body=b"")
            )
            shown.status_code = page.code
            return shown
        for name, value in door.headers.items():
            answer.headers[name] = value
        return answer

    def _refused(self, door: Door, asked: payload.Request) -> Response | None:
        """Return what a viewer is told who may not come in through a door."""
        if asked.method not in door.behaviour.methods:
            return problem(403, f"the edge lets no {asked.method} through to {asked.path}")
        if not door.keys:
            return None
        given = _cookies(asked)
        key_id = given.get(cookies.KEY_PAIR_ID, "")
        if key_id not in door.keys:
            return problem(403, "sign in: no cookie of this deployment lets you see tiles")
        try:
            url = f"https://{self.domain}{asked.path}"
            cookies.verify(given, door.keys[key_id], key_id, url, int(time.time()))
        except LabsightError as error:
            return problem(403, error.message)
        return None


def _cookies(asked: payload.Request) -> dict[str, str]:
    given = (value for name, value in asked.headers if name == "cookie")
    pairs = (pair.partition("=") for value in given for pair in value.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}
