"""Turns slides into pixels: the path for everything that cannot be sent as it is stored."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from PIL import Image, JpegImagePlugin

from labsight.errors import DamagedSlide, InvalidInput
from labsight.slides import jpeg
from labsight.slides.index import MAX_TILE_PX, Level, SlideIndex
from labsight.slides.runs import ReadBytes, read_tiles
from labsight.slides.staged import StagedSlide

QUALITY = 80
BACKGROUND = (255, 255, 255)
# One region may cost this many px to decode: about 400 MB and a few seconds at the worst.
MAX_DECODED_PX = 100_000_000
# Tiles that one region may touch, and a thumbnail: a scan without smaller levels has 200,000.
MAX_REGION_TILES = 16_384
MAX_THUMBNAIL_TILES = 400_000
_STRIPE_PX = 32_000_000  # decoded
_DRAFTS = (8, 4, 2)  # sizes at which libjpeg decodes for a fraction of the work

Box = tuple[int, int, int, int]


class Pixels(Protocol):
    """Pixels of one slide."""

    def region(self, level: int, box: Box, size: tuple[int, int]) -> Image.Image:
        """Return ``box`` (x, y, width, height in px of ``level``) as RGB of ``size`` px."""
        ...


class StoredPixels:
    """Decodes the stored JPEG tiles that a region touches, at the smallest size that serves."""

    def __init__(
        self, index: SlideIndex, read: ReadBytes, *, max_tiles: int = MAX_REGION_TILES
    ) -> None:
        self._index = index
        self._read = read
        self._max_tiles = max_tiles

    def region(self, level: int, box: Box, size: tuple[int, int]) -> Image.Image:
        """Return a region of a stored level."""
        x, y, width, height = _checked(box)
        source = self._index.level(level)
        if source.stored is None:
            raise InvalidInput(f"level {level} of this slide has no stored tiles")
        draft = _draft(source, min(width / size[0], height / size[1]))
        columns, rows = _touched(source, box)
        tiles = len(columns) * len(rows)
        if width * height > MAX_DECODED_PX * draft * draft or tiles > self._max_tiles:
            raise InvalidInput(_TOO_LARGE)
        canvas = Image.new("RGB", (-(-width // draft), -(-height // draft)), BACKGROUND)
        numbers = (row * source.columns + column for row in rows for column in columns)
        tile_size = source.tile_width, source.tile_height
        for number, data in read_tiles(source.stored, numbers, self._read):
            row, column = divmod(number, source.columns)
            tile = decode(jpeg.complete(source.stored.head, data), tile_size, draft)
            left = (column * source.tile_width - x) // draft
            canvas.paste(tile, (left, (row * source.tile_height - y) // draft))
        return canvas if canvas.size == size else canvas.resize(size, Image.Resampling.BOX)


class FilePixels:
    """Reads through OpenSlide."""

    def __init__(self, slide: StagedSlide) -> None:
        self._slide = slide

    def region(self, level: int, box: Box, size: tuple[int, int]) -> Image.Image:
        """Return a region of a level; transparent places become background."""
        _, _, width, height = _checked(box)
        if width * height > MAX_DECODED_PX:
            raise InvalidInput(_TOO_LARGE)
        found = self._slide.region(level, box)
        image = Image.new("RGB", found.size, BACKGROUND)
        image.paste(found, mask=found.getchannel("A"))
        return image if image.size == size else image.resize(size, Image.Resampling.BOX)


_TOO_LARGE = "this view needs too many pixels at once: ask for smaller tiles or a finer level"


def decode(stream: bytes, size: tuple[int, int], draft: int = 1) -> Image.Image:
    """Decode a JPEG stream of ``size`` px to RGB, ``draft`` times smaller; raise DamagedSlide."""
    with _opened(stream, size) as image:
        if draft > 1:
            image.draft("RGB", (-(-image.width // draft), -(-image.height // draft)))
        return image.convert("RGB")


def crop(stream: bytes, width: int, height: int, tile_size: tuple[int, int]) -> bytes:
    """Cut the padding off a stored edge tile, encoded again with the tile's own tables.

    Same tables, colours and sampling keep the second encoding within rounding of the first.
    ``tile_size`` is what the tile's level promises; another size is damage.
    """
    with _opened(stream, tile_size) as image:
        cut = image.convert("RGB").crop((0, 0, width, height))
        target = io.BytesIO()
        cut.save(
            target,
            "JPEG",
            qtables=getattr(image, "quantization", None),
            subsampling=max(0, JpegImagePlugin.get_sampling(image)),
            keep_rgb=image.info.get("adobe_transform") == 0,
        )
        return target.getvalue()


@contextmanager
def _opened(stream: bytes, size: tuple[int, int] | None) -> Iterator[Image.Image]:
    """Open a tile's stream, undecoded; it must be of the size that was promised."""
    found = jpeg.frame_size(stream)[:2]
    if found != (size or found) or found[0] * found[1] > MAX_TILE_PX:
        raise DamagedSlide(
            f"a stored tile is {found[0]} x {found[1]} px"
            + (f", its level has tiles of {size[0]} x {size[1]} px" if size else "")
        )
    try:
        image = Image.open(io.BytesIO(stream), formats=["JPEG"])
        if image.size != found:  # Pillow goes by a stream's last frame header, decoders fail on two
            raise DamagedSlide("a stored tile cannot be decoded: it has several frames")
        yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DamagedSlide(f"a stored tile cannot be decoded: {error}") from None


def encode(image: Image.Image, quality: int = QUALITY) -> bytes:
    """Encode RGB pixels as JPEG."""
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()


def blank(width: int, height: int) -> bytes:
    """Return a tile of background for one that the scanner left out."""
    return encode(Image.new("RGB", (width, height), BACKGROUND))


def thumbnail(index: SlideIndex, pixels: Pixels, side: int) -> Image.Image:
    """Return the whole slide, at most ``side`` px wide and high, from the best level for it.

    It is made in stripes, so a slide without small levels costs time but not memory.
    """
    scale = min(1.0, side / max(index.width, index.height))
    width, height = max(1, round(index.width * scale)), max(1, round(index.height * scale))
    number = best_level(index, 1 / scale)
    level = index.levels[number]
    if level.columns * level.rows > MAX_THUMBNAIL_TILES:
        raise InvalidInput(_TOO_LARGE)
    draft = _draft(level, min(level.width / width, level.height / height)) if level.stored else 1
    whole = Image.new("RGB", (width, height), BACKGROUND)
    rows = _STRIPE_PX * draft * draft * height // (level.width * level.height)
    rows = max(1, min(height, rows))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = top * level.height // height, -(-bottom * level.height // height)
        box = (0, first, level.width, last - first)
        whole.paste(pixels.region(number, box, (width, bottom - top)), (0, top))
    return whole


def best_level(index: SlideIndex, downsample: float) -> int:
    """Return the coarsest level that is still at least as fine as ``downsample`` asks for."""
    fine_enough = (n for n in range(len(index.levels)) if index.downsample(n) <= downsample * 1.01)
    return max(fine_enough, default=0)


def _checked(box: Box) -> Box:
    if box[2] < 1 or box[3] < 1:
        raise InvalidInput("a region needs a width and a height of at least one px")
    return box


def _draft(level: Level, shrink: float) -> int:
    """Return the largest libjpeg reduction that keeps enough pixels and the tile grid whole."""
    fitting = (
        draft
        for draft in _DRAFTS
        if shrink >= draft and not level.tile_width % draft and not level.tile_height % draft
    )
    return next(fitting, 1)


def _touched(level: Level, box: Box) -> tuple[range, range]:
    """Return the columns and rows of the tiles that a box touches."""
    x, y, width, height = box
    right, bottom = -(-(x + width) // level.tile_width), -(-(y + height) // level.tile_height)
    columns = range(max(0, x // level.tile_width), min(level.columns, right))
    return columns, range(max(0, y // level.tile_height), min(level.rows, bottom))
