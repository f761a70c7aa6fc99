"""Shows samples as colours: each channel through its window in its colour, all added up."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from PIL import Image, ImageChops

from labsight.slides.view import Shown

# What is darker or brighter than all but these shares of the samples is shown as black and full:
# dust and dead px must not decide how the rest looks.
_DARK, _BRIGHT = 0.001, 0.998
_FAR = 1 << 20  # far outside of 16 bits; keeps products within 32 bits


def compose(planes: Sequence[tuple[Image.Image, Shown]]) -> Image.Image:
    """Return RGB: ``planes`` (L or I;16, all of one size; at least one) in their colours, added.

    Sums stop at 255. A window of equal or turned values means the full range of the samples.
    """
    bands: list[Image.Image | None] = [None, None, None]
    for image, shown in planes:
        grey, window = _eight_bits(image, shown.window)
        parts: dict[int, Image.Image] = {}
        for number, full in enumerate(bytes.fromhex(shown.colour)):
            if not full:
                continue
            if full not in parts:
                parts[full] = _mapped(grey, window, full)
            before = bands[number]
            bands[number] = parts[full] if before is None else ImageChops.add(before, parts[full])
    size = planes[0][0].size
    return Image.merge("RGB", [Image.new("L", size) if one is None else one for one in bands])


def window_of(image: Image.Image) -> tuple[float, float]:
    """Return sample values to show as black and as full, so that dust does not decide.

    A picture of one value gets the full range of its samples.
    """
    if image.mode == "I;16":
        found = Counter(memoryview(image.tobytes()).cast("H"))
    else:
        grey = _grey(image)
        found = Counter(dict(enumerate(grey.histogram())))
    values = sorted(value for value, count in found.items() if count)
    sums = list(accumulate(found[value] for value in values))
    low = next(v for v, total in zip(values, sums, strict=True) if total > _DARK * sums[-1])
    high = next(v for v, total in zip(values, sums, strict=True) if total >= _BRIGHT * sums[-1])
    high = high if high > low else values[-1]  # a few bright px on a ground of one value
    return (low, high) if high > low else (0, _full(image))


def _full(image: Image.Image) -> int:
    return 65535 if image.mode == "I;16" else 255


def _grey(image: Image.Image) -> Image.Image:
    """Return L: of a channel stored in colour, the brightest of R, G and B."""
    if image.mode == "L":
        return image
    red, green, blue = image.convert("RGB").split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _eight_bits(
    image: Image.Image, window: tuple[float, float]
) -> tuple[Image.Image, tuple[float, float]]:
    """Return L and the window that is still to be applied."""
    low, high = window if window[0] < window[1] else (0, _full(image))
    if image.mode != "I;16":
        return _grey(image), (low, high)
    low = max(-_FAR, min(_FAR, low))
    scale = 255 / max(1, min(_FAR, high) - low)
    offset = 0.5 - low * scale
    # 32 bits in between: Pillow's arithmetic on 16 bits wraps around, its way to 8 bits clips.
    samples = image.convert("I").point(lambda sample: sample * scale + offset)
    return samples.convert("L"), (0, 255)


def _mapped(grey: Image.Image, window: tuple[float, float], full: int) -> Image.Image:
    """Return 8-bit samples through a window, the highest as ``full``."""
    low, high = window
    unchanged = low == 0 and high == full == 255
    return grey if unchanged else grey.point(_table(low, high, full))


@lru_cache(maxsize=256)
def _table(low: float, high: float, full: int) -> list[int]:
    scale = 1 / (high - low)
    return [round(full * min(1.0, max(0.0, (value - low) * scale))) for value in range(256)]
