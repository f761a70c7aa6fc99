"""Makes the tiles that are not stored as they are asked for: edges, blanks, other sizes."""

from labsight.objects import ObjectStore
from labsight.slides import geometry, jpeg, render
from labsight.slides.index import SlideIndex
from labsight.slides.render import FilePixels, Pixels, StoredPixels
from labsight.slides.scratch import Scratch


class TileMaker:
    """Decodes what a tile needs and encodes it once."""

    def __init__(self, store: ObjectStore, scratch: Scratch) -> None:
        self._store = store
        self._scratch = scratch

    def tile(self, index: SlideIndex, number: int, column: int, row: int) -> bytes:
        """Return a tile of the slide's own grid as JPEG, cut to the level; the tile must exist."""
        level = index.level(number)
        width, height = level.tile_size(column, row)
        stored = level.stored
        if stored is None:
            box = (column * level.tile_width, row * level.tile_height, width, height)
            return render.encode(self._pixels(index).region(number, box, (width, height)))
        place = row * level.columns + column
        if not stored.lengths[place]:
            return render.blank(width, height)
        data = self._read(index, stored.offsets[place], stored.lengths[place])
        grid = level.tile_width, level.tile_height
        return render.crop(jpeg.complete(stored.head, data), width, height, grid)

    def deep_zoom_tile(
        self, index: SlideIndex, number: int, place: tuple[int, int], grid: tuple[int, int]
    ) -> bytes:
        """Return a Deep Zoom tile as JPEG at (column, row) of a (tile size, overlap) grid."""
        size = geometry.deep_zoom_level(index, number)
        x, y, width, height = geometry.deep_zoom_box(size, *place, *grid)
        best = render.best_level(index, index.width / size[0])
        level = index.levels[best]
        scale_x, scale_y = level.width / size[0], level.height / size[1]
        left, top = int(x * scale_x), int(y * scale_y)
        right = min(level.width, max(left + 1, round((x + width) * scale_x)))
        bottom = min(level.height, max(top + 1, round((y + height) * scale_y)))
        box = (left, top, right - left, bottom - top)
        return render.encode(self._pixels(index).region(best, box, (width, height)))

    def _pixels(self, index: SlideIndex) -> Pixels:
        if index.stored:
            return StoredPixels(index, lambda start, size: self._read(index, start, size))
        return FilePixels(self._scratch.slide(index.key, index.etag, index.size))

    def _read(self, index: SlideIndex, start: int, length: int) -> bytes:
        return self._store.read(index.key, start, length, etag=index.etag)
