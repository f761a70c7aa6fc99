"""TIFF slides of the kinds that scanners and converters write, other than Aperio's."""

import base64
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from tests.support.made_slides import aperio_writer, picture
from tests.support.tiff_writer import Order, Page, Value, write

Pixels = NDArray[Any]
SCN = "http://www.leica-microsystems.com/scn/2010/10/01"
JPEG, LZW, DEFLATE, PACKBITS, ZSTD = 7, 5, 8, 32773, 50000


def tiles_of(pixels: Pixels, tile: int) -> Iterator[Pixels]:
    """Yield the tiles of an image row by row, edge tiles filled up with the last pixels."""
    for top, left in product(range(0, pixels.shape[0], tile), range(0, pixels.shape[1], tile)):
        part = pixels[top : top + tile, left : left + tile]
        missing = [(0, tile - part.shape[0]), (0, tile - part.shape[1])]
        yield np.pad(part, missing + [(0, 0)] * (pixels.ndim - 2), mode="edge")


def jpeg_of(pixels: Pixels, **options: Any) -> bytes:
    """Return a tile as a complete JPEG stream: YCbCr, or grey where there are no colours."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=98, subsampling=0, **options)
    return file.getvalue()


def raw(pixels: Pixels) -> bytes:
    """Return a tile as it is."""
    return pixels.tobytes()


def tiled(
    pixels: Pixels,
    tile: int = 256,
    *,
    compression: int = JPEG,
    encode: Callable[[Pixels], bytes] = jpeg_of,
    blank: Sequence[int] = (),
    tags: Mapping[int, Value] | None = None,
    reduced: Sequence[Page] = (),
) -> Page:
    """Return an image of tiles; ``blank`` ones get no bytes."""
    chunks = [
        b"" if number in blank else encode(part)
        for number, part in enumerate(tiles_of(pixels, tile))
    ]
    size = {322: tile, 323: tile}
    return Page(
        tags=base(pixels, compression) | size | dict(tags or {}), chunks=chunks, reduced=reduced
    )


def stripped(
    pixels: Pixels,
    rows: int = 16,
    *,
    compression: int = 1,
    encode: Callable[[Pixels], bytes] = raw,
    tags: Mapping[int, Value] | None = None,
) -> Page:
    """Return an image of strips, the last one as short as what is left."""
    chunks = [encode(pixels[top : top + rows]) for top in range(0, pixels.shape[0], rows)]
    own: dict[int, Value] = {278: rows}
    return Page(tags=base(pixels, compression) | own | dict(tags or {}), chunks=chunks)


def base(pixels: Pixels, compression: int) -> dict[int, Value]:
    """Return the tags of an image but those of its chunks."""
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    colours = (6 if compression == JPEG else 2) if samples == 3 else 1
    return {
        256: pixels.shape[1],
        257: pixels.shape[0],
        258: [8 * pixels.dtype.itemsize] * samples,
        259: compression,
        262: colours,
        277: samples,
    }


@dataclass(frozen=True)
class Made:
    """A slide file and the pixels of its levels, finest first."""

    content: bytes
    levels: tuple[Pixels, ...]


def per_pixel() -> dict[int, Value]:
    """Return the resolution tags of 0.5 µm per px."""
    return {282: Fraction(20_000), 283: Fraction(20_000), 296: 3}


def pyramid_of(pixels: Pixels, factors: Sequence[int]) -> tuple[Pixels, ...]:
    """Return an RGB image and its reductions."""
    return tuple(
        pixels if factor == 1 else aperio_writer.reduce(pixels, factor) for factor in factors
    )


def make_pyramid(
    *,
    size: tuple[int, int] = (1000, 700),
    factors: Sequence[int] = (1, 2, 4),
    big: bool = False,
    order: Order = "<",
    tags: Mapping[int, Value] | None = None,
) -> Made:
    """Return a generic pyramidal TIFF of JPEG tiles; ``tags`` are those of the first image."""
    levels = pyramid_of(picture(size), factors)
    pages = [tiled(one, tags={254: 1} if number else tags) for number, one in enumerate(levels)]
    return Made(write(pages, big=big, order=order), levels)


def _attribute(name: str, value: str) -> str:
    return f'<Attribute Name="{name}" Group="0x0" Element="0x0" PMSVR="IString">{value}</Attribute>'


def _scanned(kind: str, inner: str) -> str:
    return (
        '<DataObject ObjectType="DPScannedImage">'
        f"{_attribute('PIM_DP_IMAGE_TYPE', kind)}{inner}</DataObject>"
    )


def philips_xml(spacings: Sequence[float], pictures: dict[str, bytes], images: int = 1) -> str:
    """Return the XML of a Philips TIFF: spacings in mm, pictures by type (LABELIMAGE)."""
    levels = "".join(
        '<DataObject ObjectType="PixelDataRepresentation">'
        + _attribute("DICOM_PIXEL_SPACING", f"&quot;{one}&quot; &quot;{one}&quot;")
        + "</DataObject>"
        for one in spacings
    )
    sequence = (
        '<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"><Array>'
        f"{levels}</Array></Attribute>"
    )
    kept = "".join(
        _scanned(kind, _attribute("PIM_DP_IMAGE_DATA", base64.b64encode(data).decode()))
        for kind, data in pictures.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">'
        + _attribute("DICOM_MANUFACTURER", "PHILIPS")
        + _attribute("DICOM_ACQUISITION_DATETIME", "20260314095915.000000")
        + _attribute("PIM_DP_UFS_BARCODE", "Sm9uZXM=")
        + '<Attribute Name="PIM_DP_SCANNED_IMAGES"><Array>'
        + _scanned("WSI", sequence) * images
        + f"{kept}</Array></Attribute></DataObject>"
    )


def make_philips(
    *,
    size: tuple[int, int] = (900, 600),
    factors: Sequence[int] = (1, 2, 4, 8),
    blank: Sequence[int] = (),
    xml: str | None = None,
    tile: int = 128,
) -> Made:
    """Return a Philips TIFF, the sizes in its directories padded to whole tiles."""
    padded = tuple(-(-side // tile) * tile for side in size)
    levels = pyramid_of(picture((padded[0], padded[1])), factors)
    pictures = {"LABELIMAGE": jpeg_of(picture((60, 50))), "MACROIMAGE": jpeg_of(picture((120, 50)))}
    description = xml or philips_xml([0.00025 * factor for factor in factors], pictures)
    pages = []
    for number, pixels in enumerate(levels):
        missing = [(0, -pixels.shape[axis] % tile) for axis in (0, 1)]
        first: dict[int, Value] = {270: description, 305: "Philips DP v1.0"}
        tags: dict[int, Value] = {254: 1, 270: f"level={number}"} if number else first
        whole = np.pad(pixels, [*missing, (0, 0)], mode="edge")
        pages.append(tiled(whole, tile, blank=() if number else blank, tags=tags))
    return Made(write(pages), levels)


def scn_image(
    name: str,
    view: tuple[int, int, int, int],
    dimensions: Sequence[tuple[int, int, int, int, int, int]],
    settings: str = "",
) -> str:
    """Return an image of an SCN file: view in nm, dimensions of (width, height, r, c, z, ifd)."""
    parts = "".join(
        f'<dimension sizeX="{w}" sizeY="{h}" r="{r}" c="{c}" z="{z}" ifd="{ifd}"/>'
        for w, h, r, c, z, ifd in dimensions
    )
    return (
        f'<image name="{name}"><creationDate>2026-03-14T09:59:15Z</creationDate>'
        '<device model="Leica SCN400" version="1.5"/>'
        f"<pixels>{parts}</pixels>"
        f'<view sizeX="{view[2]}" sizeY="{view[3]}" offsetX="{view[0]}" offsetY="{view[1]}" '
        'spacingZ="2000"/><scanSettings><objectiveSettings><objective>20</objective>'
        "</objectiveSettings><illuminationSettings><numericalAperture>0.4</numericalAperture>"
        f"<illuminationSource>brightfield</illuminationSource></illuminationSettings>{settings}"
        "</scanSettings></image>"
    )


def scn_xml(size: tuple[int, int], *images: str, more: str = "") -> str:
    """Return the XML of an SCN file whose collection is of this size, nm."""
    return (
        f'<?xml version="1.0"?><scn xmlns="{SCN}"><collection name="made" sizeX="{size[0]}" '
        f'sizeY="{size[1]}"><barcode>Sm9uZXM=</barcode>{more}{"".join(images)}</collection></scn>'
    )


def make_scn(description: str, pages: Sequence[Pixels], tile: int = 256) -> bytes:
    """Return a Leica SCN of these images, in the order of their directories; 0.5 µm per px."""
    size = per_pixel()
    parts = [
        tiled(one, tile, tags=size if number else {270: description, **size})
        for number, one in enumerate(pages)
    ]
    return write(parts, big=True)


def make_brightfield_scn(
    size: tuple[int, int] = (1200, 800), factors: Sequence[int] = (1, 4)
) -> Made:
    """Return an SCN of a macro image and a main image; µm per px is 0.5."""
    levels = pyramid_of(picture(size), factors)
    macro = picture((300, 600), 64)
    dimensions = [
        (one.shape[1], one.shape[0], number, 0, 0, number + 1) for number, one in enumerate(levels)
    ]
    view = (1_000_000, 2_000_000, size[0] * 500, size[1] * 500)
    xml = scn_xml(
        (3_000_000, 6_000_000),
        scn_image("macro", (0, 0, 3_000_000, 6_000_000), [(300, 600, 0, 0, 0, 0)]),
        scn_image("main", view, dimensions),
    )
    return Made(make_scn(xml, [macro, *levels]), levels)


def make_ome(
    pixels: Pixels, *, subifds: int = 0, metadata: dict[str, Any], **options: Any
) -> bytes:
    """Return an OME-TIFF of planes; reductions take every second pixel of the level above."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file, ome=True) as writer:
        writer.write(pixels, subifds=subifds, metadata=metadata, **options)
        for level in range(1, subifds + 1):
            step = 1 << level
            last = metadata["axes"].endswith("S")
            cut = (slice(None, None, step),) * 2 + ((slice(None),) if last else ())
            writer.write(pixels[(..., *cut)], subfiletype=1, metadata=None, **options)
    return file.getvalue()
