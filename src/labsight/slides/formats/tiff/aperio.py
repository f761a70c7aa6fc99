"""Aperio SVS: https://openslide.org/formats/aperio/."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial

from labsight.slides.formats import channels
from labsight.slides.formats.metadata import ScanData, plausible_mpp, positive
from labsight.slides.formats.pyramid import LeftToOpenSlide, is_reduction
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff import stripped
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.generic import icc_of, planes_of, pyramid, tables_of
from labsight.slides.formats.tiff.grid import grid_of, size_of
from labsight.slides.formats.tiff.leftovers import holds_only
from labsight.slides.formats.tiff.levels import build
from labsight.slides.formats.tiff.tags import Code, Directory

MARK = "Aperio"  # how the description of a file's first image begins
_HEAD = 4000  # characters of a description that tell what the image is
_LABEL, _MACRO = 1, 9  # NewSubfileType; the second is Aperio's own invention

# Free text of a scanner may name a patient, a user or a file, so only these pass.
PROPERTIES = (
    "AppMag", "Exposure Scale", "Exposure Time", "Filtered", "Gamma", "ICC Profile", "MPP",
    "OriginalHeight", "OriginalWidth", "ScanScope ID", "StripeWidth",
)  # fmt: skip


# What else scanners write that is no free text.
_SETTINGS = frozenset({
    *PROPERTIES, "Compression Quality", "DSR ID", "Date", "DisplayColor", "Focus Offset", "ICC",
    "ImageID", "Left", "LineAreaXOffset", "LineAreaYOffset", "LineCameraSkew", "Originalheight",
    "Parmset", "ScannerType", "SessonMode", "Time", "Time Zone", "Top",
})  # fmt: skip


def _fields(description: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in description.split("|")[1:])
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def scan_data(description: str) -> ScanData:
    """Read ``Aperio ... |AppMag = 20|MPP = 0.4990|...``, an SVS file's first description."""
    fields = _fields(description)
    mpp = positive(fields.get("MPP"))
    return ScanData(
        vendor="aperio",
        mpp=plausible_mpp(mpp, mpp),
        magnification=positive(fields.get("AppMag")),
        scanned_at=_date(fields),
        image_id=fields.get("ImageID", "")[:200] or None,
        properties={name: fields[name][:200] for name in PROPERTIES if name in fields},
    )


def read_aperio(tiff: Tiff, scan: ScanData) -> Structure:
    """Return the tiled images as levels, label and macro as pictures; the thumbnail is neither."""
    if Code.TILE_WIDTH not in tiff.directories[0]:
        raise LeftToOpenSlide("its first image is not tiled")
    directories = pyramid(tiff)
    grid = grid_of(tiff, directories[0])
    levels = build([planes_of(tiff, one, grid.apart) for one in directories])
    pictures = _pictures(tiff)
    plain = _tells_of_scans(tiff) and holds_only(
        tiff, directories, tables_of(levels), _thumbnail(tiff)
    )
    return Structure(
        scan=scan,
        levels=levels,
        axes=channels.plain(grid.coding, grid.apart),
        pictures={name: partial(stripped.from_tiff, tiff, one) for name, one in pictures.items()},
        icc=icc_of(tiff, directories[0]),
        identifying=bool(pictures) or not plain,
    )


def _tells_of_scans(tiff: Tiff) -> bool:
    """Whether the descriptions hold nothing but settings of a scan.

    Others (User, Filename, Title, Barcode ...) are free text, which may name a patient, and the
    file is handed out with it.
    """
    return all(
        name in _SETTINGS
        for directory in tiff.directories
        for name, value in _fields(tiff.text(directory, Code.DESCRIPTION)).items()
        if value
    )


def _pictures(tiff: Tiff) -> dict[str, Directory]:
    """Find label and macro by subfile type or description: newer scanners leave either empty."""
    found: dict[str, Directory] = {}
    for directory in tiff.directories[1:]:
        if Code.TILE_WIDTH not in directory and Code.STRIP_OFFSETS in directory:
            name = _name_of(tiff, directory)
            if name:
                found.setdefault(name, directory)
    return found


def _name_of(tiff: Tiff, directory: Directory) -> str:
    text = tiff.text(directory, Code.DESCRIPTION, _HEAD)
    kind = tiff.number(directory, Code.SUBFILE_TYPE, 0)
    line = text.partition("\n")[2] if "\n" in text else text
    word = line.split(" ", 1)[0]
    if kind == _MACRO or word == "macro":
        return "macro"
    return "label" if kind == _LABEL or word == "label" else ""


def _thumbnail(tiff: Tiff) -> list[Directory]:
    """Return the second image when it is the thumbnail: stripped, and of the slide's shape."""
    for directory in tiff.directories[1:2]:
        finest, size = (size_of(tiff, one) for one in tiff.directories[:2])
        stripes = Code.TILE_WIDTH not in directory and Code.STRIP_OFFSETS in directory
        if stripes and not _name_of(tiff, directory) and is_reduction(finest, size):
            return [directory]
    return []


def _date(fields: Mapping[str, str]) -> str | None:
    """Join ``Date = 12/29/09``, ``Time = 09:59:15`` and, if any, ``Time Zone = GMT-05:00``."""
    date, time = fields.get("Date", ""), fields.get("Time", "00:00:00")
    for form in ("%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M:%S"):
        with suppress(ValueError):
            moment = datetime.strptime(f"{date} {time}", form)  # noqa: DTZ007 - zone follows if known
            zone = re.fullmatch(r"GMT([+-])(\d\d):?(\d\d)", fields.get("Time Zone", ""))
            if zone:
                away = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
                moment = moment.replace(tzinfo=timezone(-away if zone[1] == "-" else away))
            return moment.isoformat()
    return None
