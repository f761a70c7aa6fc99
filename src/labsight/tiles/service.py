"""Answers everything below /slides/ and /iiif/: descriptors, tiles, images, small pictures.

No framework, and on the stored path no imaging library: one look-up in the index, one ranged read.
"""

import logging
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from labsight import keys
from labsight.errors import Conflict, LabsightError, NotFound, ObjectChanged, StorageUnavailable
from labsight.objects import ObjectStore
from labsight.problem import UNFORESEEN
from labsight.slides import geometry
from labsight.slides.index import Chunks, SlideIndex
from labsight.tiles import descriptor, direct, http
from labsight.tiles.answers import document
from labsight.tiles.http import Request, Response
from labsight.tiles.index_cache import IndexCache
from labsight.tiles.kept import KeptTiles
from labsight.tiles.options import DEFAULT_OPTIONS, Options
from labsight.tiles.pictures import Pictures
from labsight.tiles.tiles import Tiles, deep_zoom_grid

if TYPE_CHECKING:
    from labsight.tiles.iiif_answers import Images
    from labsight.tiles.made import TileMaker

_SLIDE = r"/slides/([^/.]{1,64})"
_KNOWN = r"/slides/([a-z2-7]{16})"  # for what is asked most: an id that needs no second look
_IIIF = r"/iiif/3/([a-z2-7]{16})"  # any other name is no image: 404, as its validator asks
_IMAGE = r"/([^/]{1,100})/([^/]{1,100})/([^/]{1,20})/([^/]{1,40})"
_TILE = r"/([0-9]{1,4})/([0-9]{1,9})_([0-9]{1,9})"
_ANY_TILE = re.compile(r"/slides/([^/]+)/(?:tiles/)?[^/]+/[^/]+\.jpe?g")
_OPEN = "/iiif/"  # what pages of other sites may read, where that was decided
_TRIES = 2  # the second after an index that turned out to be old

_log = logging.getLogger(__name__)


class TileService:
    """Serves the slides of one store.

    ``maker`` is called when the first tile is wanted that is not stored.
    """

    def __init__(
        self,
        store: ObjectStore,
        maker: "Callable[[], TileMaker]",
        options: Options = DEFAULT_OPTIONS,
    ) -> None:
        self._options = options
        self._indexes = IndexCache(store, rebuild=options.rebuild)
        read_chunk = options.read_chunk or partial(_read_chunk, store)
        tiles = Tiles(read_chunk, maker, KeptTiles(options.kept), options.elsewhere)
        self._tiles = tiles
        pictures = Pictures(store, show_labels=options.show_labels)
        self._images: Images | None = None
        self._routes = tuple(
            (re.compile(pattern).fullmatch, answer)
            for pattern, answer in (
                (_KNOWN + r"/tiles" + _TILE + r"\.jpg", self._of_version(tiles.native)),
                (_KNOWN + r"_files" + _TILE + r"\.jpe?g", self._of_version(tiles.deep_zoom)),
                (
                    _IIIF + _IMAGE,
                    self._iiif_image,
                ),
                (_IIIF + r"/info\.json", self._iiif_info),
                (_IIIF + r"/?", self._iiif_base),
                (_SLIDE + r"/slide\.json", self._descriptor),
                (_SLIDE + r"/direct\.json", self._direct),
                (_SLIDE + r"\.dzi", self._deep_zoom),
                (_SLIDE + r"/(thumbnail|label|macro)\.jpg", pictures.associated),
                (_SLIDE + r"/profile\.icc", pictures.profile),
            )
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
        if self._options.allowed_origin is not None and request.path.startswith(_OPEN):
            response = _opened(response, self._options.allowed_origin)
        if request.method == "HEAD" and response.status != 304:
            length = {"content-length": str(len(response.body))}
            return Response(response.status, b"", {**response.headers, **length})
        return response

    def _route(self, request: Request) -> Response:
        if request.method == "OPTIONS" and request.path.startswith(_OPEN):
            return Response(204, headers={"allow": "GET, HEAD, OPTIONS"})
        if request.method not in {"GET", "HEAD"}:
            refusal = http.problem(405, f"{request.method} is not possible here: use GET or HEAD")
            return Response(405, refusal.body, {**refusal.headers, "allow": "GET, HEAD"})
        for matching, answer in self._routes:
            match = matching(request.path)
            if match:
                return self._current(request, match.groups(), answer)
        tile = _ANY_TILE.fullmatch(request.path)
        if tile:
            keys.check_slide_id(tile[1].removesuffix("_files"))
            raise NotFound(
                "no such tile: a tile's address ends in {level}/{col}_{row}.jpg, all whole numbers"
            )
        raise NotFound("nothing is served here; /api/slides lists the slides and their links")

    def _current(
        self, request: Request, parts: tuple[str, ...], answer: Callable[..., Response]
    ) -> Response:
        """Answer from the index; when the file has changed since, once more from a fresh one."""
        slide, *rest = parts
        for _ in range(_TRIES):
            try:
                index = self._indexes.get(slide)
                _check_shown(index)
                return answer(request, index, *rest)
            except ObjectChanged:
                self._indexes.forget(slide)
        raise StorageUnavailable(
            "the slide's file has changed and is being imported again; try again in a moment"
        )

    def _of_version(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        """Refuse tiles of another version: in one picture they would be mixed with today's."""

        def checked(request: Request, index: SlideIndex, *parts: str) -> Response:
            asked = request.query.get("v")
            if asked is not None and asked != index.version:
                index = self._indexes.newest(keys.slide_id(index.key))
                _check_shown(index)
                if asked != index.version:
                    raise Conflict("this slide was replaced by another scan: open it again")
            return answer(request, index, *parts)

        return checked

    def _iiif(self) -> "Images":
        """Load what IIIF takes when it is first asked for: stored tiles start without it."""
        if self._images is None:
            from labsight.tiles.iiif_answers import Images  # noqa: PLC0415

            self._images = Images(self._tiles)
        return self._images

    def _iiif_image(self, request: Request, index: SlideIndex, *parts: str) -> Response:
        return self._iiif().image(request, index, *parts)

    def _iiif_info(self, request: Request, index: SlideIndex) -> Response:
        return self._iiif().info(request, index)

    def _iiif_base(self, request: Request, index: SlideIndex) -> Response:
        return self._iiif().base(request, index)

    def _descriptor(self, request: Request, index: SlideIndex) -> Response:
        labels, reads = self._options.show_labels, self._options.presign is not None
        told = http.json_response(descriptor.describe(index, show_labels=labels, direct=reads), {})
        return document(request, told.body, told.headers)

    def _direct(self, _request: Request, index: SlideIndex) -> Response:
        if self._options.presign is None:
            raise NotFound("reading files directly is switched off here (labsight:slides.direct)")
        direct.check(index)
        described = direct.describe(index, self._options.presign)
        return http.json_response(described, {"cache-control": "private, no-store"})

    def _deep_zoom(self, request: Request, index: SlideIndex) -> Response:
        tile, overlap = deep_zoom_grid(request, index)
        xml = geometry.deep_zoom_xml(index, tile, overlap)
        return document(request, xml, {"content-type": "application/xml"})


def _check_shown(index: SlideIndex) -> None:
    if index.failure:
        raise NotFound(f"this slide can no longer be shown: {index.failure}")


def _read_chunk(store: ObjectStore, index: SlideIndex, chunks: Chunks, number: int) -> bytes:
    source = index.files[chunks.file]
    start, length = chunks.offsets[number], chunks.lengths[number]
    return store.read(source.key, start, length, etag=source.etag)


def _opened(response: Response, origin: str) -> Response:
    """Let pages of another site read an answer, errors too (https://fetch.spec.whatwg.org/)."""
    allowed = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, HEAD, OPTIONS",
        "access-control-expose-headers": "link, etag, x-labsight-path",
    }
    return Response(response.status, response.body, {**response.headers, **allowed})
