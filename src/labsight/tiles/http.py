"""A request and a response, independent of who carries them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from labsight.errors import LabsightError, http_status

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"


@dataclass(frozen=True)
class Request:
    """What was asked; ``path`` is percent-decoded, header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(value: Any, headers: Mapping[str, str]) -> Response:
    """Answer with a JSON document."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(200, body, {"content-type": "application/json", **headers})


def problem(status: int, detail: str, title: str | None = None) -> Response:
    """Answer with an error as RFC 9457 has it."""
    document = {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    headers = {"content-type": "application/problem+json", "cache-control": "no-store"}
    return Response(status, json.dumps(document, ensure_ascii=False).encode(), headers)


def problem_of(error: LabsightError) -> Response:
    """Answer with an error of labsight's own."""
    return problem(http_status(error), error.message)


def is_current(request: Request, etag: str) -> bool:
    """Whether the client already holds this version (RFC 9110, If-None-Match)."""
    held = request.headers.get("if-none-match")
    if held is None:
        return False
    return held.strip() == "*" or etag in (
        one.strip().removeprefix("W/") for one in held.split(",")
    )
