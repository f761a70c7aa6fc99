"""Between HTTP and a function: API Gateway's payload format 2.0, both ways.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from local.errors import FunctionFailed
from local.moto_server import ACCOUNT

_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request as the front door received it."""

    method: str
    path: str
    query: str
    headers: Iterable[tuple[str, str]]
    body: bytes
    client: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP response as the function means it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def event(request: Request, route_key: str, parameters: Mapping[str, str], api: str) -> Any:
    """Write a request as the event that the function gets."""
    headers, cookies = _headers(request.headers)
    host = headers.get("host", "localhost")
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": api,
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.client,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": route_key,
            "stage": "$default",
            "time": formatdate(usegmt=True),
            "timeEpoch": round(time.time() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        made["cookies"] = cookies
    if request.query:
        made["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if parameters:
        made["pathParameters"] = dict(parameters)
    if request.body:
        made["body"], made["isBase64Encoded"] = _body(request.body, headers.get("content-type", ""))
    return made


def answer(value: Any, function: str) -> Answer:
    """Read what the function answered; raise FunctionFailed when it is no HTTP response.

    Without a status the value itself is the body, as JSON.
    """
    if not isinstance(value, dict) or "statusCode" not in value:
        return Answer(
            status=200,
            headers=(("content-type", "application/json"),),
            body=value.encode() if isinstance(value, str) else json.dumps(value).encode(),
        )
    try:
        headers = [(str(k).lower(), str(v)) for k, v in (value.get("headers") or {}).items()]
        headers += [("set-cookie", cookie) for cookie in value.get("cookies") or ()]
        body = value.get("body") or ""
        encoded = value.get("isBase64Encoded", False)
        return Answer(
            status=int(value["statusCode"]),
            headers=tuple(headers),
            body=base64.b64decode(body, validate=True) if encoded else body.encode(),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise FunctionFailed(
            f"function {function}: its answer is no HTTP response: {error}",
            kind="MalformedResponse",
        ) from error


def _headers(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Return headers by lower-case name, repeated ones joined, and the cookies apart."""
    pairs = [(name.lower(), value) for name, value in pairs]
    cookies = [c.strip() for name, value in pairs if name == "cookie" for c in value.split(";")]
    return _joined(pair for pair in pairs if pair[0] != "cookie"), cookies


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    if content_type.startswith(_TEXT) or "+json" in content_type:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # not what its type says: as bytes
    return base64.b64encode(body).decode(), True
