"""Makes the tiles that are not stored as they are asked for: edges, blanks, other sizes."""

from PIL import Image

from labsight import keys
from labsight.objects import ObjectStore
from labsight.slides import geometry
from labsight.slides.index import Level, SlideIndex
from labsight.slides.indexed_files import IndexedFiles
from labsight.slides.pixels import colour, encode, jpeg
from labsight.slides.pixels.left_out import left_out
from labsight.slides.pixels.of_slide import SlidePixels
from labsight.slides.pixels.render import background, extended
from labsight.slides.staging.protocol import Staging
from labsight.tiles import iiif_drawing
from labsight.tiles.iiif_request import ImageRequest
from labsight.tiles.large import Large
from labsight.tiles.look import Look

DECODED, HALF_SIZE = "decoded", "half-size"


class TileMaker:
    """Decodes what a picture needs and encodes it once; says how it was made."""

    def __init__(self, store: ObjectStore, staging: Staging) -> None:
        self._store = store
        self._staging = staging
        self._large = Large()

    def tile(
        self, index: SlideIndex, number: int, place: tuple[int, int], look: Look
    ) -> tuple[bytes, str]:
        """Return a tile of the slide's own grid, cut to the level; the tile must exist."""
        level = index.level(number)
        width, height = level.tile_size(*place)
        plane = look.stored_plane(index, level)
        box = (place[0] * level.tile_width, place[1] * level.tile_height, width, height)
        if plane is not None and not any(left_out(index, number, plane, box)):
            return self._cut(index, level, plane, place), DECODED
        return self._drawn(index, number, box, (width, height), look), DECODED

    def deep_zoom_tile(
        self,
        index: SlideIndex,
        number: int,
        place: tuple[int, int],
        grid: tuple[int, int],
        look: Look,
    ) -> tuple[bytes, str]:
        """Return a Deep Zoom tile at (column, row) of a (tile size, overlap) grid."""
        best, box, drawn = geometry.deep_zoom_source(index, number, place, *grid)
        size = geometry.deep_zoom_box(geometry.deep_zoom_level(index, number), *place, *grid)[2:]
        image = self._pixels(index).region(best, box, drawn, look.view)
        image = self._coloured(index, extended(image, size), look)
        return encode.jpeg(image), _way(index.levels[best], box[2] / drawn[0])

    def image(self, index: SlideIndex, request: ImageRequest, look: Look) -> tuple[bytes, str]:
        """Return a IIIF image."""
        profile = self._profile(index) if look.srgb else None
        change = None if profile is None else lambda image: colour.to_srgb(image, profile)
        wanted = request.box[2] / request.size[0]
        best = geometry.best_level(index, wanted)
        way = _way(index.levels[best], wanted / index.downsample(best))
        source = request.box[2] * request.box[3] / index.downsample(best) ** 2
        with self._large.room(request.size[0] * request.size[1], source):
            return iiif_drawing.draw(index, self._pixels(index), request, look.view, change), way

    def _cut(self, index: SlideIndex, level: Level, plane: int, place: tuple[int, int]) -> bytes:
        """Cut the padding off a stored edge tile, or fill in one that was left out."""
        width, height = level.tile_size(*place)
        chunks, number = level.planes[plane], place[1] * level.columns + place[0]
        if not chunks.lengths[number]:
            return encode.blank(width, height, background(index))
        read = IndexedFiles(self._store, index).read
        data = read(chunks.file, chunks.offsets[number], chunks.lengths[number])
        grid = level.tile_width, level.tile_height
        return encode.crop(jpeg.complete(chunks.head, data), width, height, grid)

    def _drawn(
        self,
        index: SlideIndex,
        number: int,
        box: tuple[int, int, int, int],
        size: tuple[int, int],
        look: Look,
    ) -> bytes:
        with self._large.room(size[0] * size[1], box[2] * box[3]):
            image = self._pixels(index).region(number, box, size, look.view)
            return encode.jpeg(self._coloured(index, image, look))

    def _coloured(self, index: SlideIndex, image: Image.Image, look: Look) -> Image.Image:
        return colour.to_srgb(image, self._profile(index)) if look.srgb else image

    def _profile(self, index: SlideIndex) -> bytes:
        return self._store.read(keys.profile_key(keys.slide_id(index.key)), etag=index.icc)

    def _pixels(self, index: SlideIndex) -> SlidePixels:
        return SlidePixels(self._store, index, lambda: self._staging)


def _way(level: Level, shrink: float) -> str:
    """Say how a tile of a scale is made: libjpeg halves while it decodes."""
    jpegs = level.coding is not None and level.coding.kind == "jpeg"
    return HALF_SIZE if jpegs and shrink > 1.5 else DECODED
