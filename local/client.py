"""Asks the front door for things, as a browser would."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local.errors import DeliveryFailed

SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer, and how long it took in milliseconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Client:
    """One connection to the front door, kept open between requests."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)

    def get(self, path: str) -> Reply:
        """Fetch a path; any status is an answer."""
        began = time.perf_counter()
        try:
            self._connection.request("GET", path)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise DeliveryFailed(f"GET {path}: {type(error).__name__}: {error}") from error
        took = (time.perf_counter() - began) * 1000
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(status=answer.status, headers=headers, body=body, milliseconds=took)

    def get_json(self, path: str) -> Any:
        """Fetch a JSON document; raise DeliveryFailed for anything else."""
        reply = self.get(path)
        if reply.status != http.HTTPStatus.OK:
            raise DeliveryFailed(f"GET {path}: {reply.status}: {_reason(reply)}")
        try:
            return reply.json()
        except ValueError:
            raise DeliveryFailed(f"GET {path}: the answer is not JSON") from None

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()


def _reason(reply: Reply) -> str:
    """Return what a problem document says, or the beginning of any other body."""
    try:
        return str(reply.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return reply.body[:200].decode(errors="replace")
