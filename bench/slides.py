"""The slides that everything is measured on: made once, kept in .cache/bench, and checked anew.

None is fetched. The large ones repeat the tiles of a small real scan (LABSIGHT_REAL_DATA), or of
the sample slide of this repository.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import tifffile
import zxingcpp
from PIL import Image

from bench import tiff_writer as tiff
from bench.folders import CACHE, SAMPLE, real_slide
from bench.mosaic import Mosaic, Stored, decoded, encoded, stored_tiles
from bench.tiff_writer import TiffWriter, Value

SIZE = 40_000, 30_000  # px
APERIO_POWERS = 0, 2, 4  # the levels that Aperio's scanners write: 1, 1/4, 1/16
PYRAMID_TILE = 256
JPEG2000_SIZE = 16_384, 12_288  # px: 3,072 tiles
EDITION = 2  # raised when slides are made otherwise, so that those of before are not taken
_RGB, _YCBCR = 2, 6  # PhotometricInterpretation
_NONE, _LZW, _JPEG, _JPEG2000 = 1, 5, 7, 33005  # Compression; 33005 is Aperio's
_APERIO = "Aperio Image Library v11.2.1 \r\n"
_BARCODE = "S26-01234;A1;2"


def source() -> Path:
    """Return the small scan whose tiles are repeated, or this repository's own slide."""
    return real_slide("CMU-1-Small-Region.svs") or SAMPLE


def aperio() -> Path:
    """A large slide as Aperio's scanners write it: 240 px tiles of RGB, levels 1, 1/4 and 1/16."""
    return _made("aperio.svs", _write_aperio)


def pyramid() -> Path:
    """The same picture in 256 px tiles of YCbCr with every level, as image servers want it."""
    return _made("pyramid.tif", _write_pyramid)


def pyramid_levels() -> int:
    """Return how many levels the pyramid has: down to one tile."""
    return next(power for power in range(32) if max(SIZE) >> power <= PYRAMID_TILE) + 1


def jpeg2000() -> Path:
    """Return a slide of 256 px tiles of JPEG 2000, levels 1 and 1/4, large for every cache."""
    return _made("jpeg2000.svs", _write_jpeg2000)


def _made(name: str, write: Callable[[Path], None]) -> Path:
    """Return a slide of the cache; a name tells of what it was made, so that it fits the source."""
    kind = "sample" if source() == SAMPLE else "real"
    path = CACHE / "slides" / f"{kind}-{EDITION}-{name}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        print(f"bench: making {path.name}", flush=True)
        part = path.with_name(f"{path.name}.part")
        write(part)
        part.replace(path)
    return path


@cache
def _mosaic() -> Mosaic:
    return Mosaic(stored_tiles(source()), SIZE)


def _write_aperio(path: Path) -> None:
    stored, mosaic = stored_tiles(source()), _mosaic()
    side = stored.side
    width, height = SIZE
    area = f"{_APERIO}{width}x{height} [0,0 {width}x{height}] ({side}x{side})"
    with TiffWriter(path) as file:
        tags = _rgb_tags(SIZE, _JPEG, f"{area} JPEG/RGB Q=30|AppMag = 20|MPP = 0.4990")
        tags |= _tiled(side)
        tags |= {tiff.JPEG_TABLES: stored.tables, tiff.SUBSAMPLING: (2, 2)}
        file.page(tags, _repeated(stored, SIZE))
        thumbnail = mosaic.picture(5)
        across, down = thumbnail.size
        _picture(file, thumbnail, f"{_APERIO}{width}x{height} -> {across}x{down} - ")
        for power in APERIO_POWERS[1:]:
            size = mosaic.size(power)
            text = f"{area} -> {size[0]}x{size[1]} JPEG/RGB Q=75"
            _level(file, mosaic, power, side, rgb=True, tags=_rgb_tags(size, _JPEG, text))
        _label(file)
        macro = mosaic.crop(5, 0, 0, 900)
        _picture(file, macro, f"{_APERIO}macro 900x900", subfile=9)


def _write_pyramid(path: Path) -> None:
    """Write every level as a page, as libvips does."""
    mosaic = _mosaic()
    with TiffWriter(path) as file:
        for power in range(pyramid_levels()):
            tags = _rgb_tags(mosaic.size(power), _JPEG, None) | {tiff.SUBFILE: int(power > 0)}
            _level(file, mosaic, power, PYRAMID_TILE, rgb=False, tags=tags)


def _level(
    file: TiffWriter,
    mosaic: Mosaic,
    power: int,
    side: int,
    *,
    rgb: bool,
    tags: dict[int, Value],
) -> None:
    """Write one resolution out of pixels."""
    grid = _grid(mosaic.size(power), side)
    tables, _ = encoded(Image.new("RGB", (side, side)), rgb=rgb)
    photometric = _RGB if rgb else _YCBCR
    tags |= {tiff.PHOTOMETRIC: photometric, tiff.JPEG_TABLES: tables, tiff.SUBSAMPLING: (2, 2)}
    squares = (mosaic.crop(power, column * side, row * side, side) for column, row in grid)
    file.page(tags | _tiled(side), (encoded(square, rgb=rgb)[1] for square in squares))


def _write_jpeg2000(path: Path) -> None:
    """Repeat the tiles of a real scan; without one, those of the sample slide coded anew."""
    real = real_slide("TCGA-CR-7395-01A-01-TS1.svs")
    stored = stored_tiles(real) if real else _coded_anew(stored_tiles(SAMPLE))
    mosaic, side = Mosaic(stored, JPEG2000_SIZE), stored.side
    width, height = JPEG2000_SIZE
    text = f"{_APERIO}{width}x{height} ({side}x{side}) J2K/KDU Q=70|AppMag = 20|MPP = 0.4990"
    size = mosaic.size(2)
    coarse = (mosaic.crop(2, x * side, y * side, side) for x, y in _grid(size, side))
    with TiffWriter(path) as file:
        tags = _rgb_tags(JPEG2000_SIZE, _JPEG2000, text)
        file.page(tags | _tiled(side), _repeated(stored, JPEG2000_SIZE))
        tags = _rgb_tags(size, _JPEG2000, f"{text} -> {size[0]}x{size[1]}")
        file.page(tags | _tiled(side), map(_codestream, coarse))


def _coded_anew(stored: Stored) -> Stored:
    pictures = {place: decoded(stored.tables, tile) for place, tile in stored.tiles.items()}
    tiles = {place: _codestream(picture) for place, picture in pictures.items()}
    return replace(stored, tiles=tiles, tables=b"")


def _codestream(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG2000", no_jp2=True, quality_mode="dB", quality_layers=[36])
    return out.getvalue()


def _repeated(stored: Stored, size: tuple[int, int]) -> Iterator[bytes]:
    for column, row in _grid(size, stored.side):
        yield stored.tiles[column % stored.columns, row % stored.rows]


def _rgb_tags(size: tuple[int, int], compression: int, text: str | None) -> dict[int, Value]:
    tags: dict[int, Value] = {
        tiff.SUBFILE: 0,
        tiff.WIDTH: size[0],
        tiff.HEIGHT: size[1],
        tiff.BITS: (8, 8, 8),
        tiff.COMPRESSION: compression,
        tiff.PHOTOMETRIC: _RGB,
        tiff.SAMPLES: 3,
        tiff.PLANAR: 1,
    }
    return tags if text is None else tags | {tiff.DESCRIPTION: text}


def _tiled(side: int) -> dict[int, Value]:
    return {tiff.TILE_WIDTH: side, tiff.TILE_HEIGHT: side}


def _grid(size: tuple[int, int], side: int) -> Iterator[tuple[int, int]]:
    """Yield (column, row) in the order of TIFF's tiles."""
    for row in range(-(-size[1] // side)):
        for column in range(-(-size[0] // side)):
            yield column, row


def _picture(file: TiffWriter, picture: Image.Image, text: str, subfile: int = 0) -> None:
    """Write a thumbnail or macro as one strip."""
    tables, data = encoded(picture, rgb=True)
    tags = _rgb_tags(picture.size, _JPEG, text)
    tags |= {tiff.SUBFILE: subfile, tiff.STRIP_ROWS: picture.height, tiff.JPEG_TABLES: tables}
    file.page(tags | {tiff.SUBSAMPLING: (2, 2)}, [data])


def _label(file: TiffWriter) -> None:
    """Write a label with a Data Matrix, compressed by Pillow, whose strips are taken over."""
    code = zxingcpp.create_barcode(_BARCODE, zxingcpp.BarcodeFormat.DataMatrix)
    label = Image.new("RGB", (387, 463), "white")
    label.paste(Image.fromarray(code.to_image(scale=8, add_quiet_zones=True)), (60, 80))
    out = io.BytesIO()
    label.save(out, "TIFF", compression="tiff_lzw")
    with tifffile.TiffFile(io.BytesIO(out.getvalue())) as compressed:
        page = compressed.pages[0].aspage()
        data = out.getvalue()
        pairs = zip(page.dataoffsets, page.databytecounts, strict=True)
        strips = [data[at : at + length] for at, length in pairs]
        layout = {tiff.STRIP_ROWS: page.rowsperstrip, tiff.PREDICTOR: int(page.predictor)}
    tags = _rgb_tags(label.size, _LZW, f"{_APERIO}label 387x463") | layout
    file.page(tags | {tiff.SUBFILE: 1}, strips)
