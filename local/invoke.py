"""Lambda's Invoke for functions that call functions: a loopback endpoint over the local processes.

The embedded AWS would run a function in a container; here it is one that runs already.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from local.errors import FunctionFailed
from local.functions import Pool
from local.ports import HOST
from local.process import MAX_PAYLOAD, Log

VERSION = "2015-03-31"
# What Lambda itself refuses, and does not blame on the function.
REFUSED = {"RequestTooLarge": (413, "RequestTooLargeException")}

Answer = tuple[int, dict[str, str], bytes]


class Invocations:
    """Answers Invoke until the block ends; ``pools`` may grow meanwhile."""

    def __init__(self, pools: Mapping[str, Pool], log: Log) -> None:
        self._pools, self._log = pools, log
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self._server.daemon_threads = True  # an event call may outlive who made it
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """Where AWS clients of the service lambda are to go."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, how: str, body: bytes) -> Answer:
        """Answer one call: ``how`` is RequestResponse, Event or DryRun."""
        reference = _function_of(path)
        if reference is None:
            return _error(501, "NotImplemented", f"{path}: local mode answers Invoke alone")
        pool = self._find(reference)
        if pool is None:
            return _error(404, "ResourceNotFoundException", f"Function not found: {reference}")
        try:
            event = json.loads(body or b"{}")
        except ValueError:
            return _error(400, "InvalidRequestContentException", "the payload is not JSON")
        return self._call(pool, how, event)

    def _call(self, pool: Pool, how: str, event: Any) -> Answer:
        match how:
            case "RequestResponse":
                return _called(pool, event)
            case "Event":
                threading.Thread(target=self._call_alone, args=(pool, event), daemon=True).start()
                return 202, {}, b""
            case "DryRun":
                return 204, {}, b""
        return _error(400, "InvalidParameterValueException", f"invocation type {how!r}")

    def _find(self, reference: str) -> Pool | None:
        """Return the function with this name or ARN, whatever version of it is asked for."""
        for arn, pool in list(self._pools.items()):
            name = arn.rpartition(":")[2]
            if reference in {arn, name} or reference.startswith((f"{arn}:", f"{name}:")):
                return pool
        return None

    def _call_alone(self, pool: Pool, event: Any) -> None:
        """Make a call that nobody waits for; Lambda would try twice more, here it is told."""
        try:
            pool.invoke(event)
        except FunctionFailed as error:
            self._log(f"{error} (nobody waited for this call)")


def _called(pool: Pool, event: Any) -> Answer:
    try:
        value = pool.invoke(event)
    except FunctionFailed as error:
        if error.kind in REFUSED:
            return _error(*REFUSED[error.kind], str(error))
        told = {"errorMessage": str(error), "errorType": error.kind}
        return 200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps(told).encode()
    return 200, {"X-Amz-Executed-Version": "$LATEST"}, json.dumps(value).encode()


def _error(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"Type": "User", "Message": message}).encode()
    return status, {"X-Amzn-ErrorType": code}, body


def _function_of(path: str) -> str | None:
    """Return the function that an Invoke's path names, decoded."""
    match urlsplit(path).path.split("/"):
        case ["", version, "functions", function, "invocations"] if version == VERSION:
            return unquote(function)
    return None


def _handler(invocations: Invocations) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Reads one request and writes what ``answer`` says."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer a call."""
            said = self.headers.get("Content-Length") or "0"
            if not (said.isascii() and said.isdigit()):
                self.close_connection = True
                self._write(*_error(400, "InvalidRequestContentException", "no Content-Length"))
                return
            length = int(said)
            if length > MAX_PAYLOAD:
                self.close_connection = True
                size = f"an event of {length} bytes; Lambda takes 6 MB"
                self._write(*_error(413, "RequestTooLargeException", size))
                return
            how = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
            self._write(*invocations.answer(self.path, how, self.rfile.read(length)))

        def _write(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing of each request."""

    return Handler
