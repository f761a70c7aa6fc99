"""Answers everything below /slides/: descriptors, stored tiles, Deep Zoom and associated images.

No framework, and on the stored path no imaging library: one look-up in the index, one ranged read.
"""

import logging
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from labsight import keys
from labsight.errors import (
    DamagedSlide,
    LabsightError,
    NotFound,
    NotPermitted,
    ObjectChanged,
    StorageUnavailable,
)
from labsight.objects import ObjectStore
from labsight.problem import UNFORESEEN
from labsight.slides import geometry, jpeg
from labsight.slides.index import SlideIndex, StoredTiles
from labsight.tiles import descriptor, http
from labsight.tiles.cache import IndexCache
from labsight.tiles.http import Request, Response

if TYPE_CHECKING:
    from labsight.tiles.made import TileMaker

_SLIDE = r"/slides/([^/.]{1,64}?)"
_TILE = r"/([0-9]{1,4})/([0-9]{1,9})_([0-9]{1,9})"
_ANY_TILE = re.compile(r"/slides/[^/]+/(?:tiles/)?[^/]+/[^/]+\.jpe?g")
_JPEG = "image/jpeg"
_TRIES = 2  # the second after an index that turned out to be old

_log = logging.getLogger(__name__)


class TileService:
    """Serves the slides of one store.

    ``maker`` makes the tiles that are not stored as they are asked for; it is called for when the
    first such tile is wanted, so that the stored path starts without an imaging library.
    """

    def __init__(
        self, store: ObjectStore, maker: Callable[[], "TileMaker"], *, show_labels: bool = False
    ) -> None:
        self._store = store
        self._maker = maker
        self._show_labels = show_labels
        self._indexes = IndexCache(store)
        self._routes = (
            (re.compile(_SLIDE + r"/tiles" + _TILE + r"\.jpg"), self._tile),
            (re.compile(_SLIDE + r"_files" + _TILE + r"\.jpe?g"), self._deep_zoom_tile),
            (re.compile(_SLIDE + r"/slide\.json"), self._descriptor),
            (re.compile(_SLIDE + r"\.dzi"), self._deep_zoom),
            (re.compile(_SLIDE + r"/(thumbnail|label|macro)\.jpg"), self._associated),
        )

    def answer(self, request: Request) -> Response:
        """Answer a request; every error is a problem document."""
        try:
            response = self._route(request)
        except LabsightError as error:
            response = http.problem_of(error)
        except Exception:  # noqa: BLE001 - the log learns what it was, the caller that it was
            _log.exception("%s %s", request.method, request.path)
            response = http.problem(500, UNFORESEEN)
        if request.method == "HEAD":
            length = {"content-length": str(len(response.body))}
            return Response(response.status, b"", {**response.headers, **length})
        return response

    def _route(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            refusal = http.problem(405, f"{request.method} is not possible here: use GET or HEAD")
            return Response(405, refusal.body, {**refusal.headers, "allow": "GET, HEAD"})
        for pattern, answer in self._routes:
            match = pattern.fullmatch(request.path)
            if match:
                slide, *rest = match.groups()
                return self._current(request, keys.check_slide_id(slide), answer, rest)
        if _ANY_TILE.fullmatch(request.path):
            raise NotFound(
                "no such tile: a tile's address ends in {level}/{col}_{row}.jpg, all whole numbers"
            )
        raise NotFound("nothing is served here; /api/slides lists the slides and their links")

    def _current(
        self, request: Request, slide: str, answer: Callable[..., Response], rest: list[str]
    ) -> Response:
        """Answer from the index; when the file has changed since, once more from a fresh one."""
        for _ in range(_TRIES):
            index = self._indexes.get(slide)
            if index.failure:
                raise NotFound(f"this slide can no longer be shown: {index.failure}")
            try:
                return answer(request, index, *rest)
            except ObjectChanged:
                self._indexes.forget(slide)
        raise StorageUnavailable(
            "the slide's file has changed and is being imported again; try again in a moment"
        )

    def _descriptor(self, request: Request, index: SlideIndex) -> Response:
        etag = f'"{index.version}{"-labels" if self._show_labels else ""}"'
        slide = keys.slide_id(index.key)
        document = descriptor.describe(slide, index, show_labels=self._show_labels)
        return _fresh(request, etag, lambda: http.json_response(document, {}), http.REVALIDATE)

    def _tile(
        self, request: Request, index: SlideIndex, level: str, column: str, row: str
    ) -> Response:
        return self._own_tile(request, index, int(level), int(column), int(row))

    def _own_tile(
        self, request: Request, index: SlideIndex, number: int, column: int, row: int
    ) -> Response:
        level = index.level(number)
        size = level.tile_size(column, row)
        etag = f'"{index.version}-{number}-{column}-{row}"'
        stored = level.stored
        place = row * level.columns + column
        if (
            stored is not None
            and stored.lengths[place]
            and size == (level.tile_width, level.tile_height)
        ):
            make = partial(self._stored_tile, index, stored, place)
        else:
            make = partial(self._made_tile, index, number, column, row)
        return _fresh(request, etag, make, _caching(request, index))

    def _stored_tile(self, index: SlideIndex, stored: StoredTiles, place: int) -> Response:
        length = stored.lengths[place]
        data = self._store.read(index.key, stored.offsets[place], length, etag=index.etag)
        if len(data) != length:
            raise DamagedSlide("the slide's file ends inside this tile: it was cut off")
        return _jpeg(jpeg.complete(stored.head, data), "stored")

    def _made_tile(self, index: SlideIndex, number: int, column: int, row: int) -> Response:
        return _jpeg(self._maker().tile(index, number, column, row), "decoded")

    def _deep_zoom(self, request: Request, index: SlideIndex) -> Response:
        tile, overlap = _grid(request, index)
        xml = descriptor.deep_zoom_xml(index, tile, overlap)
        answer = Response(200, xml, {"content-type": "application/xml"})
        etag = f'"{index.version}-dzi-{tile}-{overlap}"'
        return _fresh(request, etag, lambda: answer, http.REVALIDATE)

    def _deep_zoom_tile(
        self, request: Request, index: SlideIndex, level: str, column: str, row: str
    ) -> Response:
        grid = _grid(request, index)
        number, place = int(level), (int(column), int(row))
        own = geometry.stored_twin(index, number, *grid)
        if own is not None:
            return self._own_tile(request, index, own, *place)
        geometry.deep_zoom_box(geometry.deep_zoom_level(index, number), *place, *grid)
        etag = f'"{index.version}-dz-{grid[0]}-{grid[1]}-{number}-{column}-{row}"'
        make = partial(self._make_deep_zoom_tile, index, number, place, grid)
        return _fresh(request, etag, make, _caching(request, index))

    def _make_deep_zoom_tile(
        self, index: SlideIndex, number: int, place: tuple[int, int], grid: tuple[int, int]
    ) -> Response:
        return _jpeg(self._maker().deep_zoom_tile(index, number, place, grid), "decoded")

    def _associated(self, request: Request, index: SlideIndex, name: str) -> Response:
        if name in descriptor.PRIVATE_IMAGES and not self._show_labels:
            raise NotPermitted(
                f"the {name} of a slide can identify a patient, so it is not shown here; "
                "whoever runs this server can set labsight:showLabels (or --show-labels)"
            )
        image = next((image for image in index.associated if image.name == name), None)
        if image is None:
            raise NotFound(f"this slide has no {name}")
        key = keys.associated_key(keys.slide_id(index.key), name)
        make = partial(self._read_picture, key, image.etag)
        caching = _caching(request, index)
        if name in descriptor.PRIVATE_IMAGES and caching == http.IMMUTABLE:
            caching = http.PERSONAL
        return _fresh(request, f'"{index.version}-{name}"', make, caching)

    def _read_picture(self, key: str, etag: str | None) -> Response:
        return Response(200, self._store.read(key, etag=etag), {"content-type": _JPEG})


def _fresh(request: Request, etag: str, make: Callable[[], Response], caching: str) -> Response:
    """Answer 304, before anything is read, to who holds this version; else make the answer."""
    headers = {"etag": etag, "cache-control": caching}
    if http.is_current(request, etag):
        return Response(304, headers=headers)
    response = make()
    headers.update(response.headers)
    return Response(response.status, response.body, headers)


def _caching(request: Request, index: SlideIndex) -> str:
    """An address that names the version never changes its content."""
    return http.IMMUTABLE if request.query.get("v") == index.version else http.REVALIDATE


def _jpeg(data: bytes, path: str) -> Response:
    return Response(200, data, {"content-type": _JPEG, "x-labsight-path": path})


def _grid(request: Request, index: SlideIndex) -> tuple[int, int]:
    query = request.query
    return descriptor.deep_zoom_size(index, query.get("tilesize"), query.get("overlap"))
