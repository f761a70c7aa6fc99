"""Slides of every kind that OpenSlide opens too, of a picture that shows a shift by one px."""

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.support import made_tiffs, ndpi_files
from tests.support.dicom_slides import DicomFile, encoded, tiles_of
from tests.support.made_slides import aperio_writer, jpeg_streams
from tests.support.made_tiffs import jpeg_of, stripped, tiled
from tests.support.tiff_writer import Order, Value, write
from tests.support.truth import tissue

SIZE = 1003, 741  # px: no multiple of a tile, and no whole number of halves
_APERIO = "Aperio Image Library v12.0.15 \r\n{}x{} [0,0 {}x{}] ({}x{}) {}|AppMag = 40{}"
_RGB, _YCBCR = 33005, 33003


@dataclass(frozen=True)
class Kind:
    """One kind of slide; ``origin`` is where OpenSlide has it, ``stored`` that tiles are sent."""

    suffix: str
    write: Callable[[Path], object]
    stored: bool
    origin: tuple[int, int] = (0, 0)


def levels(factors: Sequence[int], size: tuple[int, int] = SIZE) -> list[Any]:
    """Return a picture and its reductions, whose sizes are rounded down."""
    finest = tissue(*size)
    return [finest if one == 1 else aperio_writer.reduce(finest, one) for one in factors]


def kinds() -> dict[str, Kind]:
    """Return the kinds by name."""
    svs: dict[str, dict[str, Any]] = {
        "SVS of RGB": {},
        "SVS of YCbCr 4:2:0": {"photometric": "ycbcr", "subsampling": (2, 2)},
        "SVS of whole streams": {"abbreviated": False},
    }
    found = {name: Kind("svs", partial(write_svs, **one), stored=True) for name, one in svs.items()}
    found |= {
        "SVS in BigTIFF": Kind("svs", partial(write_svs, bigtiff=True), stored=True),
        "SVS of tiles of 512": Kind("svs", partial(write_svs, tile=512), stored=True),
        "SVS without size of a pixel": Kind("svs", partial(write_svs, properties={}), stored=True),
        "SVS with tiles left out": Kind(
            # OpenSlide draws all coarser tiles around it anew, out of the finest level.
            "svs",
            partial(write_svs, factors=(1,), empty_tiles=[(0, 1, 1), (0, 4, 3)]),
            stored=True,
        ),
        "SVS without words on label and macro": Kind("svs", _wordless, stored=True),
        "SVS of JPEG 2000, RGB": Kind("svs", partial(_wavelets, code=_RGB), stored=False),
        "SVS of JPEG 2000, YCbCr": Kind("svs", partial(_wavelets, code=_YCBCR), stored=False),
        "Philips": Kind("tiff", _philips, stored=True),
        "Leica SCN": Kind("scn", _scn, stored=True, origin=(2000, 4000)),
        "NDPI": Kind("ndpi", _ndpi, stored=False),
        "DICOM": Kind("dcm", _dicom, stored=True),
    }
    # OpenSlide 4.0.1 opens no classic TIFF of the other byte order ("Cannot read dircount").
    orders: tuple[tuple[str, bool, Order], ...] = (
        ("TIFF", False, "<"), ("BigTIFF", True, "<"), ("BigTIFF of the other order", True, ">"),
    )  # fmt: skip
    for name, big, order in orders:
        found[name] = Kind("tif", partial(_generic, big=big, order=order), stored=True)
    for name, compression in (("LZW", 5), ("deflate", 8), ("plain samples", 1)):
        packed = partial(_packed, compression=compression)
        found[f"TIFF of {name}"] = Kind("tif", packed, stored=False)
    return found


def write_svs(
    path: Path, *, tile: int = 240, factors: Sequence[int] = (1, 4), **options: Any
) -> None:
    """Write an Aperio slide."""
    coding = {name: options.pop(name) for name in ("photometric", "subsampling", "abbreviated")
              if name in options}  # fmt: skip
    aperio_writer.write_svs(
        path,
        levels(factors),
        tile=tile,
        encoding=jpeg_streams.Encoding(quality=80, **coding),
        **{"properties": {"AppMag": "40", "MPP": "0.25"}, **options},
    )


def _description(code: str, more: str = "|MPP = 0.2500") -> str:
    width, height = SIZE
    return _APERIO.format(width, height, width, height, 256, 256, code, more)


def _wordless(path: Path) -> None:
    """Write label and macro as newer scanners do: told by their type alone."""
    words = _description("JPEG/YCC Q=80")
    pages = [
        tiled(one, tags={270: words if not number else f"{words} {number}"})
        for number, one in enumerate(levels((1, 4)))
    ]
    small = stripped(levels((8,))[0], 16, compression=7, encode=jpeg_of)
    label = stripped(tissue(90, 100), 16, tags={254: 1})
    macro = stripped(tissue(300, 100), 16, compression=7, encode=jpeg_of, tags={254: 9})
    path.write_bytes(write([pages[0], small, *pages[1:], label, macro]))


def _wavelets(path: Path, *, code: int) -> None:
    def encode(pixels: Any) -> bytes:
        image = Image.fromarray(pixels)
        if code == _YCBCR:  # the three bands are stored as if they were R, G and B
            image = Image.merge("RGB", image.convert("YCbCr").split())
        file = io.BytesIO()
        image.save(file, "JPEG2000", no_jp2=True, mct=0 if code == _YCBCR else 1)
        return file.getvalue()

    words = _description("J2K/KDU Q=30")
    pages = [
        tiled(one, 256, compression=code, encode=encode, tags={270: f"{words}{' ' * number}"})
        for number, one in enumerate(levels((1, 4)))
    ]
    path.write_bytes(write(pages))


def _generic(path: Path, *, big: bool, order: Order) -> None:
    pages = [
        tiled(one, tags={254: 1} if number else {}) for number, one in enumerate(levels((1, 2, 4)))
    ]
    path.write_bytes(write(pages, big=big, order=order))


def _packed(path: Path, *, compression: int) -> None:
    def encode(pixels: Any) -> bytes:
        if compression == 8:
            return zlib.compress(pixels.tobytes())
        return made_tiffs.raw(pixels) if compression == 1 else lzw(pixels)

    pages = [
        tiled(one, 256, compression=compression, encode=encode, tags={254: 1} if number else {})
        for number, one in enumerate(levels((1, 2)))
    ]
    path.write_bytes(write(pages))


def lzw(pixels: Any) -> bytes:
    """Return a tile as libtiff packs it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "TIFF", compression="tiff_lzw", tiffinfo={278: len(pixels)})
    with Image.open(file) as image:
        tags = image.getexif()
        start, length = tags[273], tags[279]
    return file.getvalue()[start : start + length]


def _philips(path: Path) -> None:
    """Write a sparse slide whose directories count the padding of its tiles."""
    tile, factors = 256, (1, 2, 4)
    padded = tuple(-(-side // tile) * tile for side in SIZE)
    spacings = made_tiffs.philips_xml([0.00025 * one for one in factors], {})
    pages = []
    for number, pixels in enumerate(levels(factors, (padded[0], padded[1]))):
        missing = [(0, -pixels.shape[axis] % tile) for axis in (0, 1)]
        whole = np.pad(pixels, [*missing, (0, 0)], mode="edge")
        first: dict[int, Value] = {270: spacings, 305: "Philips DP v1.0"}
        tags: dict[int, Value] = {254: 1, 270: f"level={number}"} if number else first
        pages.append(tiled(whole, tile, blank=() if number else (1, 6), tags=tags))
    path.write_bytes(write(pages))


def _scn(path: Path) -> None:
    """Write a slide at 1, 2 mm (2000, 4000 px of 0.5 µm) of a glass of 3 x 6 mm."""
    pyramid, size = levels((1, 4)), (SIZE[0] * 500, SIZE[1] * 500)
    dimensions = [(one.shape[1], one.shape[0], n, 0, 0, n + 1) for n, one in enumerate(pyramid)]
    glass = 3_000_000, 6_000_000
    xml = made_tiffs.scn_xml(
        glass,
        made_tiffs.scn_image("macro", (0, 0, *glass), [(300, 600, 0, 0, 0, 0)]),
        made_tiffs.scn_image("main", (1_000_000, 2_000_000, *size), dimensions),
    )
    path.write_bytes(made_tiffs.make_scn(xml, [tissue(300, 600), *pyramid]))


def _ndpi(path: Path) -> None:
    """Write a slide of whole restart intervals; others OpenSlide 4.0.1 shows torn."""
    size = 1024, 768
    pictures = [
        ndpi_files.Picture(stream=ndpi_files.cut(one, across), lens=lens)
        for one, across, lens in zip(levels((1, 4), size), (128, 64), (20.0, 5.0), strict=True)
    ]
    ndpi_files.NdpiFile(pictures).write(path)


def _dicom(path: Path) -> None:
    frames = [encoded(one, quality=85) for one in tiles_of(levels((1,))[0], (256, 256))]
    file = DicomFile(frames=frames, size=SIZE, tile=(256, 256))
    path.write_bytes(file.content())
