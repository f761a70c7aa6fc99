"""Carries the tile service over API Gateway's and function URLs' events (payload format 2.0)."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from labsight.tiles import http
from labsight.tiles.http import Request, Response

HOST_HEADER = "x-labsight-host"
_TEXT = ("application/json", "application/ld+json", "application/problem+json", "application/xml")
# A function's answer, base64 and all: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_BYTES = 6 * 1024 * 1024
_OVERHEAD = 4096  # headers and JSON around the body
_TOO_LARGE = (
    "this picture takes more bytes than a function may answer with: ask for a smaller size, a "
    "smaller region, or jpg"
)


def to_request(event: Mapping[str, Any]) -> Request:
    """Read an event; a query that names a parameter twice counts with the last."""
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    return Request(
        method=event["requestContext"]["http"]["method"],
        path=unquote(event["rawPath"], errors="replace"),
        query=dict(parse_qsl(event.get("rawQueryString", ""), keep_blank_values=True)),
        headers=headers,
        origin=origin(headers),
    )


def origin(headers: Mapping[str, str]) -> str:
    """Return how the caller reached the edge, which says so itself; else the function's own name.

    The edge says https://HOST; a bare name stands for the same.
    """
    told = headers.get(HOST_HEADER) or headers.get("host", "")
    return told if "://" in told else f"https://{told}"


def from_response(response: Response) -> dict[str, Any]:
    """Write an answer; pictures travel as base64."""
    text = response.headers.get("content-type", "").startswith(_TEXT)
    body = response.body.decode() if text else base64.b64encode(response.body).decode()
    if len(body) > MAX_BYTES - _OVERHEAD:
        return from_response(http.problem(400, _TOO_LARGE))
    return {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "body": body,
        "isBase64Encoded": not text,
    }
