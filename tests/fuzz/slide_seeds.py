"""Small slides of every kind that is read by range, to be changed."""

import io
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from tests.fuzz.slide_files import Slide, Slides
from tests.support import dicom_samples, made_tiffs, ndpi_files, ndpi_reading
from tests.support.dicom_slides import JPEG_2000, Light, Place, codestream, tiles_of
from tests.support.made_slides import make_svs, picture
from tests.support.made_tiffs import DEFLATE, LZW, PACKBITS, ZSTD
from tests.support.ndpi_files import NdpiFile, Picture
from tests.support.tiff_writer import Order, write

_SIZE = 200, 150
_J2K_RGB, _J2K_YCBCR = 33005, 33003
_ORDERS: tuple[Order, ...] = ("<", ">")


def _aperio() -> list[Slide]:
    kinds: list[dict[str, Any]] = [
        {},
        {"photometric": "ycbcr", "subsampling": (2, 2), "bigtiff": True, "label": None},
        {"abbreviated": False, "empty_tiles": [(0, 1, 1)], "thumbnail": False},
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.svs")
        return [
            Slide(make_svs(path, size=(260, 170), tile=96, **kind).read_bytes()) for kind in kinds
        ]


def _generic() -> list[Slide]:
    jpegs = [
        made_tiffs.make_pyramid(size=_SIZE, factors=(1, 2), big=big, order=order).content
        for big in (False, True)
        for order in _ORDERS
    ]
    return [Slide(one) for one in (*jpegs, *_packed(), *_jpeg2000())]


def _packed() -> list[bytes]:
    rgb, deep = picture(_SIZE, 64), np.arange(150 * 200, dtype=np.uint16).reshape(150, 200)
    found = []
    for order in _ORDERS:
        for compression, name in ((LZW, "tiff_lzw"), (ZSTD, "zstd"), (PACKBITS, "packbits")):
            encode = partial(_through_pillow, compression=name)
            found += [
                write([made_tiffs.tiled(rgb, 64, compression=compression, encode=encode)]),
                write([made_tiffs.stripped(rgb, 48, compression=compression, encode=encode)]),
            ]
        swapped = deep.astype(order + "u2")
        predicted = made_tiffs.stripped(
            swapped,
            50,
            compression=DEFLATE,
            encode=lambda part: zlib.compress(part.tobytes()),
            tags={317: 2},
        )
        found += [write([predicted], order=order), write([made_tiffs.tiled(swapped, 64,
            compression=1, encode=made_tiffs.raw)], order=order)]  # fmt: skip
    planes = io.BytesIO()
    tifffile.imwrite(planes, np.stack([deep] * 3), planarconfig="separate", photometric="rgb",
                     tile=(64, 64), metadata=None)  # fmt: skip
    return [*found, planes.getvalue()]


def _through_pillow(part: Any, compression: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(part).save(file, "TIFF", compression=compression, tiffinfo={278: len(part)})
    with Image.open(file) as image:
        tags = image.getexif()
        start, length = tags[273], tags[279]
    return file.getvalue()[start : start + length]


def _jpeg2000() -> list[bytes]:
    pixels = picture(_SIZE, 64)
    return [
        write([made_tiffs.tiled(pixels, 64, compression=kind, encode=codestream)])
        for kind in (_J2K_RGB, _J2K_YCBCR)
    ]


def _described() -> list[Slide]:
    """Slides whose structure stands in XML: Philips, Leica, OME, an OME set of two files."""
    planes = np.arange(4 * 80 * 100, dtype=np.uint16).reshape(2, 2, 80, 100)
    ome = made_tiffs.make_ome(
        planes, subifds=1, metadata={"axes": "ZCYX"}, tile=(16, 16), compression="zlib"
    )
    colours = made_tiffs.make_ome(
        picture(_SIZE), subifds=1, metadata={"axes": "YXS"}, tile=(64, 64), compression="zlib"
    )
    return [
        Slide(made_tiffs.make_philips(size=_SIZE, factors=(1, 2), tile=64, blank=(1,)).content),
        Slide(made_tiffs.make_brightfield_scn(size=_SIZE, factors=(1, 2)).content),
        Slide(_fluorescent_scn()),
        Slide(ome),
        Slide(colours),
        _ome_set(),
    ]


def _fluorescent_scn() -> bytes:
    dimensions = [(100, 80, 0, number % 2, number // 2, number + 1) for number in range(4)]
    xml = made_tiffs.scn_xml(
        (3_000_000, 6_000_000),
        made_tiffs.scn_image("macro", (0, 0, 3_000_000, 6_000_000), [(60, 120, 0, 0, 0, 0)]),
        made_tiffs.scn_image("main", (1000, 1000, 50_000, 40_000), dimensions),
    )
    grey = picture((100, 80), 32)[..., 0]
    return made_tiffs.make_scn(xml, [picture((60, 120), 32), *[grey] * 4], tile=64)


def _ome_set() -> Slide:
    names = "a.ome.tif", "b.ome.tif"
    ids = [f"urn:uuid:00000000-0000-0000-0000-00000000000{number}" for number in (1, 2)]
    runs = "".join(
        f'<TiffData IFD="0" FirstC="{number}" PlaneCount="1">'
        f'<UUID FileName="{names[number]}">{ids[number]}</UUID></TiffData>'
        for number in (0, 1)
    )
    contents = []
    for own in ids:
        xml = (
            '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="{own}"><Image ID="Image:0"><Pixels DimensionOrder="XYCZT" Type="uint8" '
            'SizeX="100" SizeY="80" SizeC="2" SizeZ="1" SizeT="1"><Channel ID="Channel:0:0"/>'
            f'<Channel ID="Channel:0:1"/>{runs}</Pixels></Image></OME>'
        )
        page = made_tiffs.tiled(picture((100, 80), 32)[..., 0].copy(), 64, tags={270: xml})
        contents.append(write([page]))
    return Slide(contents[0], {names[1]: contents[1]})


def _ndpi() -> list[Slide]:
    fine, coarse = ndpi_reading.picture(480, 300), ndpi_reading.picture(120, 75)
    stacks = [
        [Picture(stream=ndpi_files.cut(fine, 96)), Picture(stream=ndpi_files.cut(coarse), lens=5)],
        [Picture(stream=ndpi_files.cut(fine, 160, subsampling=2), focus=focus)
         for focus in (-1000, 0, 1000)],
        [Picture(stream=ndpi_files.cut(fine[..., 0].copy(), 96)),
         Picture(stream=ndpi_files.cut(coarse), lens=-1.0)],
    ]  # fmt: skip
    files = [NdpiFile(pictures) for pictures in stacks]
    return [Slide(file.read(0, file.size)) for file in files]


def _dicom() -> list[Slide]:
    size, tile = dicom_samples.SIZE, dicom_samples.TILE
    coloured, native, grey = dicom_samples.coloured, dicom_samples.native, dicom_samples.grey
    tiles = tiles_of(grey(1), tile)
    places = [Place(column=n % 3 * 64 + 1, row=n // 3 * 64 + 1, z=n * 0.1) for n in (5, 0, 3)]
    sparse = [tiles[number].tobytes() for number in (5, 0, 3)]
    wavelets = [codestream(one) for one in tiles_of(picture(size, 64), tile)]
    lights = Light(identifier="r", description="Cy5"), Light(identifier="g", fluorescent=True)
    deep = [(grey(seed).astype(np.uint16) * 257) for seed in range(4)]
    label = native(picture((90, 64), 32), flavour="LABEL", instance="1.3").content()
    files = [
        coloured(),
        coloured(table="extended"),
        coloured(table="none", undefined=True),
        native(grey(1), frames=sparse, places=places),
        native(grey(1), frames=sparse, places=places, undefined=True),
        coloured(frames=wavelets, syntax=JPEG_2000, photometric="RGB"),
        dicom_samples.stack(deep, lights=lights, focal=2, z_step=1.5),
    ]
    found = [Slide(file.content()) for file in files]
    small = native(dicom_samples.half(picture(size, 64)), instance="1.9").content()
    several = native(picture(size, 64), instance="1.1").content()
    return [*found, Slide(several, {"label": label, "small": small}), Slide(label, {"a": several})]


def slides() -> Sequence[Slides]:
    """Return the families of formats."""
    return (
        Slides("Aperio", _aperio),
        Slides("TIFF", _generic),
        Slides("described TIFF", _described),
        Slides("NDPI", _ndpi),
        Slides("DICOM", _dicom),
    )
