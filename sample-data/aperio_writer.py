"""Write slides laid out as Aperio scanners lay them out (SVS)."""

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tiff_pages as tiff
from jpeg_streams import Encoding, Pixels
from PIL import Image
from tiff_pages import Page, Value

# TIFF 6.0: compression and photometric codes
LZW, JPEG = 5, 7
RGB, YCBCR = 2, 6
REDUCED, MACRO = 1, 9  # NewSubfileType of the label and, an Aperio invention, of the macro

HEADER = "Aperio Image Library v11.2.1 \r\n"
THUMBNAIL_ROWS, LABEL_ROWS, MACRO_ROWS = 16, 7, 16  # rows a strip, as in real scans

Tile = tuple[int, int, int]  # level, column, row


def write_svs(  # noqa: PLR0913  # all by name; a scan has as many parts
    path: Path,
    levels: Sequence[Pixels],
    *,
    tile: int = 240,
    encoding: Encoding | None = None,
    properties: Mapping[str, str] | None = None,
    thumbnail: Pixels | None = None,
    label: Pixels | None = None,
    macro: Pixels | None = None,
    bigtiff: bool = False,
    empty_tiles: Collection[Tile] = (),
) -> None:
    """Write levels (finest first) and associated images in the order that Aperio uses.

    ``properties`` are the ``name = value`` pairs of the description, ``empty_tiles`` those that are
    left out with a byte count of 0.
    """
    encoding = encoding or Encoding()
    words = _Words(levels[0], tile, encoding, properties or {})
    pages = []
    for index, pixels in enumerate(levels):
        empty = {(column, row) for level, column, row in empty_tiles if level == index}
        pages.append(tiled_page(pixels, tile, encoding, words.level(pixels), empty=empty))
    if thumbnail is not None:
        pages.insert(1, _jpeg_strips(thumbnail, THUMBNAIL_ROWS, words.thumbnail(thumbnail)))
    if label is not None:
        pages.append(_lzw_strips(label, f"{HEADER}label {_size(label)}"))
    if macro is not None:
        pages.append(_jpeg_strips(macro, MACRO_ROWS, f"{HEADER}macro {_size(macro)}", MACRO))
    tiff.write_tiff(path, pages, bigtiff=bigtiff)


def reduce(pixels: Pixels, factor: int) -> Pixels:
    """Average areas of ``factor`` x ``factor`` pixels; what does not fill an area falls away."""
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    whole = pixels[: height * factor, : width * factor]
    rows = whole.reshape(height, factor, width * factor, 3).sum(axis=1, dtype=np.uint32)
    areas = rows.reshape(height, width, factor, 3).sum(axis=2, dtype=np.uint32)
    mean: Pixels = ((areas + factor * factor // 2) // (factor * factor)).astype(np.uint8)
    return mean


def tiled_page(
    pixels: Pixels,
    tile: int,
    encoding: Encoding,
    description: str | None,
    *,
    empty: Collection[tuple[int, int]] = (),
    subfile: int = 0,
    reduced: Sequence[Page] = (),
) -> Page:
    """Return a page of JPEG tiles; edge tiles are stored whole, filled up with the last pixels."""
    tags = base_tags(pixels, description, subfile=subfile) | jpeg_tags(encoding)
    tags |= {tiff.TILE_WIDTH: tile, tiff.TILE_HEIGHT: tile}
    chunks = [
        b"" if place in empty else encoding.chunk(square)
        for place, square in _squares(pixels, tile)
    ]
    return Page(tags=tags, chunks=chunks, reduced=reduced)


def base_tags(pixels: Pixels, description: str | None, *, subfile: int = 0) -> dict[int, Value]:
    """Return the tags of an 8-bit RGB image, before anything is said of its compression."""
    tags: dict[int, Value] = {
        tiff.SUBFILE_TYPE: subfile,
        tiff.WIDTH: pixels.shape[1],
        tiff.HEIGHT: pixels.shape[0],
        tiff.BITS: (8, 8, 8),
        tiff.PHOTOMETRIC: RGB,
        tiff.SAMPLES: 3,
        tiff.PLANAR: 1,
    }
    if description is not None:
        tags[tiff.DESCRIPTION] = description
    return tags


def jpeg_tags(encoding: Encoding) -> dict[int, Value]:
    """Return the tags of JPEG data; Aperio claims (2, 2) of RGB, where nothing is subsampled."""
    rgb = encoding.photometric == "rgb"
    tags: dict[int, Value] = {
        tiff.COMPRESSION: JPEG,
        tiff.PHOTOMETRIC: RGB if rgb else YCBCR,
        tiff.SUBSAMPLING: (2, 2) if rgb else encoding.subsampling,
    }
    if encoding.abbreviated:
        tags[tiff.JPEG_TABLES] = encoding.tables()
    return tags


class _Words:
    """The ImageDescription of each page."""

    def __init__(
        self, base: Pixels, tile: int, encoding: Encoding, properties: Mapping[str, str]
    ) -> None:
        self._base = base
        self._size = _size(base)
        self._tiles = f"({tile}x{tile})"
        colours = "JPEG/RGB" if encoding.photometric == "rgb" else "JPEG/YCC"
        self._codec = f"{colours} Q={encoding.quality}"
        self._tail = "".join(f"|{name} = {value}" for name, value in properties.items())

    def level(self, pixels: Pixels) -> str:
        target = "" if pixels is self._base else f" -> {_size(pixels)}"
        area = f"{self._size} [0,0 {self._size}] {self._tiles}"
        return f"{HEADER}{area}{target} {self._codec}{self._tail}"

    def thumbnail(self, pixels: Pixels) -> str:
        return f"{HEADER}{self._size} -> {_size(pixels)} - {self._tail}"


def _size(pixels: Pixels) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"


def _squares(pixels: Pixels, tile: int) -> Iterator[tuple[tuple[int, int], Pixels]]:
    """Yield ((column, row), tile) in TIFF's order."""
    height, width = pixels.shape[:2]
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            part = pixels[top : top + tile, left : left + tile]
            missing = (0, tile - part.shape[0]), (0, tile - part.shape[1]), (0, 0)
            yield (left // tile, top // tile), np.pad(part, missing, mode="edge")


def _jpeg_strips(pixels: Pixels, rows: int, description: str, subfile: int = 0) -> Page:
    encoding = Encoding(quality=34)
    tags = base_tags(pixels, description, subfile=subfile) | jpeg_tags(encoding)
    tags |= {tiff.ROWS_PER_STRIP: rows, tiff.IMAGE_DEPTH: 1}
    tops = range(0, pixels.shape[0], rows)
    return Page(tags=tags, chunks=[encoding.chunk(pixels[top : top + rows]) for top in tops])


def _lzw_strips(pixels: Pixels, description: str) -> Page:
    """Let Pillow's TIFF writer compress, and take its strips over."""
    layout = {tiff.ROWS_PER_STRIP: LABEL_ROWS, tiff.PREDICTOR: 2}
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "TIFF", compression="tiff_lzw", tiffinfo=layout)
    with Image.open(out) as compressed:
        places = compressed.getexif()
    data = out.getvalue()
    offsets, counts = places[tiff.STRIP_OFFSETS], places[tiff.STRIP_BYTES]
    tags = base_tags(pixels, description, subfile=REDUCED) | layout
    tags |= {tiff.COMPRESSION: LZW, tiff.IMAGE_DEPTH: 1}
    strips = [data[at : at + count] for at, count in zip(offsets, counts, strict=True)]
    return Page(tags=tags, chunks=strips)
