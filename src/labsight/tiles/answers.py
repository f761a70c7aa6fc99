"""What every answer about a slide shares: freshness, caching, and how a tile was come by."""

import hashlib
from collections.abc import Callable, Mapping

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


def document(request: Request, body: bytes, headers: Mapping[str, str]) -> Response:
    """Answer with a description, 304 to who holds the same.

    Its ETag is made of what it says: a new release may say more of the same version of a slide.
    """
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    response = fresh(request, etag, lambda: Response(200, body, headers), http.REVALIDATE)
    vary = {"vary": headers["vary"]} if "vary" in headers else {}
    return Response(response.status, response.body, {**response.headers, **vary})


def caching(request: Request, index: SlideIndex) -> str:
    """An address that names the version never changes its content."""
    return http.IMMUTABLE if request.query.get("v") == index.version else http.REVALIDATE


def picture(data: bytes, path: str, content_type: str = JPEG) -> Response:
    """Answer with a picture, and the way it was come by."""
    return Response(200, data, {"content-type": content_type, "x-labsight-path": path})
