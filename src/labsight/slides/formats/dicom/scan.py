"""What a DICOM slide tells of its scan, and whether it tells of a person."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from labsight.slides.formats.dicom.instance import VOLUME, Instance
from labsight.slides.formats.dicom.tags import Tag
from labsight.slides.formats.metadata import ScanData, plausible_mpp
from labsight.slides.formats.pyramid import MAX_ICC

# DICOM headers hold names, numbers and free text of people, so only these pass.
_PROPERTIES = {
    "ManufacturerModelName": Tag.MODEL_NAME,
    "FocusMethod": Tag.FOCUS_METHOD,
    "ExtendedDepthOfField": Tag.EXTENDED_DEPTH_OF_FIELD,
    "LossyImageCompressionRatio": Tag.COMPRESSION_RATIO,
    "LossyImageCompressionMethod": Tag.COMPRESSION_METHOD,
    "PhotometricInterpretation": Tag.PHOTOMETRIC_INTERPRETATION,
}
_DATE_TIME = re.compile(r"(\d{8})(?:(\d{2})(\d{2})?(\d{2})?)?(\.\d{1,6})?([+-]\d{4})?")


def scan_data(finest: Instance) -> ScanData:
    """Return the scan data of the file with the finest level."""
    found = finest.found
    vendor = re.match(r"\w[\w-]*", found.text(Tag.MANUFACTURER).lower())
    paths = found.items.get(Tag.OPTICAL_PATH_SEQUENCE, [])
    powers = [power for path in paths for power in path.decimals(Tag.OBJECTIVE_LENS_POWER)]
    properties = {name: found.text(tag)[:200] for name, tag in _PROPERTIES.items()}
    return ScanData(
        vendor=vendor[0][:64] if vendor else None,
        mpp=_mpp(finest),
        magnification=powers[0] if powers and 0 < powers[0] < 10_000 else None,
        scanned_at=moment(found.text(Tag.ACQUISITION_DATE_TIME)),
        properties={name: text for name, text in properties.items() if text.strip("?")},
    )


def _mpp(finest: Instance) -> tuple[float, float] | None:
    """Return µm per px: the distance of px, or else the size of the picture in mm."""
    found, grid = finest.found, finest.grid
    measures = found.item(Tag.SHARED_GROUPS, Tag.PIXEL_MEASURES_SEQUENCE)
    spacing = measures.decimals(Tag.PIXEL_SPACING)  # mm between rows, mm between columns
    if len(spacing) == 2:
        return plausible_mpp(round(spacing[1] * 1000, 9), round(spacing[0] * 1000, 9))
    width, height = found.real(Tag.IMAGED_VOLUME_WIDTH), found.real(Tag.IMAGED_VOLUME_HEIGHT)
    if width is None or height is None:
        return None
    return plausible_mpp(width * 1000 / grid.width, height * 1000 / grid.height)


def moment(text: str) -> str | None:
    """Turn a date and time (DT; PS3.5, section 6.2) into ISO 8601."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    date, hours, minutes, seconds, fraction, zone = match.groups()
    clock = f"{hours or '00'}{minutes or '00'}{seconds or '00'}"
    with suppress(ValueError):
        return datetime.fromisoformat(f"{date}T{clock}{(fraction or '')}{zone or ''}").isoformat()
    return None


def icc_of(finest: Instance) -> bytes:
    """Return the colour profile of the first optical path that has one, empty without."""
    for path in finest.found.items.get(Tag.OPTICAL_PATH_SEQUENCE, []):
        start, length = path.places.get(Tag.ICC_PROFILE, (0, 0))
        if 128 <= length <= MAX_ICC:
            profile = finest.data.read(start, length)
            return profile if profile[36:40] == b"acsp" else b""
    return b""


def identifying(files: Sequence[Instance]) -> bool:
    """Whether the files may tell of a person, in their pictures or their headers.

    A DICOM header has places for names and numbers of patients, so that a file counts as
    identifying unless it says that they were removed (PatientIdentityRemoved) and that nothing is
    written in its pixels; labels and overviews always do.
    """
    return not all(
        one.flavour == VOLUME
        and one.text(Tag.PATIENT_IDENTITY_REMOVED) == "YES"
        and one.text(Tag.BURNED_IN_ANNOTATION) == "NO"
        and one.text(Tag.SPECIMEN_LABEL_IN_IMAGE) == "NO"
        for one in files
    )
