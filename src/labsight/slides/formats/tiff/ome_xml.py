"""What the OME-XML of an OME-TIFF tells of its images.

Schema 2016-06 (https://docs.openmicroscopy.org/ome-model/latest/), whose elements older versions
have as well; namespaces are passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from labsight.slides.formats.bounded_xml import text_of, whole
from labsight.slides.formats.metadata import (
    ScanData,
    moment,
    plausible_mpp,
    positive,
)

MAX_SIZE = 1 << 20  # planes along an axis; all of them together are bounded later
MAX_BITS = 32
_UNITS_IN_UM = {"µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}
_UNITS_IN_S = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "μs": 1e-6, "min": 60.0, "h": 3600.0}
_ORDERS = ("ZCT", "ZTC", "CZT", "CTZ", "TCZ", "TZC")


@dataclass(frozen=True)
class OmeChannel:
    """One Channel: RRGGBB or nothing, samples per pixel."""

    name: str
    colour: str | None
    samples: int


@dataclass(frozen=True)
class TiffData:
    """A run of planes: the first one's place on the axes and directory, how many, in which file.

    ``count`` is None for all that there are. ``file`` is empty for the file at hand.
    """

    first: Mapping[str, int]
    directory: int
    count: int | None
    uuid: str
    file: str


@dataclass(frozen=True)
class OmeImage:
    """One Image with its Pixels; sizes of the axes, in what order planes follow each other.

    ``mpp`` is µm per px (x, y), ``z_step`` µm, ``t_step`` seconds.
    """

    name: str
    mpp: tuple[float, float] | None
    area: int
    sizes: Mapping[str, int]
    order: str
    channels: tuple[OmeChannel, ...]
    runs: tuple[TiffData, ...]
    significant_bits: int | None
    z_step: float | None
    t_step: float | None


def uuid_of(root: ET.Element) -> str:
    """Return the file's own UUID, nothing when it has none."""
    return root.get("UUID", "").strip().lower()


def images_of(root: ET.Element) -> tuple[OmeImage, ...]:
    """Return the images whose sizes make sense."""
    found = ((image, image.find("{*}Pixels")) for image in root.iterfind("{*}Image"))
    read = (_image(image, pixels) for image, pixels in found if pixels is not None)
    return tuple(image for image in read if image is not None)


def scan_data(root: ET.Element, image: OmeImage) -> ScanData:
    """Return what a document tells of how an image was scanned."""
    objective = root.find(".//{*}Objective")
    return ScanData(
        mpp=image.mpp,
        magnification=positive(
            (objective.attrib if objective is not None else {}).get("NominalMagnification")
        ),
        scanned_at=moment(text_of(root, ".//{*}AcquisitionDate")),
    )


def _image(image: ET.Element, pixels: ET.Element) -> OmeImage | None:
    sizes = {axis: whole(pixels.get(f"Size{axis}"), 1) for axis in "XYZCT"}
    if not all(0 < sizes[axis] <= MAX_SIZE for axis in "ZCT"):
        return None
    order = pixels.get("DimensionOrder", "XYZCT").removeprefix("XY")
    bits = whole(pixels.get("SignificantBits"), 0)
    step = positive(pixels.get("TimeIncrement"))
    seconds = _UNITS_IN_S.get(pixels.get("TimeIncrementUnit", "s"))
    return OmeImage(
        name=image.get("Name", ""),
        mpp=plausible_mpp(_micrometres(pixels.attrib, "X"), _micrometres(pixels.attrib, "Y")),
        area=sizes["X"] * sizes["Y"],
        sizes=sizes,
        order=order if order in _ORDERS else _ORDERS[0],
        channels=tuple(map(_channel, pixels.iterfind("{*}Channel"))),
        runs=tuple(map(_run, pixels.iterfind("{*}TiffData"))),
        significant_bits=bits if 0 < bits <= MAX_BITS else None,
        z_step=_micrometres(pixels.attrib, "Z"),
        t_step=step * seconds if step and seconds else None,
    )


def _channel(channel: ET.Element) -> OmeChannel:
    name = channel.get("Name") or channel.get("Fluor") or ""
    samples = whole(channel.get("SamplesPerPixel"), 1)
    return OmeChannel(name, _colour(channel.get("Color")), max(1, samples))


def _colour(text: str | None) -> str | None:
    """Read a colour: red, green, blue and opacity in the bytes of a signed 32-bit number."""
    value = whole(text, 1 << 33)
    if not -(1 << 31) <= value < 1 << 32:
        return None
    return f"{(value >> 8) & 0xFFFFFF:06X}"


def _run(element: ET.Element) -> TiffData:
    """Read a TiffData; without IFD it is of all planes, with one of a single plane."""
    first = {axis: max(0, whole(element.get(f"First{axis}"), 0)) for axis in "ZCT"}
    count = whole(element.get("PlaneCount") or element.get("NumPlanes"), -1)
    alone = 1 if element.get("IFD") is not None else None
    uuid = element.find("{*}UUID")
    return TiffData(
        first,
        max(0, whole(element.get("IFD"), 0)),
        count if count >= 0 else alone,
        (uuid.text or "").strip().lower() if uuid is not None else "",
        uuid.get("FileName", "") if uuid is not None else "",
    )


def _micrometres(attributes: Mapping[str, str], axis: str) -> float | None:
    value = positive(attributes.get(f"PhysicalSize{axis}"))
    factor = _UNITS_IN_UM.get(attributes.get(f"PhysicalSize{axis}Unit", "µm"))
    return value * factor if value and factor else None
