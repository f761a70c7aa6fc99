"""Scan data out of what scanners write into their files; no field is required."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from math import isfinite

MPP_RANGE = (0.001, 100.0)  # µm per px: an electron microscope, a slide from across the room
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


def moment(text: str | None) -> str | None:
    """Read a moment in ISO 8601, None when it is none."""
    with suppress(ValueError):
        return datetime.fromisoformat(text.strip()).isoformat() if text else None
    return None


def known(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return the properties that have a value, at most 200 characters of each."""
    return {name: value.strip()[:200] for name, value in values.items() if value and value.strip()}
