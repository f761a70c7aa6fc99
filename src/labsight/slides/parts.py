"""Takes out of a slide file what the archive keeps of it: index, label, macro and thumbnail."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from PIL import Image

from labsight.errors import DamagedSlide, InvalidInput, NotASlide, UnsupportedSlide
from labsight.objects import ObjectInfo, ObjectStore
from labsight.slides import associated, metadata, render
from labsight.slides.index import Associated, Level, SlideIndex
from labsight.slides.layout import TiffLayout, read_layout
from labsight.slides.metadata import ScanData
from labsight.slides.ranges import ObjectBytes
from labsight.slides.render import FilePixels, Pixels, StoredPixels
from labsight.slides.scratch import Scratch
from labsight.slides.staged import StagedSlide
from labsight.slides.tiff import Tiff

THUMBNAIL_SIDE = 512  # px
FILE_TILE = 256  # px, for slides without a tile grid of their own

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """What is kept of a slide; ``pictures`` by name, the thumbnail always among them."""

    index: SlideIndex
    pictures: dict[str, Image.Image]


def read_parts(store: ObjectStore, scratch: Scratch, info: ObjectInfo) -> Parts:
    """Read a slide: by range where its tiles can be served as stored, else through OpenSlide.

    Raises NotASlide, DamagedSlide or UnsupportedSlide, and what the store raises.
    """
    if not info.size:
        raise NotASlide("the file is empty")
    data = ObjectBytes(store, info)
    try:
        tiff = Tiff(data)
    except NotASlide:
        return _from_file(scratch, info, None)
    layout = read_layout(tiff)
    if layout.levels:
        return _from_ranges(info, data, tiff, layout)
    return _from_file(scratch, info, layout)


def _from_ranges(info: ObjectInfo, data: ObjectBytes, tiff: Tiff, layout: TiffLayout) -> Parts:
    index = _index(info, layout.scan, layout.levels, icc_profile=layout.icc_profile)
    pictures = _pictures(
        lambda name: associated.from_tiff(tiff, layout.associated[name]),
        [name for name in ("label", "macro") if name in layout.associated],
    )
    pixels = StoredPixels(index, data.read, max_tiles=render.MAX_THUMBNAIL_TILES)
    return _parts(index, pictures, pixels)


def _from_file(scratch: Scratch, info: ObjectInfo, layout: TiffLayout | None) -> Parts:
    """Read what only OpenSlide can; say what the file itself told when it cannot either."""
    try:
        slide = scratch.slide(info.key, info.etag, info.size)
    except NotASlide:
        if layout is None:
            raise
        raise UnsupportedSlide(
            f"it is a TIFF file, but {layout.reason}, and OpenSlide does not know it either"
        ) from None
    pictures = _pictures(
        lambda name: associated.from_openslide(slide, name),
        [name for name in ("label", "macro") if name in slide.associated],
    )
    return _parts(_file_index(info, slide, layout), pictures, FilePixels(slide))


def _parts(index: SlideIndex, pictures: dict[str, Image.Image], pixels: Pixels) -> Parts:
    try:
        thumbnail = render.thumbnail(index, pixels, THUMBNAIL_SIDE)
    except InvalidInput:
        raise UnsupportedSlide(
            f"it has {index.width} x {index.height} px and no smaller level, too much to show as a "
            "whole; export it again as a pyramid"
        ) from None
    kept = {"thumbnail": thumbnail, **pictures}
    listed = tuple(Associated(name, image.width, image.height) for name, image in kept.items())
    return Parts(replace(index, associated=listed), kept)


def _pictures(read: Callable[[str], Image.Image], names: list[str]) -> dict[str, Image.Image]:
    """Read the pictures that can be read: a damaged label does not keep a slide from being seen."""
    found = {}
    for name in names:
        try:
            found[name] = read(name)
        except DamagedSlide as error:
            _log.warning("left out the %s image: %s", name, error)
    return found


def _file_index(info: ObjectInfo, slide: StagedSlide, layout: TiffLayout | None) -> SlideIndex:
    properties = slide.properties
    number = metadata.positive
    mpp = metadata.plausible_mpp(
        number(properties.get("openslide.mpp-x")), number(properties.get("openslide.mpp-y"))
    )
    scan = layout.scan if layout else ScanData()
    vendor = properties.get("openslide.vendor")
    scan = replace(
        scan,
        vendor=None if vendor == "generic-tiff" else vendor,
        mpp=mpp or scan.mpp,
        magnification=number(properties.get("openslide.objective-power")) or scan.magnification,
    )
    levels = tuple(Level(width, height, FILE_TILE, FILE_TILE) for width, height in slide.levels)
    return _index(info, scan, levels, icc_profile="openslide.icc-size" in properties)


def _index(
    info: ObjectInfo, scan: ScanData, levels: tuple[Level, ...], *, icc_profile: bool
) -> SlideIndex:
    return SlideIndex(
        key=info.key,
        etag=info.etag,
        size=info.size,
        format=PurePosixPath(info.key).suffix.lstrip(".").lower()[:16],
        levels=levels,
        vendor=scan.vendor,
        mpp=scan.mpp,
        magnification=scan.magnification,
        scanned_at=scan.scanned_at,
        image_id=scan.image_id,
        icc_profile=icc_profile,
        properties=scan.properties,
    )
