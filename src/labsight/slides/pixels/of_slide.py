"""The pixels of a slide, whichever way each level has to be read."""

from collections.abc import Callable

from PIL import Image

from labsight.objects import ObjectStore
from labsight.slides.index import SlideIndex
from labsight.slides.indexed_files import IndexedFiles
from labsight.slides.pixels.render import MAX_REGION_TILES, Box, ChunkPixels, FilePixels, Pixels
from labsight.slides.staging.protocol import Staging
from labsight.slides.view import View


class SlidePixels:
    """Reads levels with tables by range and the others through OpenSlide.

    ``staging`` is called when the first level is met that only OpenSlide can read.
    """

    def __init__(
        self,
        store: ObjectStore,
        index: SlideIndex,
        staging: Callable[[], Staging],
        *,
        max_tiles: int = MAX_REGION_TILES,
    ) -> None:
        self._index = index
        self._staging = staging
        read = IndexedFiles(store, index).read
        self._chunks = ChunkPixels(index, read, max_tiles=max_tiles, parallel=store.parallel)
        self._file: FilePixels | None = None

    def region(
        self, level: int, box: Box, size: tuple[int, int], view: View | None = None
    ) -> Image.Image:
        """Return ``box`` (x, y, width, height in px of ``level``) as RGB of ``size`` px."""
        return self._reader(level).region(level, box, size, view)

    def samples(self, level: int, box: Box, size: tuple[int, int], plane: int) -> Image.Image:
        """Return one plane as it is stored: RGB, L or I;16."""
        if self._index.level(level).planes:
            return self._chunks.samples(level, box, size, plane)
        return self._reader(level).region(level, box, size)

    def _reader(self, level: int) -> Pixels:
        if self._index.level(level).planes:
            return self._chunks
        if self._file is None:
            self._file = FilePixels(self._staging().slide(self._index.files))
        return self._file
