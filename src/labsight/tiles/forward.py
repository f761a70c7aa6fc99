"""Hands requests on to the function that has the slides at hand which only OpenSlide can read."""

import base64
import binascii
import json
import logging
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from labsight.errors import StorageUnavailable
from labsight.tiles.http import Request, Response
from labsight.tiles.payload import HOST_HEADER

# A little less than the asking function has itself. The other one goes on copying a slide after
# that, so that the next request finds it there.
WAIT_SECONDS = 25
_STATUS = range(200, 600)
_LATER = "slides of this format are read by another function, which {}; try again in a moment"

_log = logging.getLogger(__name__)


class Functions(Protocol):
    """What is needed of a Lambda client."""

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
        """Call a function and wait for its answer."""


class Forward:
    """Asks a function in the caller's place; safe to share between threads.

    Without a ``client`` boto3 is loaded when the first request comes: most slides never need it.
    """

    def __init__(self, function: str, client: Functions | None = None) -> None:
        self._function = function
        self._client = client

    def __call__(self, request: Request) -> Response:
        """Return the other function's answer; raise StorageUnavailable when it gives none."""
        return _response(self._ask(_event(request)))

    def _ask(self, event: dict[str, Any]) -> Any:
        from botocore.exceptions import (  # noqa: PLC0415 - with boto3
            BotoCoreError,
            ClientError,
            ReadTimeoutError,
        )

        client = self._client = self._client or _client()
        try:
            answer = client.invoke(
                FunctionName=self._function,
                InvocationType="RequestResponse",
                Payload=json.dumps(event).encode(),
            )
            said = json.loads(answer["Payload"].read())
        except ReadTimeoutError:
            raise StorageUnavailable(_LATER.format("is still copying this one")) from None
        except (BotoCoreError, ClientError) as error:
            _log.warning("%s was not called: %s", self._function, error)
            raise StorageUnavailable(_LATER.format("cannot be asked now")) from error
        except ValueError:
            said = None
        if answer.get("FunctionError"):
            # Its own log has the whole of it; what it says may name paths and is not passed on.
            kind = said.get("errorType") if isinstance(said, dict) else None
            _log.error("%s failed: %s", self._function, kind)
            raise StorageUnavailable(_LATER.format("failed"))
        return said


def _event(request: Request) -> dict[str, Any]:
    """Write a request as the event that a function's own address would make of it.

    What the caller holds already was compared before, so no condition goes along.
    """
    return {
        "version": "2.0",
        "rawPath": quote(request.path),
        "rawQueryString": urlencode(request.query),
        "headers": {HOST_HEADER: request.origin},
        "requestContext": {"http": {"method": "GET", "path": request.path}},
        "isBase64Encoded": False,
    }


def _response(said: Any) -> Response:
    """Read an answer in API Gateway's payload format 2.0."""
    try:
        status, headers, body = said["statusCode"], said["headers"], said["body"]
        data = base64.b64decode(body, validate=True) if said["isBase64Encoded"] else body.encode()
        given = {str(name).lower(): str(value) for name, value in headers.items()}
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        _log.exception("an answer that is no HTTP answer")
        raise StorageUnavailable(_LATER.format("gave no answer")) from None
    if status not in _STATUS:
        raise StorageUnavailable(_LATER.format("gave no answer"))
    return Response(status, data, given)


def _client() -> Functions:
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # Once: a second call would copy the same slide beside the first.
    once = Config(
        connect_timeout=2,
        read_timeout=WAIT_SECONDS,
        retries={"total_max_attempts": 1},
        max_pool_connections=32,
    )
    client: Functions = boto3.client("lambda", config=once)
    return client
