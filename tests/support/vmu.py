"""Hamamatsu VMU slides: a list and two files of uncompressed pixels; OpenSlide opens them."""

import struct

TEXT = """[Uncompressed Virtual Microscope Specimen]
NoLayers=1
ImageFile={image}
MapFile={map}
SourceLens=20
BitsPerPixel=36
PixelOrder=RGB
PixelWidth=64
PixelHeight=48
"""


def make_vmu(stem: str = "scan") -> dict[str, bytes]:
    """Return the files of a slide of 64 x 48 px; the first is the one to open."""
    image, overview = f"{stem}_0.ngr", f"{stem}_map.ngr"
    return {
        f"{stem}.vmu": TEXT.format(image=image, map=overview).encode(),
        image: _ngr(64, 48),
        overview: _ngr(16, 12),
    }


def _ngr(width: int, height: int) -> bytes:
    head = b"GN\0\0" + struct.pack("<III8xI", width, height, width, 64)
    return head.ljust(64, b"\0") + struct.pack("<3H", 1000, 2000, 3000) * (width * height)
