"""Carries the tile service over ASGI."""

from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from labsight.tiles.http import Request
from labsight.tiles.service import TileService


class TileApp:
    """An ASGI application; reads and decoding run in threads."""

    def __init__(self, service: TileService) -> None:
        self._service = service

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers={
                name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
            },
        )
        response = await run_in_threadpool(self._service.answer, request)
        headers = {"content-length": str(len(response.body)), **response.headers}
        if response.status == 304:
            del headers["content-length"]
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": response.body})
