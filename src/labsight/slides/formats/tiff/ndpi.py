"""Reads the structure of Hamamatsu NDPI files.

An NDPI file is a TIFF file with one JPEG stream per level and focal plane. Tags and their meaning:
https://openslide.org/formats/hamamatsu/ and the registry of NDPI tags in tifffile.
"""

import re
from collections import defaultdict
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import pairwise
from math import isfinite

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.axes import Axes
from labsight.slides.formats import metadata
from labsight.slides.formats.metadata import ScanData
from labsight.slides.formats.pyramid import MAX_LEVELS
from labsight.slides.formats.structure import Picture, Structure
from labsight.slides.formats.tiff import stripped
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.ndpi_levels import LevelReader
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.index import Level

MAX_FOCAL_PLANES = 1024
_MACRO = -1.0  # what the lens tag says of the picture of the whole slide

# The property map holds free text too, so only what describes the scanner passes, and only in the
# form that scanners write.
PROPERTIES = ("Product", "NDP.S/N", "Objective.Lens.Magnificant", "target.white.intensity")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,39}")
_DATES = ("%Y:%m:%d %H:%M:%S", "%Y/%m/%d %H:%M:%S")


def read_ndpi(tiff: Tiff) -> Structure:
    """Read levels, focal planes and the macro picture; raise DamagedSlide.

    Every NDPI file counts as identifying: its macro shows the label, and a tag holds its text. A
    file of one fluorescence channel holds that channel's colour, not its intensity, so it has no
    channels.
    """
    images = [(_lens(tiff, directory), directory) for directory in tiff.directories]
    scan = _scan_data(tiff, max(images, key=lambda image: image[0])[1])
    macro = next((directory for lens, directory in images if lens == _MACRO), None)
    pictures: dict[str, Picture] = {}
    if macro is not None:
        pictures["macro"] = partial(stripped.from_tiff, tiff, macro)
    try:
        levels, axes = _levels(tiff, images)
    except UnsupportedSlide as error:
        return Structure(scan=scan, pictures=pictures, reason=error.message)
    return Structure(scan=scan, levels=levels, axes=axes, pictures=pictures)


def _lens(tiff: Tiff, directory: Directory) -> float:
    """Return the magnification of a level; 0 for what is none, below 0 for known pictures."""
    lens = tiff.real(directory, Code.NDPI_LENS) or 0
    return lens if isfinite(lens) else 0


def _levels(tiff: Tiff, images: list[tuple[float, Directory]]) -> tuple[tuple[Level, ...], Axes]:
    """Read the levels, finest first, with the focal planes that the finest one has."""
    planes = _by_lens(tiff, images)
    focuses = sorted(planes[0])
    # A level that lacks some of the planes cannot be shown beside the others.
    whole = [one for one in planes if one.keys() >= set(focuses)]
    if len(whole) > MAX_LEVELS or len(focuses) > MAX_FOCAL_PLANES:
        raise DamagedSlide(
            f"the slide has {len(whole)} levels of {len(focuses)} focal planes; at most "
            f"{MAX_LEVELS} and {MAX_FOCAL_PLANES} are read"
        )
    reader = LevelReader(tiff)
    levels = tuple(reader.read([one[focus] for focus in focuses]) for one in whole)
    if any(above.width <= below.width for above, below in pairwise(levels)):
        raise UnsupportedSlide("its levels do not get smaller with the lens")
    return levels, Axes(z=len(focuses), z_step=_step(focuses))


def _by_lens(tiff: Tiff, images: list[tuple[float, Directory]]) -> list[dict[int, Directory]]:
    """Return the directories of each level by focus (nm), the strongest lens first."""
    found: defaultdict[float, dict[int, Directory]] = defaultdict(dict)
    for lens, directory in images:
        if lens <= 0:
            continue
        focus = tiff.number(directory, Code.NDPI_FOCUS, 0)
        if focus in found[lens]:
            raise UnsupportedSlide(f"it has two images of lens {lens:g} at the same focus")
        found[lens][focus] = directory
    if not found:
        raise DamagedSlide("the NDPI file holds no level, only other pictures")
    return [found[lens] for lens in sorted(found, reverse=True)]


def _step(focuses: list[int]) -> float | None:
    """Return the distance of the focal planes in µm, None when they are not evenly spaced."""
    steps = {above - below for below, above in pairwise(focuses)}
    return steps.pop() / 1000 if len(steps) == 1 else None


def _scan_data(tiff: Tiff, finest: Directory) -> ScanData:
    mpp = metadata.resolution(
        tiff.ratio(finest, Code.X_RESOLUTION),
        tiff.ratio(finest, Code.Y_RESOLUTION),
        tiff.number(finest, Code.RESOLUTION_UNIT, 2),
    )
    lens = _lens(tiff, finest)
    return ScanData(
        vendor="hamamatsu",
        mpp=mpp,
        magnification=lens if lens > 0 else None,
        scanned_at=_date(tiff.text(finest, Code.DATE_TIME, 40)),
        properties=_properties(tiff, finest),
    )


def _date(text: str) -> str | None:
    for form in _DATES:
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).isoformat()  # noqa: DTZ007 - no zone is told
    return None


def _properties(tiff: Tiff, finest: Directory) -> dict[str, str]:
    lines = tiff.text(finest, Code.NDPI_PROPERTIES).splitlines()
    pairs = (line.partition("=") for line in lines)
    told = {name: value for name, equals, value in pairs if equals and name in PROPERTIES}
    told["Model"] = tiff.text(finest, Code.MODEL, 80)
    told["Software"] = tiff.text(finest, Code.SOFTWARE, 80)
    wavelength = tiff.real(finest, Code.NDPI_WAVELENGTH) or 0
    if 0 < wavelength < 10_000:
        told["EmissionWavelength"] = f"{wavelength:g}"
    return {name: value for name, value in told.items() if _PLAIN.fullmatch(value)}
