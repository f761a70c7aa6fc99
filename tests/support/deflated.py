"""Aperio-like slides with deflated tiles: labsight reads them through OpenSlide alone."""

import io
from collections.abc import Sequence

import numpy as np
import tifffile

DESCRIPTION = "Aperio Image Library v1\n{width}x{height} |AppMag = 20|MPP = 0.5"


def make_deflated(
    *,
    size: tuple[int, int] = (1024, 768),
    colour: tuple[int, int, int] = (200, 30, 30),
    levels: Sequence[int] = (1,),
    label: tuple[int, int] | None = None,
    bad_tiles: Sequence[int] = (),
    bad_label: bool = False,
) -> bytes:
    """Return a slide of one colour.

    ``label`` is the width and height of one; ``bad_tiles`` are numbers of tiles of the finest level
    that, as ``bad_label``, hold no deflated data.
    """
    file = io.BytesIO()
    width, height = size
    text = DESCRIPTION.format(width=width, height=height)
    with tifffile.TiffWriter(file) as writer:
        for number, factor in enumerate(levels):
            _write(writer, (width // factor, height // factor), colour, text, tile=(256, 256))
            if number == 0:  # an Aperio file's second image is its thumbnail
                _write(writer, (64, 48), colour, "Aperio\nthumbnail")
        if label is not None:
            _write(writer, label, (0, 0, 0), "Aperio\nlabel 1x1", subfiletype=1)
    return _broken(file.getvalue(), bad_tiles, bad_label=bad_label)


def _write(
    writer: tifffile.TiffWriter,
    size: tuple[int, int],
    colour: tuple[int, int, int],
    text: str,
    *,
    tile: tuple[int, int] | None = None,
    subfiletype: int = 0,
) -> None:
    pixels = np.empty((size[1], size[0], 3), np.uint8)
    pixels[:] = colour
    writer.write(
        pixels,
        tile=tile,
        photometric="rgb",
        compression="zlib",
        description=text,
        metadata=None,
        subfiletype=subfiletype,
        rowsperstrip=None if tile else size[1],
    )


def _broken(content: bytes, tiles: Sequence[int], *, bad_label: bool) -> bytes:
    changed = bytearray(content)
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        pages = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]
        places = [(pages[0], number) for number in tiles]
        places += [(pages[-1], 0)] if bad_label else []
        for page, number in places:
            start, length = page.dataoffsets[number], page.databytecounts[number]
            changed[start : start + length] = b"\0" + bytes([255]) * (length - 1)
    return bytes(changed)
