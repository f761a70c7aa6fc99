"""Philips TIFF: https://openslide.org/formats/philips/.

The sizes in its directories count the padding of the last tiles, by another share at each level, so
the levels' real sizes are worked out from the pixel spacings in the XML. The finest level keeps its
padding, for nothing tells how much it has.
"""

import base64
import binascii
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from math import isfinite
from xml.etree import ElementTree as ET

from PIL import Image

from labsight.errors import DamagedSlide
from labsight.slides.formats import bounded_xml, channels
from labsight.slides.formats.metadata import ScanData, known, plausible_mpp
from labsight.slides.formats.pyramid import LeftToOpenSlide
from labsight.slides.formats.structure import Picture, Structure
from labsight.slides.formats.tiff import stripped
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.generic import icc_of, planes_of
from labsight.slides.formats.tiff.grid import Size, grid_of, size_of
from labsight.slides.formats.tiff.levels import build
from labsight.slides.formats.tiff.tags import Code, Directory

MARK = "Philips"  # how the Software tag begins
MAX_XML = 32 << 20  # characters; label and macro are in it as base64
_REDUCED = 1  # NewSubfileType, bit 0
_SPACING = "DICOM_PIXEL_SPACING"
_PICTURES = {"label": ("Label", "LABELIMAGE"), "macro": ("Macro", "MACROIMAGE")}
_MAX_DOWNSAMPLE = 1 << 16


def is_philips(tiff: Tiff) -> bool:
    """Whether a file says that Philips software wrote it, and describes itself in XML."""
    first = tiff.directories[0]
    software = tiff.text(first, Code.SOFTWARE, len(MARK))
    return software == MARK and "<DataObject" in tiff.text(first, Code.DESCRIPTION, 1000)


def read_philips(tiff: Tiff) -> Structure:
    """Return the tiled images as levels of their real sizes, label and macro as pictures."""
    text = tiff.text(tiff.directories[0], Code.DESCRIPTION, MAX_XML)
    root = bounded_xml.parse(text, MAX_XML)
    if root is None or root.get("ObjectType") != "DPUfsImport":
        raise LeftToOpenSlide("its Philips XML is damaged or too long")
    slides = list(_scanned(root, "WSI"))
    if len(slides) != 1:
        raise LeftToOpenSlide(f"its XML describes {len(slides)} slides, not one")
    directories = _levels(tiff)
    spacings = _spacings(slides[0])
    if len(spacings) != len(directories):
        raise LeftToOpenSlide(
            f"its XML has pixel spacings of {len(spacings)} levels, the file {len(directories)}"
        )
    grid = grid_of(tiff, directories[0])
    finest = size_of(tiff, directories[0])
    return Structure(
        scan=_scan_data(root, spacings[0]),
        levels=build(
            [planes_of(tiff, one, grid.apart) for one in directories],
            [_real_size(finest, spacings[0], one) for one in spacings],
        ),
        axes=channels.plain(grid.coding, grid.apart),
        pictures=_pictures(tiff, root),
        icc=icc_of(tiff, directories[0]),
    )


def _scan_data(root: ET.Element, spacing: tuple[float, float]) -> ScanData:
    """Return what a document tells of the scan; the barcode may name a patient, so it stays."""
    return ScanData(
        vendor="philips",
        mpp=plausible_mpp(spacing[0] * 1000, spacing[1] * 1000),
        scanned_at=_moment(_value(root, "DICOM_ACQUISITION_DATETIME")),
        properties=known(
            {
                "Manufacturer": _value(root, "DICOM_MANUFACTURER"),
                "DeviceSerialNumber": _value(root, "DICOM_DEVICE_SERIAL_NUMBER"),
            }
        ),
    )


def _levels(tiff: Tiff) -> list[Directory]:
    tiled = [one for one in tiff.directories if Code.TILE_WIDTH in one]
    if not tiled or tiled[0] is not tiff.directories[0]:
        raise LeftToOpenSlide("its first image is not tiled")
    for one in tiled[1:]:
        if not tiff.number(one, Code.SUBFILE_TYPE, 0) & _REDUCED:
            raise LeftToOpenSlide("it has a tiled image that is no reduction of the first")
    return tiled


def _real_size(finest: Size, first: tuple[float, float], spacing: tuple[float, float]) -> Size:
    """Return a level's size; downsampling is by whole numbers in all known files."""
    downsample = round((spacing[0] / first[0] + spacing[1] / first[1]) / 2)
    if not 1 <= downsample <= _MAX_DOWNSAMPLE:
        raise DamagedSlide(f"the pixel spacings of the slide's levels differ by {downsample}")
    return max(1, finest[0] // downsample), max(1, finest[1] // downsample)


def _scanned(root: ET.Element, kind: str) -> Iterator[ET.Element]:
    """Yield the scanned images of a kind: WSI, LABELIMAGE, MACROIMAGE."""
    for images in _attributes(root, "PIM_DP_SCANNED_IMAGES"):
        for image in images.iterfind("Array/DataObject"):
            if _value(image, "PIM_DP_IMAGE_TYPE") == kind:
                yield image


def _spacings(slide: ET.Element) -> list[tuple[float, float]]:
    """Return mm per px (x, y) of each level; the file has row spacing first, in quotes."""
    found = []
    for levels in _attributes(slide, "PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"):
        for level in levels.iterfind("Array/DataObject[@ObjectType='PixelDataRepresentation']"):
            words = _value(level, _SPACING).replace('"', " ").split()
            try:
                down, across = map(float, words)
            except ValueError:
                raise LeftToOpenSlide("its XML has a pixel spacing that is no pair") from None
            if not all(isfinite(value) and value > 0 for value in (across, down)):
                raise LeftToOpenSlide("its XML has a pixel spacing of nothing")
            found.append((across, down))
    return found


def _pictures(tiff: Tiff, root: ET.Element) -> dict[str, Picture]:
    """Find label and macro: as images of the file, which come first, or in the XML."""
    found: dict[str, Picture] = {}
    for directory in tiff.directories:
        if Code.TILE_WIDTH not in directory and Code.STRIP_OFFSETS in directory:
            text = tiff.text(directory, Code.DESCRIPTION, 16)
            for name, (begin, _) in _PICTURES.items():
                if text.startswith(begin):
                    found.setdefault(name, partial(stripped.from_tiff, tiff, directory))
    for name, (_, kind) in _PICTURES.items():
        for image in _scanned(root, kind):
            data = _value(image, "PIM_DP_IMAGE_DATA")
            if data:
                found.setdefault(name, partial(_decoded, data))
    return found


def _decoded(data: str) -> Image.Image:
    """Decode a JPEG in base64."""
    try:
        stream = base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        raise DamagedSlide("an associated image in the XML is not base64") from None
    return stripped.from_jpeg(stream)


def _attributes(element: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in element.iterfind("Attribute") if one.get("Name") == name)


def _value(element: ET.Element, name: str) -> str:
    found = next(_attributes(element, name), None)
    return "" if found is None else (found.text or "").strip()


def _moment(text: str) -> str | None:
    """Read a DICOM date and time (DT): YYYYMMDDHHMMSS.FFFFFF and, if any, an offset to UTC."""
    for form in ("%Y%m%d%H%M%S.%f%z", "%Y%m%d%H%M%S.%f", "%Y%m%d%H%M%S"):
        with suppress(ValueError):
            moment = datetime.strptime(text.strip('" '), form)  # noqa: DTZ007 - zone if told
            return moment.replace(microsecond=0).isoformat()
    return None
