"""OME-TIFF sets: files of one plane each that name each other."""

import io
from collections.abc import Sequence

import numpy as np
import tifffile

OME = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def uuid(number: int) -> str:
    """Return the UUID of a file of a set."""
    return f"urn:uuid:00000000-0000-0000-0000-{number:012}"


def ome_xml(names: Sequence[str], own: int | None, *, uuids: bool = True) -> str:
    """Return the document of a set; ``own`` is the place of the file that has it in the set."""
    planes = "".join(
        f'<TiffData FirstT="{at}" IFD="0" PlaneCount="1"><UUID FileName="{name}">'
        f"{uuid(at) if uuids else ''}</UUID></TiffData>"
        for at, name in enumerate(names)
    )
    root = "" if own is None else f' UUID="{uuid(own)}"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{OME}"{root}><Image ID="Image:0">'
        f'<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="16" SizeY="16" '
        f'SizeZ="1" SizeC="1" SizeT="{len(names)}"><Channel ID="Channel:0:0"/>{planes}</Pixels>'
        "</Image></OME>"
    )


def binary_only(metadata_file: str) -> str:
    """Return the document of a file that leaves all to another."""
    return (
        f'<OME xmlns="{OME}" UUID="{uuid(99)}"><BinaryOnly MetadataFile="{metadata_file}" '
        f'UUID="{uuid(98)}"/></OME>'
    )


def make_set(names: Sequence[str]) -> dict[str, bytes]:
    """Return the files of a set by name."""
    return {name: described(ome_xml(names, at)) for at, name in enumerate(names)}


def described(text: str) -> bytes:
    """Return a small TIFF with a description."""
    file = io.BytesIO()
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    tifffile.imwrite(file, pixels, description=text.encode(), metadata=None)
    return file.getvalue()
