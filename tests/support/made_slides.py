"""Small slides of every variant, made in a moment, whose pixels say where they come from.

Red rises to the right and green downwards, from 0 to 255 over the whole image, so that a pixel's
colour tells its place at any level. Blue is ``tile_mark(column, row)`` in the middle of each stored
tile of level 0, and 0 around it.
"""

import importlib
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

SAMPLE_DATA = Path(__file__).resolve().parents[2] / "sample-data"

if TYPE_CHECKING:
    import aperio_writer
    import jpeg_streams
    import sample_glass
else:
    # The folder's name is no Python name, so it is no package: its modules go by their own names.
    sys.path.insert(0, str(SAMPLE_DATA))
    aperio_writer, jpeg_streams, sample_glass = map(
        importlib.import_module, ("aperio_writer", "jpeg_streams", "sample_glass")
    )

__all__ = ["SAMPLE_DATA", "aperio_writer", "jpeg_streams", "make_svs", "picture", "tile_mark"]

Pixels = NDArray[np.uint8]

APERIO_PROPERTIES = {
    "AppMag": "20",
    "ScanScope ID": "SS0000",
    "Filename": "made",
    "Date": "03/14/26",
    "Time": "09:59:15",
    "Time Zone": "GMT+01:00",
    "ImageID": "1004486",
}


def make_svs(
    path: Path,
    *,
    size: tuple[int, int] = (1000, 700),
    tile: int = 240,
    levels: Sequence[int] = (1, 4),
    photometric: Literal["rgb", "ycbcr"] = "rgb",
    abbreviated: bool = True,
    bigtiff: bool = False,
    subsampling: tuple[int, int] = (1, 1),
    quality: int = 90,
    label: str | None = "S26-1;A1;1",
    macro: bool = True,
    thumbnail: bool = True,
    mpp: float | None = 0.5,
    empty_tiles: Collection[tuple[int, int, int]] = (),
) -> Path:
    """Write an Aperio SVS and return its path.

    ``levels`` are downsampling factors, ``label`` the text of its barcode (None: no label),
    ``empty_tiles`` (level, column, row) of tiles with a byte count of 0.
    """
    pixels = picture(size, tile)
    properties = APERIO_PROPERTIES | ({} if mpp is None else {"MPP": f"{mpp:.4f}"})
    printed = sample_glass.label(label, (label,)) if label is not None else None
    aperio_writer.write_svs(
        path,
        [pixels if factor == 1 else aperio_writer.reduce(pixels, factor) for factor in levels],
        tile=tile,
        encoding=jpeg_streams.Encoding(
            photometric=photometric,
            quality=quality,
            subsampling=subsampling,
            abbreviated=abbreviated,
        ),
        properties=properties,
        thumbnail=aperio_writer.reduce(pixels, 4) if thumbnail else None,
        label=printed,
        macro=picture((640, 216), 64) if macro else None,
        bigtiff=bigtiff,
        empty_tiles=empty_tiles,
    )
    return path


def picture(size: tuple[int, int], tile: int = 240) -> Pixels:
    """Return the pixels of level 0 of a made slide, height x width x 3."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.arange(width) * 256 // width
    pixels[..., 1] = (np.arange(height) * 256 // height)[:, None]
    quarter = tile // 4
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            rows = slice(top + quarter, top + tile - quarter)
            columns = slice(left + quarter, left + tile - quarter)
            pixels[rows, columns, 2] = tile_mark(left // tile, top // tile)
    return pixels


def tile_mark(column: int, row: int) -> int:
    """Return the blue of a tile of level 0: other than its neighbours' by 40 or more."""
    return 55 + 40 * ((column + 2 * row) % 6)
