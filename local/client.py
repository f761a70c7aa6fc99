"""Asks the front door for things, as a browser would in which somebody signed in."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local.errors import DeliveryFailed
from local.visitor import Visitor

SECONDS = 60.0
ROLE = "technician"  # whose work it is to look after imports


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
    """One connection to the front door, kept open between requests.

    Without a ``role`` nobody signs in; with one, requests carry the token and the cookies of
    somebody who has it, where the platform declares a login.
    """

    def __init__(self, address: str, role: str | None = None) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
        self._visitor = Visitor(self._send, address, role) if role else None

    def get(self, path: str) -> Reply:
        """Fetch a path; any status is an answer."""
        carried = self.carried()
        began = time.perf_counter()
        status, answered, body = self._send("GET", path, carried, b"")
        took = (time.perf_counter() - began) * 1000
        return Reply(status=status, headers=dict(answered), body=body, milliseconds=took)

    def carried(self) -> dict[str, str]:
        """Return the headers that show who asks; none where nobody has to sign in."""
        return self._visitor.headers() if self._visitor else {}

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        try:
            self._connection.request(method, path, body or None, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise DeliveryFailed(f"{method} {path}: {type(error).__name__}: {error}") from error
        named = [(name.lower(), value) for name, value in answer.getheaders()]
        return answer.status, named, content

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
