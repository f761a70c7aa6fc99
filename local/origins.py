"""The servers behind the edge: a bucket of files, the HTTP API, a function's own address."""

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from starlette.responses import Response

from local import payload, routes
from local.exchange import ask, problem
from local.functions import Pool
from local.login import Login, Refused, as_claims
from local.process import Log
from local.web_folder import WebFolder, file_response

BEARER = "bearer "


class Origin(Protocol):
    """Answers what the edge passes on to it."""

    async def answer(self, asked: payload.Request) -> Response:
        """Answer one request."""


@dataclass(frozen=True)
class StoredFile:
    """An object of a site's bucket."""

    body: bytes
    content_type: str
    cache_control: str


@dataclass(frozen=True)
class WebSite:
    """The declared objects of a bucket, and the built web app where its files are not declared."""

    bucket: str
    objects: Mapping[str, StoredFile]
    web: WebFolder | None

    async def answer(self, asked: payload.Request) -> Response:
        """Answer with a file; as S3 does, 403 for one that the edge may not know to be missing."""
        key = unquote(asked.path, errors="replace").removeprefix("/")
        stored = self.objects.get(key)
        if stored is not None:
            return _stored(stored)
        file = self.web.file(key) if self.web and key else None
        if file is not None:
            return file_response(file)
        hint = "" if self.web or self.objects else "; the web app is not built: run `make web`"
        return problem(
            403,
            f"bucket {self.bucket} has no {asked.path}; it tells 403 to CloudFront, which may "
            f"read objects and not list them{hint}",
        )


@dataclass(frozen=True)
class Authorizer:
    """A declared JWT authorizer: whose tokens it takes, and for which clients."""

    issuer: str
    audiences: frozenset[str]

    def check(self, token: str, login: Login, scopes: Sequence[str]) -> dict[str, Any]:
        """Return a token's claims, or raise Refused as an HTTP API would refuse.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
        """
        claims = login.claims(token)
        if claims["iss"] != self.issuer:
            raise Refused("invalid_token", f"the token's issuer is not {self.issuer}")
        if claims.get("aud", claims.get("client_id")) not in self.audiences:
            raise Refused("invalid_token", "the token is for another audience")
        if scopes and not set(scopes) & set(str(claims.get("scope", "")).split()):
            raise Refused("insufficient_scope", f"one of these scopes is needed: {scopes}")
        return claims


@dataclass(frozen=True)
class Endpoint:
    """Where a route of the API leads, and who may take it; ``closed`` says why nobody may."""

    pool: Pool
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()
    closed: str = ""


@dataclass(frozen=True)
class HttpApi:
    """The declared HTTP API: its routes, each with its check of the caller."""

    id: str
    routes: Sequence[routes.Route[Endpoint]]
    login: Login
    log: Log = field(repr=False)

    async def answer(self, asked: payload.Request) -> Response:
        """Answer from the function of the route that takes the request."""
        match = routes.find(self.routes, asked.method, asked.path)
        if match is None:
            return problem(404, f"no declared route takes {asked.method} {asked.path}")
        endpoint = match.route.target
        if endpoint.closed:
            return problem(403, endpoint.closed)
        event = payload.event(asked, match.route.key, match.parameters, self.id)
        if endpoint.authorizer is not None:
            try:
                claims = endpoint.authorizer.check(_bearer(asked), self.login, endpoint.scopes)
            except Refused as refused:
                return _refusal(refused)
            scopes = list(endpoint.scopes) or None
            authorized = {"jwt": {"claims": as_claims(claims), "scopes": scopes}}
            event["requestContext"]["authorizer"] = authorized
        return await ask(endpoint.pool, asked, event, self.log)


@dataclass(frozen=True)
class FunctionAddress:
    """A function's own address, which CloudFront alone may call."""

    id: str
    pool: Pool
    log: Log = field(repr=False)

    async def answer(self, asked: payload.Request) -> Response:
        """Answer from the function.

        https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
        """
        event = payload.event(asked, routes.DEFAULT, {}, self.id)
        return await ask(self.pool, asked, event, self.log)


def guessed_type(path: str) -> str:
    """Return the media type that a name stands for."""
    return mimetypes.guess_type(Path(path).name)[0] or "binary/octet-stream"


def _bearer(asked: payload.Request) -> str:
    given = next((value for name, value in asked.headers if name == "authorization"), "")
    if not given:
        raise Refused("unauthorized", "sign in: the request carries no token")
    return given[len(BEARER) :] if given.lower().startswith(BEARER) else given


def _refusal(refused: Refused) -> Response:
    if refused.error == "insufficient_scope":
        return problem(403, f"{refused.detail}")
    response = problem(401, f"{refused.detail}")
    response.headers["www-authenticate"] = f'Bearer error="{refused.error}"'
    return response


def _stored(stored: StoredFile) -> Response:
    headers = {"cache-control": stored.cache_control} if stored.cache_control else {}
    return Response(stored.body, headers=headers, media_type=stored.content_type)
