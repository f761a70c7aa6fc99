"""Write an RGB pyramid as OME-TIFF: reduced levels are SubIFDs of the one full image."""

import hashlib
import uuid
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import tiff_pages as tiff
from aperio_writer import REDUCED, tiled_page
from jpeg_streams import Encoding, Pixels

_SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
_XML = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="{schema}" UUID="urn:uuid:{uuid}" Creator="labsight sample data"
     xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
     xsi:schemaLocation="{schema} {schema}/ome.xsd">
  <Instrument ID="Instrument:0">
    <Objective ID="Objective:0" NominalMagnification="{magnification}"/>
  </Instrument>
  <Image ID="Image:0" Name={name}>
    <InstrumentRef ID="Instrument:0"/>
    <ObjectiveSettings ID="Objective:0"/>
    <Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" Interleaved="true"
            SizeX="{width}" SizeY="{height}" SizeC="3" SizeZ="1" SizeT="1"
            PhysicalSizeX="{mpp}" PhysicalSizeXUnit="µm"
            PhysicalSizeY="{mpp}" PhysicalSizeYUnit="µm">
      <Channel ID="Channel:0:0" SamplesPerPixel="3"/>
      <TiffData IFD="0" PlaneCount="1">
        <UUID FileName={file}>urn:uuid:{uuid}</UUID>
      </TiffData>
    </Pixels>
  </Image>
</OME>
"""


def write_ome(
    path: Path,
    levels: Sequence[Pixels],
    *,
    name: str,
    mpp: float,
    magnification: float,
    tile: int = 256,
    encoding: Encoding,
) -> None:
    """Write levels, finest first; the UUID is made of the pixels, so it stays the same."""
    full, *smaller = levels
    digest = hashlib.sha256(full.tobytes()).hexdigest()
    description = _XML.format(
        schema=_SCHEMA,
        uuid=uuid.uuid5(uuid.NAMESPACE_URL, digest),
        name=quoteattr(name),
        file=quoteattr(path.name),
        width=full.shape[1],
        height=full.shape[0],
        mpp=mpp,
        magnification=magnification,
    )
    reduced = [tiled_page(level, tile, encoding, None, subfile=REDUCED) for level in smaller]
    tiff.write_tiff(path, [tiled_page(full, tile, encoding, description, reduced=reduced)])
