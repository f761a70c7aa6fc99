"""A large picture that repeats the whole tiles of a small scan.

The scanner's compressed tiles are kept as they are, so that tiles of the large slide have the
sizes and the content that a scanner gives them. Coarser resolutions are averaged from the pixels.
"""

import io
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tifffile
from PIL import Image

Size = tuple[int, int]
_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_CODESTREAM = b"\xff\x4f\xff\x51"  # how JPEG 2000 begins
_SOF, _HUFFMAN, _SCAN, _QUANTISATION = 0xC0, 0xC4, 0xDA, 0xDB
_SHRUNK = 4  # the finest resolution that every coarser one is made of, as a power of two: 1/16


@dataclass(frozen=True)
class Stored:
    """Compressed tiles by (column, row), the tables they share, and the side of a tile in px."""

    tiles: dict[tuple[int, int], bytes]
    tables: bytes
    side: int
    columns: int
    rows: int


def stored_tiles(path: Path) -> Stored:
    """Take the tiles that lie wholly inside the finest level of a slide."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0].aspage()
        side, across = page.tilewidth, -(-page.imagewidth // page.tilewidth)
        columns, rows = page.imagewidth // side, page.imagelength // side
        tiles = {}
        for row in range(rows):
            for column in range(columns):
                place = row * across + column
                tiff.filehandle.seek(page.dataoffsets[place])
                tiles[column, row] = tiff.filehandle.read(page.databytecounts[place])
        tables = page.jpegtables or b""
    return Stored(tiles, tables, side, columns, rows)


class Mosaic:
    """The pixels of the large picture, at 1/2^k of its size."""

    def __init__(self, stored: Stored, size: Size) -> None:
        self._size = size
        self._period = Image.new("RGB", (stored.columns * stored.side, stored.rows * stored.side))
        for (column, row), tile in stored.tiles.items():
            picture = decoded(stored.tables, tile)
            self._period.paste(picture, (column * stored.side, row * stored.side))

    def size(self, power: int) -> Size:
        """Return the size at 1/2^power, rounded down as scanners do."""
        return self._size[0] >> power, self._size[1] >> power

    def crop(self, power: int, left: int, top: int, side: int) -> Image.Image:
        """Return a square, white where the picture has ended."""
        width, height = self.size(power)
        inside = min(side, width - left), min(side, height - top)
        square = Image.new("RGB", (side, side), "white")
        if power > _SHRUNK:
            part = self._whole(power).crop((left, top, left + inside[0], top + inside[1]))
        else:
            part = self._repeated(power, left, top, inside)
        square.paste(part, (0, 0))
        return square

    def picture(self, power: int) -> Image.Image:
        """Return all of it at 1/2^power, 1/16 at most."""
        return self._whole(power)

    def _repeated(self, power: int, left: int, top: int, size: Size) -> Image.Image:
        period, part = self._reduced(power), Image.new("RGB", size)
        for y in range(-(top % period.height), size[1], period.height):
            for x in range(-(left % period.width), size[0], period.width):
                part.paste(period, (x, y))
        return part

    @cache  # noqa: B019 - one mosaic a run
    def _reduced(self, power: int) -> Image.Image:
        return self._period.reduce(1 << power)

    @cache  # noqa: B019 - one mosaic a run
    def _whole(self, power: int) -> Image.Image:
        """Halve from 1/16 on: there the repeated picture is no longer a whole number of px."""
        if power == _SHRUNK:
            return self._repeated(power, 0, 0, self.size(power))
        return self._whole(power - 1).resize(self.size(power), Image.Resampling.BOX)


def decoded(tables: bytes, tile: bytes) -> Image.Image:
    """Decode a tile whose components are R, G and B as they stand, JPEG or JPEG 2000."""
    if tile.startswith(_CODESTREAM):
        return Image.open(io.BytesIO(tile)).convert("RGB")
    # Adobe's segment with transform 0: without it three components are taken for YCbCr
    # (https://exiftool.org/TagNames/JPEG.html#Adobe)
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
    stream = _SOI + adobe + tables[2:-2] + tile[2:]
    return Image.open(io.BytesIO(stream)).convert("RGB")


def encoded(picture: Image.Image, *, rgb: bool, quality: int = 75) -> tuple[bytes, bytes]:
    """Encode a tile as TIFF holds it; return the tables, the same for every tile, and the rest."""
    out = io.BytesIO()
    if rgb:
        picture.save(out, "JPEG", quality=quality, keep_rgb=True, subsampling=0)
    else:
        picture.save(out, "JPEG", quality=quality, subsampling=2)
    whole, at, tables, rest = out.getvalue(), 2, b"", b""
    while True:
        marker, end = whole[at + 1], at + 2 + struct.unpack_from(">H", whole, at + 2)[0]
        if marker in {_QUANTISATION, _HUFFMAN}:
            tables += whole[at:end]
        elif marker in {_SOF, _SCAN}:
            rest += whole[at:end]
        at = end
        if marker == _SCAN:
            return _SOI + tables + _EOI, _SOI + rest + whole[at:]
