"""Scan data out of what scanners write into their files; no field is required."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from math import isfinite
from xml.etree import ElementTree as ET

MAX_OME_XML = 4 << 20  # characters
MAX_OME_TAGS = 100_000  # a parsed element takes a hundred times the memory of its text
MPP_RANGE = (0.001, 100.0)  # µm per px: an electron microscope, a slide from across the room

# Free text of a scanner may name a patient, a user or a file, so only these pass.
APERIO_PROPERTIES = (
    "AppMag", "Exposure Scale", "Exposure Time", "Filtered", "Gamma", "ICC Profile", "MPP",
    "OriginalHeight", "OriginalWidth", "ScanScope ID", "StripeWidth",
)  # fmt: skip

_UNITS_IN_UM = {"µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}
_RESOLUTION_UNIT_IN_UM = {2: 25400.0, 3: 10000.0}  # TIFF 6.0, tag 296: inch, centimetre


@dataclass(frozen=True, kw_only=True)
class ScanData:
    """What a file tells of its scan; ``mpp`` is µm per px (x, y), ``scanned_at`` ISO 8601."""

    vendor: str | None = None
    mpp: tuple[float, float] | None = None
    magnification: float | None = None
    scanned_at: str | None = None
    image_id: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


def aperio(description: str) -> ScanData:
    """Read ``Aperio ... |AppMag = 20|MPP = 0.4990|...``, an SVS file's first description."""
    pairs = (item.partition("=") for item in description.split("|")[1:])
    fields = {name.strip(): value.strip() for name, equals, value in pairs if equals}
    mpp = positive(fields.get("MPP"))
    return ScanData(
        vendor="aperio",
        mpp=plausible_mpp(mpp, mpp),
        magnification=positive(fields.get("AppMag")),
        scanned_at=_aperio_date(fields),
        image_id=fields.get("ImageID", "")[:200] or None,
        properties={name: fields[name][:200] for name in APERIO_PROPERTIES if name in fields},
    )


def ome(description: str) -> ScanData:
    """Read the OME-XML of an OME-TIFF; what is not well-formed tells nothing."""
    if len(description) > MAX_OME_XML or description.count("<") > MAX_OME_TAGS:
        return ScanData()
    if "<!" in description.replace("<!--", ""):
        return ScanData()  # a document type could define entities that grow without bound
    try:
        root = ET.fromstring(description)  # noqa: S314 - no document type, bounded length
    except (ET.ParseError, ValueError):
        return ScanData()
    pixels = root.find(".//{*}Pixels")
    sizes = {} if pixels is None else pixels.attrib
    objective = root.find(".//{*}Objective")
    date = root.find(".//{*}AcquisitionDate")
    return ScanData(
        mpp=plausible_mpp(_micrometres(sizes, "X"), _micrometres(sizes, "Y")),
        magnification=positive(
            (objective.attrib if objective is not None else {}).get("NominalMagnification")
        ),
        scanned_at=_iso(date.text if date is not None else None),
    )


def resolution(x: Fraction | None, y: Fraction | None, unit: int) -> tuple[float, float] | None:
    """Turn TIFF resolution tags into µm per px; 10 µm and more are a screen's, not a scan's."""
    scale = _RESOLUTION_UNIT_IN_UM.get(unit)
    if not scale or not x or not y:
        return None
    mpp = plausible_mpp(scale / float(x), scale / float(y))
    return mpp if mpp and max(mpp) < 10 else None


def plausible_mpp(x: float | None, y: float | None) -> tuple[float, float] | None:
    """Return µm per px (x, y) when both are what a microscope can have, else None."""
    low, high = MPP_RANGE
    return (x, y) if x and y and low <= min(x, y) and max(x, y) <= high else None


def positive(text: str | None) -> float | None:
    """Read a positive finite number out of text, also with a decimal comma."""
    with suppress(ValueError):
        value = float((text or "").replace(",", "."))
        return value if value > 0 and isfinite(value) else None
    return None


def _micrometres(attributes: Mapping[str, str], axis: str) -> float | None:
    value = positive(attributes.get(f"PhysicalSize{axis}"))
    factor = _UNITS_IN_UM.get(attributes.get(f"PhysicalSize{axis}Unit", "µm"))
    return value * factor if value and factor else None


def _aperio_date(fields: Mapping[str, str]) -> str | None:
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


def _iso(text: str | None) -> str | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text.strip()).isoformat() if text else None
    return None
