"""The web app and everything it talks to, under one origin on one machine."""

import importlib.resources
import os
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labsight.api import problems
from labsight.errors import SettingsError
from labsight.tiles.asgi import TileApp
from labsight.tiles.service import TileService

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_SECURITY = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
# What pages of other sites may read (IIIF, where that was decided) they may also show.
_SHARED = b"access-control-allow-origin"
_OPEN = [
    (name, b"cross-origin" if name == b"cross-origin-resource-policy" else value)
    for name, value in _SECURITY
]


def web_folder() -> Path:
    """Return the built web app: inside the installed package, or web/dist of a checkout."""
    package = Path(str(importlib.resources.files("labsight")))
    for folder in (package / "web", package.parents[1] / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    raise SettingsError(
        "the web app is not built: run `make web`, or install labsight from its wheel"
    )


class WebFiles(StaticFiles):
    """The web app's files; those whose name holds their content's hash are kept for ever."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with a file and how long a browser may keep it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        hashed = scope["path"].startswith("/assets/")
        response.headers["cache-control"] = _FOR_EVER if hashed else "no-cache"
        return response


class OneOrigin:
    """Tiles, API and web app behind one address, with the headers that browsers obey.

    Tiles go past the framework: it would cost more than they do.
    """

    def __init__(self, api: FastAPI, tiles: TileService, web: Path) -> None:
        self._api = api
        self._tiles = TileApp(tiles)
        self._pages = FastAPI(openapi_url=None)
        problems.install(self._pages)
        self._pages.mount("/", WebFiles(directory=web, html=True))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to whom it is for."""
        if scope["type"] != "http":
            await self._api(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                shared = any(name == _SHARED for name, _ in message["headers"])
                message["headers"] = [*message["headers"], *(_OPEN if shared else _SECURITY)]
            await send(message)

        await self._application(scope["path"])(scope, receive, send_secured)

    def _application(self, path: str) -> ASGIApp:
        if path.startswith(("/slides/", "/iiif/")):
            return self._tiles
        return self._api if path.startswith("/api/") or path == "/healthz" else self._pages
