"""Answers with tiles: as they are stored, kept from before, or made now."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from labsight.errors import DamagedSlide
from labsight.slides import geometry
from labsight.slides.index import Level, SlideIndex
from labsight.slides.pixels import jpeg
from labsight.tiles import descriptor, http
from labsight.tiles.answers import CACHED, JPEG, STORED, caching, fresh, picture
from labsight.tiles.http import Request, Response
from labsight.tiles.kept import KeptTiles
from labsight.tiles.look import Look, look_of
from labsight.tiles.options import Elsewhere, ReadChunk

if TYPE_CHECKING:
    from labsight.tiles.made import TileMaker

# What a maker returns: the picture, and the way it was made
Make = Callable[[], tuple[bytes, str]]


@dataclass(frozen=True)
class Tiles:
    """Where tiles come from.

    ``maker`` is called when the first tile has to be made, so that the stored path starts without
    an imaging library. ``elsewhere`` makes the tiles of slides that only OpenSlide can read.
    """

    read_chunk: ReadChunk
    maker: Callable[[], "TileMaker"]
    kept: KeptTiles
    elsewhere: Elsewhere | None = None

    def native(
        self, request: Request, index: SlideIndex, level: str, column: str, row: str
    ) -> Response:
        """Answer with a tile of a level that the slide has."""
        look = look_of(index, request.query)
        return self.own(request, index, int(level), (int(column), int(row)), look)

    def own(
        self,
        request: Request,
        index: SlideIndex,
        number: int,
        place: tuple[int, int],
        look: Look,
    ) -> Response:
        """Answer with a tile of the slide's own grid."""
        level = index.level(number)
        size = level.tile_size(*place)
        etag = f'"{index.version}-{number}-{place[0]}-{place[1]}{look.tag}"'
        plane = look.stored_plane(index, level)
        whole = size == (level.tile_width, level.tile_height)
        if plane is not None and whole and _is_there(level, plane, place):
            return self._stored(request, index, level, plane, place, etag)
        name = f"{number}/{place[0]}_{place[1]}{look.tag}.jpg"
        # A cut edge costs what reading it again would: not worth an object of its own.
        lasting = not look.tag and plane is None
        work = partial(self._make_own, index, number, place, look)
        make = partial(self._made, request, index, level, name, lasting, work)
        return fresh(request, etag, make, caching(request, index))

    def deep_zoom(
        self, request: Request, index: SlideIndex, level: str, column: str, row: str
    ) -> Response:
        """Answer with a Deep Zoom tile: one of the slide's own, or one made for it."""
        grid = deep_zoom_grid(request, index)
        look = look_of(index, request.query)
        number, place = int(level), (int(column), int(row))
        twin = geometry.stored_twin(index, number, place, *grid)
        if twin is not None:
            return self.own(request, index, twin, place, look)
        best, _, _ = geometry.deep_zoom_source(index, number, place, *grid)
        # By numbers, not by what was written: 007 and 7 are one tile, made and kept once.
        name = f"dz-{grid[0]}-{grid[1]}-{number}-{place[0]}-{place[1]}{look.tag}"
        lasting = not look.tag and grid == descriptor.deep_zoom_size(index, None, None)
        work = partial(self._make_deep_zoom, index, number, place, grid, look)
        make = partial(self._made, request, index, index.levels[best], f"{name}.jpg", lasting, work)
        return fresh(request, f'"{index.version}-{name}"', make, caching(request, index))

    def _stored(
        self,
        request: Request,
        index: SlideIndex,
        level: Level,
        plane: int,
        place: tuple[int, int],
        etag: str,
    ) -> Response:
        """Answer with a chunk as it is; each step of this costs every tile, so there are few."""
        keeping = caching(request, index)
        if http.is_current(request, etag):
            return Response(304, headers={"etag": etag, "cache-control": keeping})
        chunks, number = level.planes[plane], place[1] * level.columns + place[0]
        data = self.read_chunk(index, chunks, number)
        if len(data) != chunks.lengths[number]:
            raise DamagedSlide("the slide's file ends inside this tile: it was cut off")
        return Response(
            200,
            jpeg.complete(chunks.head, data),
            {
                "etag": etag,
                "cache-control": keeping,
                "content-type": JPEG,
                "x-labsight-path": CACHED if level.made else STORED,
            },
        )

    def _make_own(
        self, index: SlideIndex, number: int, place: tuple[int, int], look: Look
    ) -> tuple[bytes, str]:
        return self.maker().tile(index, number, place, look)

    def _make_deep_zoom(
        self,
        index: SlideIndex,
        number: int,
        place: tuple[int, int],
        grid: tuple[int, int],
        look: Look,
    ) -> tuple[bytes, str]:
        return self.maker().deep_zoom_tile(index, number, place, grid, look)

    def _made(
        self,
        request: Request,
        index: SlideIndex,
        source: Level,
        name: str,
        lasting: bool,
        make: Make,
    ) -> Response:
        """Answer with a tile that was made before, here or elsewhere, or is made now."""
        data = self.kept.get(index, name, lasting=lasting)
        if data is not None:
            return picture(data, CACHED)
        if self.elsewhere is not None and not source.planes:
            return self.elsewhere(request)
        data, way = make()
        self.kept.put(index, name, data, lasting=lasting)
        return picture(data, way)


def deep_zoom_grid(request: Request, index: SlideIndex) -> tuple[int, int]:
    """Return the tile size and overlap that were asked for, px."""
    query = request.query
    return descriptor.deep_zoom_size(index, query.get("tilesize"), query.get("overlap"))


def _is_there(level: Level, plane: int, place: tuple[int, int]) -> bool:
    """Whether a tile is stored: scanners leave out blank ones."""
    return level.planes[plane].lengths[place[1] * level.columns + place[0]] > 0
