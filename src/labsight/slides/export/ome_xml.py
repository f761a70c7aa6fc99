"""The OME-XML that makes a TIFF file an OME-TIFF.

https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/specification.html, schema 2016-06.
"""

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from labsight import __version__
from labsight.slides.index import SlideIndex

_SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def ome_xml(index: SlideIndex, name: str, *, samples: int, bits: int, big_endian: bool) -> str:
    """Describe a slide whose planes are directories: channels change fastest, times slowest.

    ``samples`` are those of a pixel: colours that are stored together are one channel.
    """
    axes = index.axes
    channels = [
        _channel(number, samples, one.name, one.colour) for number, one in enumerate(axes.channels)
    ] or [_channel(0, samples, "", "")]
    pixels: dict[str, str | int] = {
        "ID": "Pixels:0",
        "DimensionOrder": "XYCZT",
        "Type": f"uint{bits}",
        "SizeX": index.width,
        "SizeY": index.height,
        "SizeC": len(channels) * samples,
        "SizeZ": axes.z,
        "SizeT": axes.t,
        "BigEndian": str(big_endian).lower(),
        "Interleaved": str(samples > 1).lower(),
    }
    if index.mpp:
        pixels |= {"PhysicalSizeX": _number(index.mpp[0]), "PhysicalSizeXUnit": "µm"}
        pixels |= {"PhysicalSizeY": _number(index.mpp[1]), "PhysicalSizeYUnit": "µm"}
    if axes.z_step:
        pixels |= {"PhysicalSizeZ": _number(axes.z_step), "PhysicalSizeZUnit": "µm"}
    if axes.t_step:
        pixels |= {"TimeIncrement": _number(axes.t_step), "TimeIncrementUnit": "s"}
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<OME xmlns="{_SCHEMA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{_SCHEMA} {_SCHEMA}/ome.xsd" Creator="labsight {__version__}">'
        f"{_instrument(index)}"
        f"<Image{_attributes({'ID': 'Image:0', 'Name': name})}>{_settings(index)}"
        f"<Pixels{_attributes(pixels)}>{''.join(channels)}"
        f'<TiffData IFD="0" FirstC="0" FirstZ="0" FirstT="0" PlaneCount="{axes.planes}"/>'
        "</Pixels></Image></OME>"
    )


def _channel(number: int, samples: int, name: str, colour: str) -> str:
    told: dict[str, str | int] = {"ID": f"Channel:0:{number}", "SamplesPerPixel": samples}
    if name:
        told["Name"] = name
    if colour:
        value = int(colour, 16) << 8 | 0xFF  # red, green, blue and opacity, as a signed number
        told["Color"] = value - (1 << 32) if value >= 1 << 31 else value
    return f"<Channel{_attributes(told)}/>"


def _instrument(index: SlideIndex) -> str:
    if not index.magnification:
        return ""
    objective: dict[str, str | int] = {
        "ID": "Objective:0:0",
        "NominalMagnification": _number(index.magnification),
    }
    return f'<Instrument ID="Instrument:0"><Objective{_attributes(objective)}/></Instrument>'


def _settings(index: SlideIndex) -> str:
    """Return what an Image refers to, in the order that the schema asks for."""
    told = ""
    if index.scanned_at:
        told += f"<AcquisitionDate>{index.scanned_at[:19]}</AcquisitionDate>"
    if index.magnification:
        told += '<InstrumentRef ID="Instrument:0"/><ObjectiveSettings ID="Objective:0:0"/>'
    return told


def _attributes(told: Mapping[str, str | int]) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in told.items())


def _number(value: float) -> str:
    return f"{value:.9g}"
