"""Draws what a IIIF request asks for."""

from collections.abc import Callable

from PIL import Image

from labsight.errors import InvalidInput
from labsight.slides.geometry import best_level, exact_factor
from labsight.slides.index import SlideIndex
from labsight.slides.pixels import encode
from labsight.slides.pixels.render import Pixels
from labsight.slides.view import View
from labsight.tiles.iiif_request import Box, ImageRequest, Size

# A level may have 16 times the px of the largest picture, where levels go in steps of four; what
# needs more would take a slide without small levels, and minutes.
MAX_SOURCE_PX = 1 << 28
# Of all channels together: 16-bit samples take 15 s, and who asks is answered within 29.
MAX_SOURCE_SAMPLES = 1 << 30
_STRIPE_PX = 32_000_000  # read at once
_ENCODERS = {"jpg": encode.jpeg, "png": encode.png, "webp": encode.webp}
_WHITE_FROM = 128  # of 255: no dithering, whose patterns would not go on in the next tile


def draw(
    index: SlideIndex,
    pixels: Pixels,
    request: ImageRequest,
    view: View,
    change: Callable[[Image.Image], Image.Image] | None = None,
) -> bytes:
    """Return the picture, encoded; ``change`` is done to its RGB pixels, as to another profile.

    Raises InvalidInput when the slide has no level small enough to draw from in bounded time.
    """
    image = _scaled(index, pixels, request, view)
    if change is not None:
        image = change(image)
    return _ENCODERS[request.form](_toned(_turned(image, request), request.quality))


def _scaled(index: SlideIndex, pixels: Pixels, request: ImageRequest, view: View) -> Image.Image:
    """Read the region from the level that is just fine enough, in stripes that bound memory."""
    _, _, width, height = request.box
    number = best_level(index, min(width / request.size[0], height / request.size[1]))
    left, top, wide, high = _box_in(index, number, request.box)
    samples = wide * high * max(1, len(view.channels))
    if wide * high > MAX_SOURCE_PX or samples > MAX_SOURCE_SAMPLES:
        raise InvalidInput(
            "this slide has no level small enough for a picture of this region at this size: ask "
            "for a smaller region, for a larger size, or for fewer channels"
        )
    # What is to be enlarged is read as it is: box filters, right for shrinking, would show squares.
    size = min(wide, request.size[0]), min(high, request.size[1])
    rows = max(1, _STRIPE_PX * size[1] // (wide * high))
    whole = Image.new("RGB", size)
    for start in range(0, size[1], rows):
        end = min(start + rows, size[1])
        first, last = start * high // size[1], -(-end * high // size[1])
        box = left, top + first, wide, last - first
        whole.paste(pixels.region(number, box, (size[0], end - start), view), (0, start))
    return whole if size == request.size else whole.resize(request.size, Image.Resampling.BICUBIC)


def _box_in(index: SlideIndex, number: int, box: Box) -> Box:
    """Return a box of the full size in px of a level, at least one px wide and high."""
    level = index.levels[number]
    factor = exact_factor(index, number)
    x, y, width, height = box
    left, right = _edges((x, x + width), (index.width, level.width), factor)
    top, bottom = _edges((y, y + height), (index.height, level.height), factor)
    return left, top, right - left, bottom - top


def _edges(asked: Size, sides: Size, factor: int | None) -> Size:
    """Return the first px of a level, along one axis, and the one after the last."""
    full, own = sides
    over = full / own if factor is None else factor
    start = min(own - 1, int(asked[0] / over + 0.5))
    # The last px of a level stands for what is left of the slide, be it rounded up or down.
    end = own if asked[1] == full else min(own, int(asked[1] / over + 0.5))
    return start, max(start + 1, end)


def _turned(image: Image.Image, request: ImageRequest) -> Image.Image:
    """Mirror, then turn clockwise; Pillow turns the other way."""
    if request.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turns = {
        90: Image.Transpose.ROTATE_270,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_90,
    }
    return image.transpose(turns[request.rotation]) if request.rotation else image


def _toned(image: Image.Image, quality: str) -> Image.Image:
    if quality == "gray":
        return image.convert("L")
    if quality == "bitonal":
        return image.convert("L").point([0] * _WHITE_FROM + [255] * (256 - _WHITE_FROM))
    return image
