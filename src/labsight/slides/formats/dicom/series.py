"""Reads DICOM whole slide images (VL Whole Slide Microscopy, PS3.3 A.32.8) by range.

A slide is a series: one file for each level, often one for each channel or focal plane of a level,
and files for label, overview and thumbnail.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from PIL import Image

from labsight.errors import DamagedSlide, NotASlide, UnsupportedSlide
from labsight.slides.formats.dicom import levels, scan
from labsight.slides.formats.dicom.elements import is_dicom, series_of
from labsight.slides.formats.dicom.instance import (
    LABEL,
    OVERVIEW,
    THUMBNAIL,
    VOLUME,
    Instance,
    read_instance,
)
from labsight.slides.formats.dicom.tags import Tag
from labsight.slides.formats.pyramid import LeftToOpenSlide
from labsight.slides.formats.structure import Picture, Structure
from labsight.slides.pixels.decode import decode
from labsight.slides.pixels.runs import read_tiles
from labsight.slides.ranges import Bytes

__all__ = ["is_dicom", "read_dicom", "series_of"]

MAX_FILES = 4096
_SIDE_BY_SIDE = 8  # files that are read at a time
_PICTURES = {"label": LABEL, "macro": OVERVIEW}
_MAX_PICTURE_TILES = 4096
MAX_PICTURE_PX = 25_000_000  # the largest overviews of scanners have half of that


def read_dicom(files: Sequence[Bytes]) -> Structure:
    """Return the structure of one series, given in any order; chunks name files by their place.

    Raises NotASlide, DamagedSlide, and UnsupportedSlide for files that are no one slide. What is a
    slide but cannot be served by range has no levels and a reason.
    """
    if not 0 < len(files) <= MAX_FILES:
        raise UnsupportedSlide(
            f"the slide has {len(files):,} DICOM files, at most {MAX_FILES:,} are read"
        )
    with ThreadPoolExecutor(min(len(files), _SIDE_BY_SIDE)) as pool:
        read = list(pool.map(partial(_read, len(files)), range(len(files)), files))
    instances = _of_one_series(one for one in read if one is not None)
    whole = [one for one in instances if one.flavour in {VOLUME, THUMBNAIL}]
    sizes = levels.sizes_of(whole)
    finest = sizes[0][0]
    structure = Structure(
        scan=scan.scan_data(finest),
        pictures=_pictures(instances),
        icc=scan.icc_of(finest),
        identifying=len(instances) < len(files) or scan.identifying(instances),
    )
    try:
        built, axes = levels.build(sizes)
    except LeftToOpenSlide as left:
        return replace(structure, reason=str(left))
    return replace(structure, levels=built, axes=axes)


def _read(total: int, number: int, data: Bytes) -> Instance | None:
    """Read one file; say in errors which of several it is."""
    try:
        return read_instance(number, data)
    except (DamagedSlide, NotASlide, UnsupportedSlide) as error:
        if total == 1:
            raise
        raise type(error)(f"DICOM file {number + 1} of {total}: {error.message}") from None


def _of_one_series(read: Iterable[Instance]) -> list[Instance]:
    """Leave out copies of the same file, and see to it that the rest is one series."""
    instances: dict[str, Instance] = {}
    for one in read:
        instances.setdefault(one.text(Tag.SOP_INSTANCE_UID) or str(one.file), one)
    found = list(instances.values())
    flavours = sorted({one.flavour or "unnamed" for one in found})
    if VOLUME not in flavours:
        has = f"has only {', '.join(flavours)[:80]}" if flavours else "is another kind of DICOM"
        raise UnsupportedSlide(
            f"it holds no whole slide image: it {has}; add the file whose image type is VOLUME"
        )
    series = {one.text(Tag.SERIES_INSTANCE_UID) for one in found}
    if len(series) > 1:
        raise UnsupportedSlide(
            f"its DICOM files are of {len(series)} series: put the files of each slide in a folder "
            "of its own"
        )
    return found


def _pictures(instances: Sequence[Instance]) -> dict[str, Picture]:
    """Return what decodes label and macro, where the slide has one that can be decoded."""
    found: dict[str, Picture] = {}
    for name, flavour in _PICTURES.items():
        for one in instances:
            if one.flavour == flavour and one.pixels is not None and one.pixels.coding.bits == 8:
                found.setdefault(name, partial(_decoded, one))
    return found


def _decoded(one: Instance) -> Image.Image:
    """Decode a label or macro in RGB, put together from its frames; raise DamagedSlide."""
    grid = one.grid
    if grid.width * grid.height > MAX_PICTURE_PX or grid.count > _MAX_PICTURE_TILES:
        raise DamagedSlide(
            f"an associated image claims {grid.width} x {grid.height} px; at most "
            f"{MAX_PICTURE_PX:,} px are read"
        )
    try:
        picture = levels.picture_of([one])
    except LeftToOpenSlide as left:
        raise DamagedSlide(f"an associated image cannot be decoded: {left}") from None
    chunks = next(iter(picture.planes.values()))
    level = levels.level_of(picture, [chunks])
    whole = Image.new("RGB", (grid.width, grid.height), (255, 255, 255))
    for number, data in read_tiles(chunks, range(grid.count), one.data.read):
        row, column = divmod(number, grid.columns)
        tile = decode(level, chunks.head, data).convert("RGB")
        whole.paste(tile, (column * grid.chunk_width, row * grid.chunk_height))
    return whole
