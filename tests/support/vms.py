"""Hamamatsu VMS slides: three files, of which the first names the others."""

import io

from PIL import Image

TEXT = """[Virtual Microscope Specimen]
NoLayers=1
NoJpegColumns=1
NoJpegRows=1
ImageFile={image}
MapFile={map}
SourceLens=20
PhysicalWidth=500000
PhysicalHeight=400000
"""


def make_vms(stem: str = "scan", colour: tuple[int, int, int] = (200, 30, 30)) -> dict[str, bytes]:
    """Return the files of a slide of one colour, 1024 x 768 px; the first is the one to open."""
    image, overview = f"{stem}_0.jpg", f"{stem}_map.jpg"
    return {
        f"{stem}.vms": TEXT.format(image=image, map=overview).encode(),
        image: _jpeg((1024, 768), colour),
        overview: _jpeg((256, 192), colour),
    }


def _jpeg(size: tuple[int, int], colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(
        file, "JPEG", quality=95, subsampling=0, restart_marker_blocks=4
    )
    return file.getvalue()
