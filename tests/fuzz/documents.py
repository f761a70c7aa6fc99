"""Documents and addresses: sidecars, lists of files, XML, IIIF requests, views."""

import struct
import zlib
from collections.abc import Sequence
from random import Random

from labsight.slides import sidecar, units
from labsight.slides.axes import Axes, Channel
from labsight.slides.formats import bounded_xml
from labsight.slides.formats.tiff import ome_xml
from labsight.slides.index import SlideIndex, SourceFile
from labsight.slides.units import Member, Unit
from labsight.slides.view import parse_view
from labsight.tiles import iiif_request
from labsight.tiles.iiif_request import ImageRequest
from tests.fuzz.mutation import Span
from tests.fuzz.target import Target
from tests.support import made_tiffs, tiff_reading
from tests.support.plain_slides import index_of

_AXES = Axes((Channel("a", "FF0000"), Channel("b", "00FF00", (1, 9))), z=3, t=2)
_EDGE = 12  # bytes in front of a sidecar's header


class Sidecars(Target):
    """Sidecars; those that are changed mostly get a checksum that fits, to come further."""

    name = "sidecars"

    def make_seeds(self) -> Sequence[bytes]:
        content = made_tiffs.make_pyramid(size=(300, 200), factors=(1, 2)).content
        found = tiff_reading.structure_of(content)
        index = SlideIndex(
            key="slides/lab/a.tif",
            etag="e",
            size=len(content),
            format="tif",
            files=(SourceFile("slides/lab/a.tif", "e", len(content)),),
            levels=found.levels,
            mpp=(0.5, 0.5),
        )
        return [sidecar.to_bytes(index)]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        del number
        sidecar.key_of(content)
        if chance.random() < 0.9 and len(content) > _EDGE:
            body = content[:-4]
            if chance.random() < 0.8:  # a header may have got longer or shorter
                end = body.rfind(b"}") + 1
                body = body[:8] + struct.pack("<I", max(0, end - _EDGE)) + body[_EDGE:]
            content = body + struct.pack("<I", zlib.crc32(body))
        index = sidecar.from_bytes(content)
        for level in index.levels:
            count = level.chunk_columns * level.chunk_rows if level.planes else 0
            assert all(len(one.offsets) == len(one.lengths) == count for one in level.planes)


class Units(Target):
    """Lists of the files of one slide."""

    name = "units"

    def make_seeds(self) -> Sequence[bytes]:
        members = tuple(Member(f"case 1/series/{n}.dcm", 100 + n, "abc") for n in range(5))
        again = Member(
            "case 1/series/9.dcm", 7, None, revision=3, mtime_ns=1_773_478_755_000_000_000
        )
        told = Unit("mrxs", (*members[:1], again), "S26-1", "S26-1-A1", "left", "lacks 10.dcm")
        return [units.write(Unit("dicom", members)), units.write(told)]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        del number, chance
        unit = units.read(content)
        keys = units.member_keys("slides/lab/case 1/series/unit.json", unit)
        assert all(f"{key}/".startswith("slides/lab/case 1/") for key in keys), keys


class Documents(Target):
    """XML, most of it OME's."""

    name = "XML"

    def make_seeds(self) -> Sequence[bytes]:
        ome = (
            '<?xml version="1.0"?><OME xmlns="x" UUID="urn:uuid:1"><Instrument>'
            '<Objective NominalMagnification="20"/></Instrument><Image Name="a">'
            "<AcquisitionDate>2026-03-14T09:59:15</AcquisitionDate>"
            '<Pixels DimensionOrder="XYCZT" Type="uint16" SizeX="100" SizeY="80" SizeC="2" '
            'SizeZ="3" SizeT="2" PhysicalSizeX="0.5" PhysicalSizeY="0.5" PhysicalSizeZ="2" '
            'SignificantBits="12" TimeIncrement="3"><Channel Name="DAPI" Color="-16776961"/>'
            '<Channel SamplesPerPixel="1"/><TiffData IFD="0" FirstC="0" PlaneCount="12">'
            '<UUID FileName="a.ome.tif">urn:uuid:1</UUID></TiffData></Pixels></Image></OME>'
        )
        philips = made_tiffs.philips_xml([0.00025, 0.0005], {"LABELIMAGE": b"123"})
        return [ome.encode(), philips.encode()]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        del number, chance
        root = bounded_xml.parse(content.decode("utf-8", "replace"))
        if root is not None:
            ome_xml.uuid_of(root)
            for image in ome_xml.images_of(root):
                ome_xml.scan_data(root, image)


class Addresses(Target):
    """IIIF requests and choices of channels, as they stand in addresses."""

    name = "addresses"

    def make_seeds(self) -> Sequence[bytes]:
        return [
            b"full/max/0/default.jpg",
            b"square/^!300,200/!180/gray.png",
            b"10,20,300,400/pct:12.5/90/bitonal.webp",
            b"pct:10.5,.5,33.33333,50/^1000,/270.0/color.jpg",
            b"0:FF0000:100-4000,1:00FF00/2/1",
            b"1:0000FF:-5.5-1e3,0/0/0",
        ]

    def hot_of(self, number: int) -> Sequence[Span]:
        return [(0, len(self.seeds[number]))]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        index = index_of((40_000, 30_000), (10_000, 7_500))
        parts = [*content.decode("utf-8", "replace").split("/"), "", "", ""]
        if number < 4:
            asked = _image(index, parts)
            x, y, width, height = asked.box
            assert 0 <= x < x + width <= index.width, asked.box
            assert 0 <= y < y + height <= index.height, asked.box
            assert iiif_request.LIMITS.hold(asked.size), asked.size
            assert _image(index, asked.canonical.split("/")) == asked, asked.canonical
        else:
            z = parts[1] if chance.random() < 0.9 else None
            seen = parse_view(_AXES, parts[0], z, parts[2])
            assert 0 <= seen.z < _AXES.z, seen.z
            assert seen.key, "a view has a key"


def _image(index: SlideIndex, parts: Sequence[str]) -> ImageRequest:
    quality, _, form = parts[3].rpartition(".")
    return iiif_request.parse(index, parts[0], parts[1], parts[2], quality, form)
