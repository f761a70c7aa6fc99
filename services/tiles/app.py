"""The tile service behind the edge's balancer: what the two functions do, in one process."""

from functools import cache, partial
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from labsight.objects.s3_http import HttpS3Store
from labsight.objects.s3_presign import Presigner
from labsight.settings import Environment
from labsight.slides.coalesce import Coalesced
from labsight.slides.rebuilding import rebuilt
from labsight.tiles import Response, TileService, http
from labsight.tiles.asgi import TileApp
from labsight.tiles.options import Options
from labsight.tiles.payload import HOST_HEADER, origin

if TYPE_CHECKING:
    from labsight.tiles.made import TileMaker

HEALTH = "/healthz"
# In one process; what comes beyond that is told to come again, before memory runs out. The server's
# own limit would refuse the balancer's checks as well, and a busy container would count as dead.
AT_A_TIME = 256
_BUSY = "too many requests at a time; try again in a moment"


def create_app() -> ASGIApp:
    """Make the application as the environment says; raise SettingsError."""
    environment = Environment()
    environment.configure_logging()
    store = HttpS3Store(environment.archive_bucket)
    folder, most = environment.scratch_folder, environment.scratch_bytes

    @cache
    def maker() -> "TileMaker":
        from labsight.slides.staging.shared import SharedScratch  # noqa: PLC0415 - see TileService
        from labsight.tiles.made import TileMaker  # noqa: PLC0415

        return TileMaker(store, SharedScratch(store, folder, max_bytes=most))

    options = Options(
        show_labels=environment.show_labels,
        kept=store if environment.keep_tiles else None,
        presign=Presigner(environment.archive_bucket) if environment.direct else None,
        rebuild=partial(rebuilt, store),
        # A browser's tiles meet in this process, so neighbours share requests to the bucket.
        read_chunk=Coalesced(store).chunk,
    )
    return Behind(TileApp(TileService(store, maker, options)))


class Behind:
    """Stands behind the edge and its balancer, which alone reach this server.

    Tells the balancer that it is alive, and the application under which address the edge was asked;
    of the application no more is asked than ``at_a_time``.
    """

    def __init__(self, app: ASGIApp, at_a_time: int = AT_A_TIME) -> None:
        self._app = app
        self._room = at_a_time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["path"] == HEALTH:
            await _send(send, Response(200, b"ok", {"content-type": "text/plain"}))
        elif self._room < 1:
            await _send(send, http.problem(503, _BUSY))
        else:
            self._room -= 1
            try:
                await self._app(_as_asked(scope), receive, send)
            finally:
                self._room += 1


async def _send(send: Send, response: Response) -> None:
    headers = {**response.headers, "content-length": str(len(response.body))}
    told = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": told})
    await send({"type": "http.response.body", "body": response.body})


async def _live(receive: Receive, send: Send) -> None:
    """Answer the server when it starts and stops: there is nothing to open or close."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _as_asked(scope: Scope) -> Scope:
    """Put the edge's scheme and host in the place of the balancer's, where the edge names them."""
    told = {name: value for name, value in scope["headers"] if name == HOST_HEADER.encode()}
    if not told:
        return scope
    given = {HOST_HEADER: told[HOST_HEADER.encode()].decode("latin-1")}
    scheme, _, host = origin(given).partition("://")
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {**scope, "scheme": scheme, "headers": [*headers, (b"host", host.encode("latin-1"))]}
