"""A request and a response, independent of who carries them."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from labsight.errors import LabsightError, http_status
from labsight.problem import MEDIA_TYPE, problem_document

# The edge may keep these: whoever asks it for one is checked there, kept or not.
IMMUTABLE = "public, max-age=31536000, immutable"
# What can identify a patient is kept by the browser of who may see it, and nowhere else.
PERSONAL = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"
# IIIF builds its addresses from the slide's own, which names no version.
SHORTLY = "public, max-age=300"
RETRY_SECONDS = "2"  # when what is away for a moment is worth asking again
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Request(NamedTuple):
    """What was asked; ``path`` is percent-decoded, header names are lower-case.

    ``origin`` is how the caller reached this server: scheme and host, without a slash at the end.
    """

    method: str
    path: str
    query: Mapping[str, str] = _NOTHING
    headers: Mapping[str, str] = _NOTHING
    origin: str = ""


class Response(NamedTuple):
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = _NOTHING


def json_response(value: Any, headers: Mapping[str, str]) -> Response:
    """Answer with a JSON document."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(200, text.encode(), {"content-type": "application/json", **headers})


def problem(status: int, detail: str) -> Response:
    """Answer with an error."""
    body = json.dumps(problem_document(status, detail), ensure_ascii=False).encode()
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
    if status == 503:
        headers["retry-after"] = RETRY_SECONDS
    return Response(status, body, headers)


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
