"""What every answer about a slide shares: freshness, caching, and how a tile was come by."""

from collections.abc import Callable

from labsight.slides.index import SlideIndex
from labsight.tiles import http
from labsight.tiles.http import Request, Response

JPEG = "image/jpeg"
STORED, CACHED = "stored", "cached"


def fresh(request: Request, etag: str, make: Callable[[], Response], caching: str) -> Response:
    """Answer 304, before anything is read, to who holds this version; else make the answer."""
    headers = {"etag": etag, "cache-control": caching}
    if http.is_current(request, etag):
        return Response(304, headers=headers)
    response = make()
    if response.status != 200:  # another server's refusal
        return response
    headers.update(response.headers)
    return Response(response.status, response.body, headers)


def caching(request: Request, index: SlideIndex) -> str:
    """An address that names the version never changes its content."""
    return http.IMMUTABLE if request.query.get("v") == index.version else http.REVALIDATE


def picture(data: bytes, path: str, content_type: str = JPEG) -> Response:
    """Answer with a picture, and the way it was come by."""
    return Response(200, data, {"content-type": content_type, "x-labsight-path": path})
