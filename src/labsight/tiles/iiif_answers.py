"""Answers by the IIIF Image API 3.0 (https://iiif.io/api/image/3.0/)."""

import json

from labsight import keys
from labsight.slides.index import SlideIndex
from labsight.tiles import http
from labsight.tiles.answers import CACHED, caching, document, fresh, picture
from labsight.tiles.http import Request, Response
from labsight.tiles.iiif_info import info, media_type
from labsight.tiles.iiif_pyramid import is_offered, own_tile
from labsight.tiles.iiif_request import CONTENT_TYPES, ImageRequest, parse
from labsight.tiles.look import Look, look_of
from labsight.tiles.tiles import Tiles

_PROFILE = '<http://iiif.io/api/image/3/level2.json>;rel="profile"'


class Images:
    """A slide as a IIIF image."""

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles

    def base(self, request: Request, index: SlideIndex) -> Response:
        """Send who asks for the image itself to its description."""
        return Response(303, headers={"location": f"{_base(request, index)}/info.json"})

    def info(self, request: Request, index: SlideIndex) -> Response:
        """Answer with info.json."""
        kind = media_type(request.headers.get("accept"))
        body = json.dumps(info(index, _base(request, index)), ensure_ascii=False).encode()
        headers = {"content-type": kind, "link": _PROFILE, "vary": "accept"}
        return document(request, body, headers)

    def image(self, request: Request, index: SlideIndex, *parts: str) -> Response:
        """Answer with a part of the slide, scaled, turned and encoded as asked for.

        ``parts`` are region, size, rotation, and ``quality.format``.
        """
        region, size, rotation, last = parts
        quality, _, form = last.rpartition(".")
        asked = parse(index, region, size, rotation, quality, form)
        look = look_of(index, request.query)
        tile = own_tile(index, asked)
        if tile is not None:
            number, column, row = tile
            response = self._tiles.own(request, index, number, (column, row), look)
        else:
            response = self._drawn(request, index, asked, look)
        canonical = f'<{_base(request, index)}/{asked.canonical}>;rel="canonical"'
        links = {"link": f"{canonical},{_PROFILE}"}
        headers = {**response.headers, **links}
        if headers.get("cache-control") == http.REVALIDATE:
            headers["cache-control"] = http.SHORTLY
        return Response(response.status, response.body, headers)

    def _drawn(
        self, request: Request, index: SlideIndex, asked: ImageRequest, look: Look
    ) -> Response:
        name = f"iiif/{asked.canonical}{look.tag}"
        kind = CONTENT_TYPES[asked.form]
        lasting = not look.tag and is_offered(index, asked)

        def make() -> Response:
            data = self._tiles.kept.get(index, name, lasting=lasting)
            if data is not None:
                return picture(data, CACHED, kind)
            if index.file_bound and self._tiles.elsewhere is not None:
                return self._tiles.elsewhere(request)
            data, way = self._tiles.maker().image(index, asked, look)
            self._tiles.kept.put(index, name, data, lasting=lasting)
            return picture(data, way, kind)

        return fresh(request, f'"{index.version}-{name}"', make, caching(request, index))


def _base(request: Request, index: SlideIndex) -> str:
    return f"{request.origin}/iiif/3/{keys.slide_id(index.key)}"
