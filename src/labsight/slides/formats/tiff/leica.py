"""Leica SCN: https://openslide.org/formats/leica/.

A collection of images, each with a view (where it lies, in nm) and dimensions: one directory for
each resolution, focal plane and channel. The image that covers the collection is the macro. The
largest of the others is what is shown; regions scanned beside it are counted, not shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from xml.etree import ElementTree as ET

from labsight.errors import DamagedSlide
from labsight.slides.axes import Axes, Channel
from labsight.slides.formats import bounded_xml, channels
from labsight.slides.formats.bounded_xml import text_of, whole
from labsight.slides.formats.metadata import ScanData, known, moment, plausible_mpp, positive
from labsight.slides.formats.pyramid import MAX_LEVELS, LeftToOpenSlide
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff import stripped
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.generic import icc_of
from labsight.slides.formats.tiff.generic import scan_data as tag_data
from labsight.slides.formats.tiff.grid import Source, grid_of
from labsight.slides.formats.tiff.levels import build
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.index import Coding

NAMESPACE = "http://www.leica-microsystems.com/scn/2010/"
MAX_PLANES = 4096  # of focal planes and channels
_SETTINGS = "{*}scanSettings/{*}illuminationSettings/{*}"


@dataclass(frozen=True)
class _Dimension:
    """One directory of an image."""

    width: int
    channel: int
    z: int
    directory: int


@dataclass(frozen=True)
class _Image:
    """One image; ``view`` is x, y, width, height in nm."""

    element: ET.Element
    view: tuple[int, int, int, int]
    dimensions: tuple[_Dimension, ...]

    @property
    def area(self) -> int:
        return self.view[2] * self.view[3]


def read_leica(tiff: Tiff) -> Structure:
    """Return the largest main image as levels, the macro and the label as pictures."""
    text = tiff.text(tiff.directories[0], Code.DESCRIPTION, bounded_xml.MAX_CHARACTERS)
    root = bounded_xml.parse(text)
    collection = None if root is None else root.find("{*}collection")
    if collection is None:
        raise LeftToOpenSlide("its Leica XML is damaged, or has no collection of images")
    whole_view = (0, 0, whole(collection.get("sizeX"), 0), whole(collection.get("sizeY"), 0))
    images = [one for one in map(_image, collection.iterfind("{*}image")) if one.dimensions]
    main = [one for one in images if one.view != whole_view]
    if not main:
        raise LeftToOpenSlide("its XML describes no image but the macro")
    shown = max(main, key=lambda one: one.area)
    planes = _levels(tiff, shown)
    first = next(one for one in planes[0] if one is not None)
    grid = grid_of(first.tiff, first.directory)
    if grid.apart > 1:
        raise LeftToOpenSlide("its samples are stored in separate planes")
    pictures = _pictures(tiff, collection, [one for one in images if one.view == whole_view])
    return Structure(
        scan=_scan_data(tiff, shown, first.directory, len(main)),
        levels=build(planes),
        axes=_axes(shown, grid.coding),
        pictures={name: partial(stripped.from_tiff, tiff, one) for name, one in pictures.items()},
        icc=icc_of(first.tiff, first.directory),
    )


def _image(image: ET.Element) -> _Image:
    view = image.find("{*}view")
    where = (0, 0, 0, 0)
    if view is not None:
        x, y = whole(view.get("offsetX"), 0), whole(view.get("offsetY"), 0)
        where = (x, y, whole(view.get("sizeX"), 0), whole(view.get("sizeY"), 0))
    found = tuple(
        _Dimension(
            whole(one.get("sizeX"), 0),
            whole(one.get("c"), 0),
            whole(one.get("z"), 0),
            whole(one.get("ifd"), -1),
        )
        for one in image.iterfind("{*}pixels/{*}dimension")
    )
    return _Image(image, where, found)


def _extent(image: _Image) -> tuple[int, int]:
    """Return how many channels and focal planes an image has."""
    if min(min(one.channel, one.z) for one in image.dimensions) < 0:
        raise DamagedSlide("its XML counts channels or focal planes from below zero")
    count = max(one.channel for one in image.dimensions) + 1
    deep = max(one.z for one in image.dimensions) + 1
    if count * deep > MAX_PLANES:
        raise DamagedSlide(f"its XML describes {count} channels in {deep} focal planes")
    return count, deep


def _levels(tiff: Tiff, image: _Image) -> list[list[Source | None]]:
    """Return the planes of each resolution, finest first."""
    count, deep = _extent(image)
    widths = {one.width for one in image.dimensions}
    if len(widths) > MAX_LEVELS:
        raise DamagedSlide(f"its XML describes {len(widths)} levels; at most {MAX_LEVELS} are read")
    levels: dict[int, list[Source | None]] = {}
    for one in image.dimensions:
        planes = levels.setdefault(one.width, [None] * (count * deep))
        planes[one.z * count + one.channel] = Source(tiff, _directory(tiff, one.directory))
    return [levels[width] for width in sorted(levels, reverse=True)]


def _directory(tiff: Tiff, number: int) -> Directory:
    if not 0 <= number < len(tiff.directories):
        raise DamagedSlide(
            f"its XML names image {number} of a file that has {len(tiff.directories)}"
        )
    return tiff.directories[number]


def _axes(image: _Image, coding: Coding) -> Axes:
    count, deep = _extent(image)
    view = image.element.find("{*}view")
    step = positive(view.get("spacingZ")) if view is not None and deep > 1 else None
    told = channels.plain(coding, count)
    if told.channels:
        told = replace(told, channels=_named(image.element, told.channels))
    return replace(told, z=deep, z_step=step / 1000 if step else None)


def _named(image: ET.Element, shown: Sequence[Channel]) -> tuple[Channel, ...]:
    """Give channels the names and colours that the settings of the scan have for them."""
    named = list(shown)
    for place, one in enumerate(image.iterfind("{*}scanSettings/{*}channelSettings/{*}channel")):
        number = whole(one.get("index"), place)
        if 0 <= number < len(named):
            colour = (one.get("rgb") or "").lstrip("#").upper()
            usable = len(colour) == 6 and set(colour) <= set("0123456789ABCDEF")
            named[number] = Channel(
                channels.name_of(one.get("name") or "", number),
                colour if usable else named[number].colour,
            )
    return tuple(named)


def _pictures(tiff: Tiff, collection: ET.Element, macros: Sequence[_Image]) -> dict[str, Directory]:
    """Return the finest macro, the brightfield one of two, and supplemental pictures."""
    found = {}
    bright = [one for one in macros if _source_of_light(one) == "brightfield"] or list(macros)
    if bright:
        dimensions = (one for one in bright[0].dimensions if (one.channel, one.z) == (0, 0))
        finest = max(dimensions, key=lambda one: one.width, default=None)
        if finest is not None:
            found["macro"] = _directory(tiff, finest.directory)
    for one in collection.iterfind("{*}supplementalImage"):
        name = one.get("type", "").lower()
        if name in {"label", "macro"} and name not in found:
            found[name] = _directory(tiff, whole(one.get("ifd"), -1))
    return found


def _source_of_light(image: _Image) -> str:
    return text_of(image.element, _SETTINGS + "illuminationSource")


def _scan_data(tiff: Tiff, image: _Image, finest: Directory, main_images: int) -> ScanData:
    device = image.element.find("{*}device")
    told = {} if device is None else device.attrib
    width = max(one.width for one in image.dimensions)
    nm = image.view[2] / width if width else 0
    return ScanData(
        vendor="leica",
        mpp=tag_data(tiff, finest).mpp or plausible_mpp(nm / 1000, nm / 1000),
        magnification=positive(
            text_of(image.element, "{*}scanSettings/{*}objectiveSettings/{*}objective")
        ),
        scanned_at=moment(text_of(image.element, "{*}creationDate")),
        properties=known(
            {
                "DeviceModel": told.get("model"),
                "DeviceVersion": told.get("version"),
                "NumericalAperture": text_of(image.element, _SETTINGS + "numericalAperture"),
                "IlluminationSource": _source_of_light(image),
                "images": str(main_images) if main_images > 1 else None,
            }
        ),
    )
