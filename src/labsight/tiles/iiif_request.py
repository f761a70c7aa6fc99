"""Reads a IIIF image request: which part of the slide, how large, how turned, in which form.

Each rule is of the IIIF Image API 3.0, section 4: https://iiif.io/api/image/3.0/#4-image-requests.
All arithmetic is in whole numbers, so that a text of any length and value costs the same.
"""

import re
from dataclasses import dataclass
from math import isqrt
from typing import NoReturn

from labsight.errors import InvalidInput
from labsight.keys import printable
from labsight.slides.index import SlideIndex

Box = tuple[int, int, int, int]
Size = tuple[int, int]

QUALITIES = ("default", "color", "gray", "bitonal")
CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

# Decimals are held as whole numbers of 10**-12; what is longer says nothing about pixels.
_DECIMALS = 12
_ONE = 10**12
_DECIMAL = rf"([0-9]{{1,9}}(?:\.[0-9]{{0,{_DECIMALS}}})?|\.[0-9]{{1,{_DECIMALS}}})"
_REGION_PX = re.compile(",".join([r"([0-9]{1,15})"] * 4))
_REGION_PCT = re.compile("pct:" + ",".join([_DECIMAL] * 4))
_SIZE = re.compile(rf"(\^?)(?:(max)|pct:{_DECIMAL}|(!?)([0-9]{{1,9}})?,([0-9]{{1,9}})?)")
_ROTATION = re.compile(rf"(!?){_DECIMAL}")

_REGION_HOW = "use full, square, x,y,w,h (px) or pct:x,y,w,h"
_SIZE_HOW = "use max, w,  ,h  w,h  !w,h or pct:n, with ^ in front to enlarge"
_ROTATION_HOW = "use 0, 90, 180 or 270, with ! in front to mirror"


@dataclass(frozen=True)
class Limits:
    """The largest picture that is drawn, before it is turned: px, px and px in area.

    16.8 million px are about 3 MB of tissue as JPEG, which a function in AWS can still answer with
    (6 MB, a third of it base64).
    """

    width: int = 8192
    height: int = 8192
    area: int = 1 << 24

    def hold(self, size: Size) -> bool:
        """Whether a picture is within the limits."""
        wide, high = size
        return wide <= self.width and high <= self.height and wide * high <= self.area


LIMITS = Limits()


@dataclass(frozen=True)
class ImageRequest:
    """What is to be drawn.

    ``box`` is x, y, width, height in px of the slide's full size, inside it. ``size`` is in px
    before the turn by ``rotation`` (0, 90, 180, 270 degrees clockwise), which comes after
    mirroring left to right. ``quality`` is ``default`` also where another name means the same.
    ``canonical`` is the path, from the region on, that all requests for this picture share
    (section 4.8).
    """

    box: Box
    size: Size
    rotation: int
    mirrored: bool
    quality: str
    form: str
    canonical: str


def parse(
    index: SlideIndex,
    region: str,
    size: str,
    rotation: str,
    quality: str,
    form: str,
    limits: Limits = LIMITS,
) -> ImageRequest:
    """Read the five parameters; raise InvalidInput naming the one that is wrong."""
    full = index.width, index.height
    box = _region(region, full)
    area = box[2], box[3]
    drawn = _size(size, area, limits)
    mirrored, angle = _rotation(rotation)
    name = _quality(index, quality)
    if form not in CONTENT_TYPES:
        _refuse("format", form, f"use one of {', '.join(CONTENT_TYPES)}")
    where = "full" if area == full else ",".join(map(str, box))
    turn = f"{'!' if mirrored else ''}{angle}"
    canonical = f"{where}/{_canonical_size(drawn, area, limits)}/{turn}/{name}.{form}"
    return ImageRequest(box, drawn, angle, mirrored, name, form, canonical)


def is_grey(index: SlideIndex) -> bool:
    """Whether the slide has no colours to show: one grey sample, and no channel to colour it."""
    coding = index.levels[0].coding
    return not index.axes.channels and coding is not None and coding.colour in {"grey", "inverted"}


def fit(region: Size, into: Size, limits: Limits, *, enlarge: bool) -> Size:
    """Return the largest size of a region's shape within a box and the limits, at least 1 x 1 px.

    Without ``enlarge`` it is not larger than the region.
    """
    wide, high = region
    most_wide, most_high = min(into[0], limits.width), min(into[1], limits.height)
    if not enlarge:
        most_wide, most_high = min(most_wide, wide), min(most_high, high)
    if most_wide * high <= most_high * wide:
        found = most_wide, _rounded(high * most_wide, wide)
    else:
        found = _rounded(wide * most_high, high), most_high
    if found[0] * found[1] > limits.area:  # both rounded down, so that the product stays below
        found = isqrt(limits.area * wide // high), isqrt(limits.area * high // wide)
    return max(1, found[0]), max(1, found[1])


def _region(text: str, full: Size) -> Box:
    """Return the part that is asked for, cut to the slide (section 4.1)."""
    if text == "full":
        return (0, 0, *full)
    if text == "square":
        side = min(full)
        return (full[0] - side) // 2, (full[1] - side) // 2, side, side
    if match := _REGION_PX.fullmatch(text):
        x, y, width, height = map(int, match.groups())
        left, top, right, bottom = x, y, x + width, y + height
    elif match := _REGION_PCT.fullmatch(text):
        # Both edges are rounded, so that parts which share an edge share no pixel and leave none.
        x, y, width, height = map(_decimal, match.groups())
        left, right = (_rounded(full[0] * edge, 100 * _ONE) for edge in (x, x + width))
        top, bottom = (_rounded(full[1] * edge, 100 * _ONE) for edge in (y, y + height))
    else:
        _refuse("region", text, _REGION_HOW)
    right, bottom = min(right, full[0]), min(bottom, full[1])
    if left >= right or top >= bottom:
        _refuse("region", text, f"no pixel of this slide of {full[0]} x {full[1]} px lies in it")
    return left, top, right - left, bottom - top


def _size(text: str, region: Size, limits: Limits) -> Size:
    """Return how large the region is to be drawn (section 4.2)."""
    match = _SIZE.fullmatch(text)
    if match is None:
        _refuse("size", text, _SIZE_HOW)
    enlarge = bool(match[1])
    if match[2]:
        return fit(region, (limits.width, limits.height), limits, enlarge=enlarge)
    if match[4]:
        return _confined(text, match, region, limits, enlarge=enlarge)
    wanted = _wanted(text, match, region)
    if min(wanted) < 1:
        _refuse("size", text, "the picture would have no pixel")
    percent = match[3]
    too_large = wanted[0] > region[0] or wanted[1] > region[1]
    if not enlarge and (too_large or (percent and _decimal(percent) > 100 * _ONE)):
        _refuse("size", text, _larger(region))
    if not limits.hold(wanted):
        _refuse(
            "size",
            text,
            f"a picture has at most {limits.width} x {limits.height} px and {limits.area} px in "
            f"all, this would have {wanted[0]} x {wanted[1]}",
        )
    return wanted


def _wanted(text: str, match: re.Match[str], region: Size) -> Size:
    """Return what ``pct:n``, ``w,``, ``,h`` and ``w,h`` name."""
    wide, high = region
    if match[3]:
        share = _decimal(match[3])
        return _rounded(wide * share, 100 * _ONE), _rounded(high * share, 100 * _ONE)
    if match[5] and match[6]:
        return int(match[5]), int(match[6])
    if match[5]:
        return int(match[5]), _rounded(high * int(match[5]), wide)
    if not match[6]:
        _refuse("size", text, _SIZE_HOW)
    return _rounded(wide * int(match[6]), high), int(match[6])


def _confined(
    text: str, match: re.Match[str], region: Size, limits: Limits, *, enlarge: bool
) -> Size:
    """Return what ``!w,h`` names.

    A box that is larger than the region both ways is refused without ``^``. The text of the
    specification would allow the region's own size there; its validator does not (test
    ``size_noup``), and neither do the servers that pass it.
    """
    into = int(match[5] or 0), int(match[6] or 0)
    if min(into) < 1:
        _refuse("size", text, "!w,h needs a width and a height of at least 1 px")
    if not enlarge and into[0] > region[0] and into[1] > region[1]:
        _refuse("size", text, _larger(region))
    return fit(region, into, limits, enlarge=enlarge)


def _rotation(text: str) -> tuple[bool, int]:
    """Return whether to mirror, and the angle in degrees (section 4.3)."""
    match = _ROTATION.fullmatch(text)
    angle = _decimal(match[2]) if match else -1
    if match is None or angle > 360 * _ONE or angle % (90 * _ONE):
        _refuse("rotation", text, _ROTATION_HOW)
    return bool(match[1]), (angle // _ONE) % 360


def _quality(index: SlideIndex, text: str) -> str:
    """Return the quality; what the slide looks like anyway is ``default`` (section 4.4)."""
    if text not in QUALITIES:
        _refuse("quality", text, f"use one of {', '.join(QUALITIES)}")
    same = {"color", "gray"} if is_grey(index) else {"color"}
    return "default" if text in same else text


def _canonical_size(size: Size, region: Size, limits: Limits) -> str:
    """Return the size in the one form that the specification prefers (section 4.8)."""
    everything = limits.width, limits.height
    if size == fit(region, everything, limits, enlarge=False):
        return "max"
    if size == fit(region, everything, limits, enlarge=True):
        return "^max"
    larger = size[0] > region[0] or size[1] > region[1]
    return f"{'^' if larger else ''}{size[0]},{size[1]}"


def _larger(region: Size) -> str:
    return (
        f"it is larger than the region of {region[0]} x {region[1]} px; put ^ in front to enlarge, "
        "or use max"
    )


def _decimal(text: str) -> int:
    """Return a decimal number that ``_DECIMAL`` matched, in parts of 10**-12."""
    whole, _, rest = text.partition(".")
    return int(whole or 0) * _ONE + int(rest.ljust(_DECIMALS, "0"))


def _rounded(value: int, by: int) -> int:
    """Return value / by, rounded to the nearest, halves up."""
    return (2 * value + by) // (2 * by)


def _refuse(name: str, text: str, why: str) -> NoReturn:
    raise InvalidInput(f"{name}={printable(text[:40])}: {why}")
