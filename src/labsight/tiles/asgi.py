"""Carries the tile service over ASGI."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from labsight.tiles.http import Request
from labsight.tiles.service import TileService

THREADS = 40  # answers at once; most wait for a disk or a bucket


class TileApp:
    """An ASGI application; reads and decoding run in threads."""

    def __init__(self, service: TileService) -> None:
        self._service = service
        # Of its own, because the framework's way into a thread costs as much as a stored tile.
        self._threads = ThreadPoolExecutor(THREADS, "tiles")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
            headers=headers,
            origin=f"{scope['scheme']}://{headers.get('host', '')}",
        )
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._threads, self._service.answer, request)
        answered = {"content-length": str(len(response.body)), **response.headers}
        if response.status in {204, 304}:  # neither has a body to tell of (RFC 9110, 8.6)
            del answered["content-length"]
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [(name.encode(), value.encode()) for name, value in answered.items()],
            }
        )
        await send({"type": "http.response.body", "body": response.body})
