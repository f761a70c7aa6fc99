"""Draws regions of slides: the path for everything that cannot be sent as it is stored."""

from functools import partial
from typing import Protocol

from PIL import Image

from labsight.errors import InvalidInput
from labsight.slides.axes import WHITE as FULL_COLOUR
from labsight.slides.geometry import best_level
from labsight.slides.index import Level, SlideIndex
from labsight.slides.indexed_files import ReadFile
from labsight.slides.pixels import channels
from labsight.slides.pixels.decode import shrunk
from labsight.slides.pixels.encode import BLACK, QUALITY, WHITE, blank, crop
from labsight.slides.pixels.left_out import left_out
from labsight.slides.pixels.pieces import Box, pieces, shrink_of, touched
from labsight.slides.pixels.runs import MAX_GAP, read_tiles
from labsight.slides.staging.staged import StagedSlide
from labsight.slides.view import Shown, View, default_view

__all__ = ["QUALITY", "Box", "blank", "crop"]

# One region may be of this many px once decoded: 400 MB at the worst.
MAX_DECODED_PX = 100_000_000
# Chunks that one region may touch, and a thumbnail: a scan without smaller levels has 200,000. Of
# chunks larger than 256 x 256 px fewer are read, so that the work stays the same.
MAX_REGION_TILES = 16_384
MAX_THUMBNAIL_TILES = 400_000
_USUAL_CHUNK_PX = 1 << 16
_STRIPE_PX = 32_000_000  # decoded
# A tile's restart intervals lie a row of the level apart, 64 rows to a tile: reading over what is
# between is quicker than another request. 64 KiB are 0.7 ms at the 100 MB/s of a connection to S3.
_NDPI_GAP = 64 << 10
_MUCH = 4  # times smaller: from here on a box filter's errors of half a px are not seen
_TOO_LARGE = "this view needs too many pixels at once: ask for smaller tiles or a finer level"
_WHOLE_RANGE = Shown(0, FULL_COLOUR, (0, 0))


class Pixels(Protocol):
    """Pixels of one slide."""

    def region(
        self, level: int, box: Box, size: tuple[int, int], view: View | None = None
    ) -> Image.Image:
        """Return ``box`` (x, y, width, height in px of ``level``) as RGB of ``size`` px.

        Without ``view`` it is what a viewer sees first.
        """
        ...


class ChunkPixels:
    """Decodes the chunks that a region touches, at the smallest size that serves.

    Threads may share it. ``parallel`` is how many reads are under way at once: more than one where
    they wait on a network.
    """

    def __init__(
        self,
        index: SlideIndex,
        read: ReadFile,
        *,
        max_tiles: int = MAX_REGION_TILES,
        parallel: int = 1,
    ) -> None:
        self._index = index
        self._read = read
        self._max_tiles = max_tiles
        self._parallel = parallel

    def region(
        self, level: int, box: Box, size: tuple[int, int], view: View | None = None
    ) -> Image.Image:
        """Return a region as RGB; raise InvalidInput when it is too large, and as decoding does."""
        axes = self._index.axes
        view = view or default_view(axes)
        if not axes.channels:
            return _rgb(self.samples(level, box, size, axes.plane(0, view.z, view.t)))
        shown = view.channels or default_view(axes).channels
        self._check_chunks(self._index.level(level), box, len(shown))
        planes = (axes.plane(one.channel, view.z, view.t) for one in shown)
        images = (self.samples(level, box, size, plane) for plane in planes)
        return channels.compose(list(zip(images, shown, strict=True)))

    def samples(self, level: int, box: Box, size: tuple[int, int], plane: int) -> Image.Image:
        """Return a region of one plane as it is stored, RGB, L or I;16, with background around."""
        return self._samples(level, box, size, plane, fill=True)

    def _samples(
        self, level: int, box: Box, size: tuple[int, int], plane: int, *, fill: bool
    ) -> Image.Image:
        """Do so; ``fill`` has what a level lacks drawn from the next finer one."""
        x, y, width, height = _checked(box)
        source = self._index.level(level)
        if not source.planes:
            raise InvalidInput(f"level {level} of this slide has no stored chunks")
        shrink = shrink_of(source, min(width / size[0], height / size[1]))
        own = -(-width // shrink), -(-height // shrink)
        # Where a region of this very size begins between two px, that is not worth a filter.
        left, top = (0, 0) if own == size else (x % shrink, y % shrink)
        whole = -(-(left + width) // shrink), -(-(top + height) // shrink)
        self._check_work(source, box, whole)
        mode = _mode(source)
        canvas = Image.new(mode, whole, _ground(self._index, mode))
        chunks = source.planes[plane]
        file = partial(self._read, chunks.file)
        gap = _NDPI_GAP if source.coding and source.coding.kind == "ndpi" else MAX_GAP
        read = partial(read_tiles, chunks, read=file, parallel=self._parallel, gap=gap)
        for across, down, image in pieces(source, chunks, box, shrink, read):
            # Both are rounded down, so that the canvas begins in the first chunk and is filled.
            canvas.paste(image, (across // shrink - x // shrink, down // shrink - y // shrink))
        for one in left_out(self._index, level, plane, box) if fill else ():
            across, down, wide, high = one.place
            part = -(-wide // shrink), -(-high // shrink)
            image = self._samples(level - 1, one.finer, part, plane, fill=False)
            canvas.paste(image, (across // shrink - x // shrink, down // shrink - y // shrink))
        if own == size:
            return canvas
        area = left / shrink, top / shrink, (left + width) / shrink, (top + height) / shrink
        return scaled(canvas, size, area)

    def _check_work(self, level: Level, box: Box, whole: tuple[int, int]) -> None:
        if whole[0] * whole[1] > MAX_DECODED_PX:
            raise InvalidInput(_TOO_LARGE)
        self._check_chunks(level, box, 1)

    def _check_chunks(self, level: Level, box: Box, planes: int) -> None:
        """Bound what has to be read and decoded, of all planes that are shown together."""
        columns, rows = touched(level, box)
        chunks = len(columns) * len(rows) * planes
        decoded = chunks * level.chunk_width * level.chunk_height
        if chunks > self._max_tiles or decoded > self._max_tiles * _USUAL_CHUNK_PX:
            raise InvalidInput(_TOO_LARGE)


class FilePixels:
    """Reads through OpenSlide."""

    def __init__(self, slide: StagedSlide) -> None:
        self._slide = slide

    def region(
        self,
        level: int,
        box: Box,
        size: tuple[int, int],
        view: View | None = None,  # noqa: ARG002 - OpenSlide shows one picture only
    ) -> Image.Image:
        """Return a region of a level; transparent places become background."""
        _, _, width, height = _checked(box)
        if width * height > MAX_DECODED_PX:
            raise InvalidInput(_TOO_LARGE)
        found = self._slide.region(level, box)
        alpha = found.getchannel("A")
        if alpha.getextrema() == (255, 255):
            return scaled(found.convert("RGB"), size)
        image = Image.new("RGB", found.size, WHITE)
        image.paste(found, mask=alpha)
        return scaled(image, size)


def background(index: SlideIndex) -> tuple[int, int, int]:
    """Return the colour of what is left out: glass is white, fluorescence has a dark ground."""
    return BLACK if index.axes.channels else WHITE


def scaled(
    image: Image.Image, size: tuple[int, int], area: tuple[float, float, float, float] | None = None
) -> Image.Image:
    """Return an area (left, top, right, bottom; or all) of a picture in another size.

    Much shrunk, each px is the mean of those it covers. Nearer to its own size such a filter would
    push details half a px to and fro.
    """
    area = area or (0, 0, *image.size)
    if area == (0, 0, *size):
        return image if image.size == size else image.crop((0, 0, *size))
    wide, high = area[2] - area[0], area[3] - area[1]
    if area == (0, 0, *image.size) and wide % size[0] == 0 and wide * size[1] == high * size[0]:
        return shrunk(image, int(wide // size[0]))
    much = min(wide / size[0], high / size[1]) >= _MUCH
    filters = Image.Resampling.BOX if much else Image.Resampling.HAMMING
    return image.resize(size, filters, box=area)


def extended(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture of at least its own size, whose last column and row go on to the end."""
    if image.size == size:
        return image
    width, height = image.size
    whole = Image.new(image.mode, size)
    whole.paste(image)
    if size[0] > width:
        last = image.crop((width - 1, 0, width, height))
        whole.paste(last.resize((size[0] - width, height)), (width, 0))
    if size[1] > height:
        last = whole.crop((0, height - 1, size[0], height))
        whole.paste(last.resize((size[0], size[1] - height)), (0, height))
    return whole


def thumbnail(index: SlideIndex, pixels: Pixels, side: int) -> Image.Image:
    """Return the whole slide, at most ``side`` px wide and high, from the best level for it.

    It is made in stripes, so a slide without small levels costs time but not memory.
    """
    scale = min(1.0, side / max(index.width, index.height))
    width, height = max(1, round(index.width * scale)), max(1, round(index.height * scale))
    number = best_level(index, 1 / scale)
    level = index.levels[number]
    shrink, count = 1, level.columns * level.rows
    if level.planes:
        shrink = shrink_of(level, min(level.width / width, level.height / height))
        count = level.chunk_columns * level.chunk_rows
    if count > MAX_THUMBNAIL_TILES:
        raise InvalidInput(_TOO_LARGE)
    whole = Image.new("RGB", (width, height), background(index))
    rows = _STRIPE_PX * shrink * shrink * height // (level.width * level.height)
    rows = max(1, min(height, rows))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = top * level.height // height, -(-bottom * level.height // height)
        box = (0, first, level.width, last - first)
        whole.paste(pixels.region(number, box, (width, bottom - top)), (0, top))
    return whole


def _checked(box: Box) -> Box:
    if box[2] < 1 or box[3] < 1:
        raise InvalidInput("a region needs a width and a height of at least one px")
    return box


def _mode(level: Level) -> str:
    if level.coding is None or level.coding.samples > 1:
        return "RGB"
    return "I;16" if level.coding.bits > 8 else "L"


def _ground(index: SlideIndex, mode: str) -> int | tuple[int, int, int]:
    ground = background(index)
    if mode == "RGB":
        return ground
    return ground[0] * 257 if mode == "I;16" else ground[0]


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":  # grey without a window: all that there may be
        return channels.compose([(image, _WHOLE_RANGE)])
    return image if image.mode == "RGB" else Image.merge("RGB", [image] * 3)
