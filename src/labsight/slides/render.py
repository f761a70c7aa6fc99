"""Turns slides into pixels: the path for everything that cannot be sent as it is stored."""

import io
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import openslide
from PIL import Image, JpegImagePlugin

from labsight.errors import DamagedSlide, InvalidInput
from labsight.slides import jpeg
from labsight.slides.index import Level, SlideIndex, StoredTiles

QUALITY = 80
BACKGROUND = (255, 255, 255)
# One region may cost this many px to decode: about 400 MB and a few seconds at the worst.
MAX_DECODED_PX = 100_000_000
_STRIPE_PX = 32_000_000
_DRAFTS = (8, 4, 2)  # sizes at which libjpeg decodes for a fraction of the work

Box = tuple[int, int, int, int]
ReadBytes = Callable[[int, int], bytes]


class Pixels(Protocol):
    """Pixels of one slide."""

    def region(self, level: int, box: Box, size: tuple[int, int]) -> Image.Image:
        """Return ``box`` (x, y, width, height in px of ``level``) as RGB of ``size`` px."""
        ...


class StoredPixels:
    """Decodes the stored JPEG tiles that a region touches, at the smallest size that serves."""

    def __init__(self, index: SlideIndex, read: ReadBytes) -> None:
        self._index = index
        self._read = read

    def region(self, level: int, box: Box, size: tuple[int, int]) -> Image.Image:
        """Return a region of a stored level."""
        number, box = level, _checked(box)
        stored_level = self._index.level(number)
        stored = stored_level.stored
        if stored is None:
            raise InvalidInput(f"level {number} of this slide has no stored tiles")
        draft = _draft(stored_level, box, size)
        x, y, width, height = box
        canvas = Image.new("RGB", (-(-width // draft), -(-height // draft)), BACKGROUND)
        for column, row in _touched(stored_level, box):
            tile = self._tile(stored, row * stored_level.columns + column, draft)
            if tile is not None:
                left = (column * stored_level.tile_width - x) // draft
                top = (row * stored_level.tile_height - y) // draft
                canvas.paste(tile, (left, top))
        return canvas if canvas.size == size else canvas.resize(size, Image.Resampling.BOX)

    def _tile(self, stored: StoredTiles, number: int, draft: int) -> Image.Image | None:
        length = stored.lengths[number]
        if not length:
            return None
        stream = jpeg.complete(stored.head, self._read(stored.offsets[number], length))
        return decode(stream, draft)


class FilePixels:
    """Reads through OpenSlide."""

    def __init__(self, slide: openslide.OpenSlide) -> None:
        self._slide = slide
        self._lock = threading.Lock()

    def region(self, level: int, box: Box, size: tuple[int, int]) -> Image.Image:
        """Return a region of a level; transparent places become background."""
        x, y, width, height = _checked(box)
        if width * height > MAX_DECODED_PX:
            raise InvalidInput(_TOO_LARGE)
        factor = self._slide.level_downsamples[level]
        try:
            with self._lock:
                found = self._slide.read_region(
                    (round(x * factor), round(y * factor)), level, (width, height)
                )
        except openslide.OpenSlideError as error:
            raise DamagedSlide(f"OpenSlide cannot read a region of the file: {error}") from None
        image = Image.new("RGB", found.size, BACKGROUND)
        image.paste(found, mask=found.getchannel("A"))
        return image if image.size == size else image.resize(size, Image.Resampling.BOX)


_TOO_LARGE = "this view needs too many pixels at once: ask for smaller tiles or a finer level"


def decode(stream: bytes, draft: int = 1) -> Image.Image:
    """Decode a JPEG stream to RGB, ``draft`` times smaller; raise DamagedSlide."""
    try:
        image = Image.open(io.BytesIO(stream), formats=["JPEG"])
        if draft > 1:
            image.draft("RGB", (-(-image.width // draft), -(-image.height // draft)))
        return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DamagedSlide(f"a stored tile cannot be decoded: {error}") from None


def crop(stream: bytes, width: int, height: int) -> bytes:
    """Cut the padding off a stored edge tile, encoded again with the tile's own tables.

    Same tables, colours and sampling keep the second encoding within rounding of the first.
    """
    try:
        image = Image.open(io.BytesIO(stream), formats=["JPEG"])
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
    whole = Image.new("RGB", (width, height), BACKGROUND)
    rows = max(1, min(height, _STRIPE_PX * height // (level.width * level.height)))
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


def _draft(level: Level, box: Box, size: tuple[int, int]) -> int:
    """Return the largest libjpeg reduction that keeps enough pixels and the tile grid whole."""
    shrink = min(box[2] / size[0], box[3] / size[1])
    for draft in _DRAFTS:
        if shrink >= draft and not level.tile_width % draft and not level.tile_height % draft:
            break
    else:
        draft = 1
    if box[2] * box[3] > MAX_DECODED_PX * draft * draft:
        raise InvalidInput(_TOO_LARGE)
    return draft


def _touched(level: Level, box: Box) -> Iterator[tuple[int, int]]:
    x, y, width, height = box
    columns = range(
        max(0, x // level.tile_width), min(level.columns, -(-(x + width) // level.tile_width))
    )
    rows = range(
        max(0, y // level.tile_height), min(level.rows, -(-(y + height) // level.tile_height))
    )
    return ((column, row) for row in rows for column in columns)
