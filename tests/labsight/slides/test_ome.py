import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from labsight.errors import DamagedSlide, SlideError, UnsupportedSlide
from labsight.slides.axes import Channel
from labsight.slides.formats.tiff.slide import read_tiff
from tests.support.made_slides import picture
from tests.support.made_tiffs import (
    base,
    jpeg_of,
    make_ome,
    pyramid_of,
    raw,
    stripped,
    tiled,
    tiles_of,
)
from tests.support.tiff_reading import data_of, pixels_of, structure_of, worst
from tests.support.tiff_writer import Page, write

OME = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def planes_of(*shape: int, kind: Any = np.uint16) -> Any:
    """Return random samples of this shape."""
    return np.random.default_rng(1).integers(0, 250, shape).astype(kind)


@pytest.mark.parametrize("order", ["TZCYX", "CTZYX", "ZCTYX", "TCZYX"])
@pytest.mark.parametrize("options", [{}, {"tile": (64, 64), "compression": "zlib"}])
def test_planes_are_where_tifffile_finds_them(order: str, options: dict[str, Any]) -> None:
    sizes = {"T": 2, "Z": 3, "C": 2, "Y": 90, "X": 130}
    pixels = planes_of(*(sizes[axis] for axis in order))
    content = make_ome(pixels, metadata={"axes": order}, **options)
    structure = structure_of(content)
    assert (structure.axes.z, structure.axes.t, len(structure.axes.channels)) == (3, 2, 2)
    for t, z, c in np.ndindex(2, 3, 2):
        place = {"T": t, "Z": z, "C": c}
        expected = pixels[tuple(place[axis] for axis in order[:3])]
        found = pixels_of(structure, content, plane=structure.axes.plane(c, z, t))
        assert np.array_equal(found, expected)
    assert not structure.identifying


def test_sub_directories_are_the_smaller_levels_of_each_plane() -> None:
    pixels = planes_of(2, 300, 400)
    content = make_ome(
        pixels, subifds=2, metadata={"axes": "CYX"}, tile=(64, 64), compression="zlib"
    )
    structure = structure_of(content)
    assert [one.width for one in structure.levels] == [400, 200, 100]
    for level, channel in np.ndindex(3, 2):
        found = pixels_of(structure, content, level=level, plane=channel)
        assert np.array_equal(found, pixels[channel, :: 1 << level, :: 1 << level])
    assert not structure.identifying


def xml_of(inner: str, *, uuid: str = "", more: str = "", **pixels: object) -> str:
    """Return OME-XML of one image."""
    told: dict[str, object] = {
        "DimensionOrder": "XYCZT", "Type": "uint8", "SizeX": 300, "SizeY": 200,
        "SizeC": 1, "SizeZ": 1, "SizeT": 1,
    }  # fmt: skip
    attributes = " ".join(f'{name}="{value}"' for name, value in (told | pixels).items())
    own = f' UUID="urn:uuid:{uuid}"' if uuid else ""
    return (
        f'<?xml version="1.0"?><OME xmlns="{OME}"{own}><Image ID="Image:0" Name="one">'
        f"<Pixels ID='Pixels:0' {attributes}>{inner}</Pixels></Image>{more}</OME>"
    )


def test_a_brightfield_pyramid_of_jpeg_tiles_is_stored() -> None:
    levels = pyramid_of(picture((300, 200), 64), (1, 2))
    inner = '<Channel SamplesPerPixel="3"/><TiffData IFD="0" PlaneCount="1"/>'
    page = tiled(levels[0], 64, tags={270: xml_of(inner, SizeC=3)}, reduced=[tiled(levels[1], 64)])
    content = write([page])
    structure = structure_of(content)
    assert [one.stored for one in structure.levels] == [True, True]
    assert structure.axes.channels == ()
    assert worst(pixels_of(structure, content, level=1), levels[1]) < 30
    assert not structure.identifying


def grey(seed: int) -> Any:
    coarse = np.random.default_rng(seed).integers(0, 200, (20, 30), dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 10), np.uint8))


def file_of(xml: str, count: int = 3) -> bytes:
    """Return a file of so many grey planes with this description."""
    pages = [tiled(grey(n), 64, tags={270: xml} if n == 0 else {}) for n in range(count)]
    return write(pages)


def shown(structure: Any, content: bytes, plane: int) -> int:
    """Return which of the grey planes a plane is."""
    found = pixels_of(structure, content, plane=plane)
    return next(number for number in range(9) if worst(found, grey(number)) < 30)


def test_channels_have_names_colours_and_windows() -> None:
    inner = (
        '<Channel Name="DAPI" Color="65535"/><Channel Color="-16776961"/>'
        '<Channel Fluor="Cy5&#10;"/>'
    )
    content = file_of(xml_of(inner, SizeC=3, SignificantBits=7))
    assert structure_of(content).axes.channels == (
        Channel("DAPI", "0000FF", (0, 127)),
        Channel("Channel 2", "FF0000", (0, 127)),
        Channel("Cy5", "0000FF", (0, 127)),
    )


def test_channels_that_are_all_white_are_told_apart() -> None:
    content = file_of(xml_of('<Channel Color="-1"/>' * 3, SizeC=3, SignificantBits=8))
    assert [(one.colour, one.window) for one in structure_of(content).axes.channels] == [
        ("FF0000", (0, 0)),
        ("00FF00", (0, 0)),
        ("0000FF", (0, 0)),
    ]


@pytest.mark.parametrize(
    ("inner", "planes"),
    [
        ("", [0, 1, 2]),
        ("<TiffData/>", [0, 1, 2]),
        ('<TiffData IFD="0"/>', [0, None, None]),
        ('<TiffData IFD="1" PlaneCount="2"/>', [1, 2, None]),
        ('<TiffData IFD="0" FirstZ="2"/><TiffData IFD="2" FirstZ="0"/>', [2, None, 0]),
        ('<TiffData IFD="1" FirstZ="1" PlaneCount="9"/>', None),
        ('<TiffData FirstZ="9"/><TiffData IFD="1"/>', [1, None, None]),
    ],
)
def test_runs_of_planes_are_read_as_the_model_defines_them(
    inner: str, planes: list[int | None] | None
) -> None:
    content = file_of(xml_of("<Channel/>" + inner, SizeZ=3, DimensionOrder="XYZCT"))
    structure = structure_of(content)
    assert (structure.axes.z, structure.axes.channels) == (3, ())
    found = [
        shown(structure, content, number) if any(one.lengths) else None
        for number, one in enumerate(structure.levels[0].planes)
    ]
    assert found == (planes or [None, 1, 2])


def test_steps_of_the_axes_are_brought_to_our_units() -> None:
    xml = xml_of(
        "<Channel/>",
        SizeZ=3,
        PhysicalSizeX="250",
        PhysicalSizeXUnit="nm",
        PhysicalSizeY="0.26",
        PhysicalSizeZ="0.002",
        PhysicalSizeZUnit="mm",
        TimeIncrement="500",
        TimeIncrementUnit="ms",
    )
    structure = structure_of(file_of(xml))
    assert (structure.axes.z_step, structure.axes.t_step) == (2.0, 0.5)
    assert structure.scan.mpp == (0.25, 0.26)


def test_the_largest_of_several_images_is_shown_and_label_and_macro_are_kept() -> None:
    def image(name: str, size: tuple[int, int], directory: int) -> str:
        return (
            f'<Image Name="{name}"><Pixels SizeX="{size[0]}" SizeY="{size[1]}" SizeC="3">'
            f'<Channel SamplesPerPixel="3"/><TiffData IFD="{directory}"/></Pixels></Image>'
        )

    sizes = {"label image": (60, 50), "slide": (300, 200), "macro image": (120, 50)}
    parts = [image(name, size, n) for n, (name, size) in enumerate(sizes.items())]
    xml = f'<OME xmlns="{OME}">{"".join(parts)}</OME>'
    pages = [
        stripped(picture(size, 32), tags={270: xml} if n == 0 else {})
        for n, size in enumerate(sizes.values())
    ]
    structure = structure_of(write(pages))
    assert (structure.levels[0].width, structure.levels[0].height) == (300, 200)
    assert {name: read().size for name, read in structure.pictures.items()} == {
        "label": (60, 50),
        "macro": (120, 50),
    }
    assert structure.identifying
    assert structure.scan.properties == {"images": "3"}


def set_of(names: list[str], uuids: list[str], at: int) -> str:
    runs = "".join(
        f'<TiffData IFD="0" FirstZ="{z}" PlaneCount="1"><UUID FileName="{name}">urn:uuid:{uuid}'
        "</UUID></TiffData>"
        for z, (name, uuid) in enumerate(zip(names, uuids, strict=True))
    )
    return xml_of("<Channel/>" + runs, uuid=uuids[at], SizeZ=len(names))


def test_the_planes_of_a_set_lie_in_its_files() -> None:
    names, uuids = ["a.ome.tif", "b.ome.tif", "c.ome.tif"], ["a0", "b0", "c0"]
    files = [write([tiled(grey(z), 64, tags={270: set_of(names, uuids, z)})]) for z in range(3)]
    structure = structure_of(files[1], {"a.ome.tif": files[0], "c.ome.tif": files[2]})
    planes = structure.levels[0].planes
    assert [one.file for one in planes] == [1, 0, 2]
    for z in range(3):
        found = pixels_of(structure, files[1], files[0], files[2], plane=z)
        assert worst(found, grey(z)) < 30
    assert not structure.identifying
    with_label = write([tiled(grey(2), 64, tags={270: "x"}), stripped(picture((60, 50), 32))])
    kept = structure_of(files[1], {"a.ome.tif": files[0], "c.ome.tif": with_label})
    assert kept.identifying


@pytest.mark.parametrize("others", [None, {}])
def test_a_set_of_which_files_are_missing_is_refused_by_name(
    others: dict[str, bytes] | None,
) -> None:
    xml = set_of(["a.ome.tif", "b.ome.tif"], ["a0", "b0"], 0)
    with pytest.raises(UnsupportedSlide, match=r"b\.ome\.tif, which did not come"):
        structure_of(file_of(xml, 1), others)


def test_a_file_of_a_set_that_is_no_tiff_is_damage() -> None:
    xml = set_of(["a.ome.tif", "b.ome.tif"], ["a0", "b0"], 0)
    with pytest.raises(DamagedSlide, match=r"b\.ome\.tif, a file of the set, is no TIFF"):
        structure_of(file_of(xml, 1), {"b.ome.tif": b"text"})


@pytest.mark.parametrize("name", ["../b.tif", "a/b", "..", "c:\\b", "b" * 300])
def test_a_file_of_a_set_is_named_by_a_file_name(name: str) -> None:
    xml = set_of(["a.ome.tif", name], ["a0", "b0"], 0)
    with pytest.raises(DamagedSlide, match="no file name"):
        structure_of(file_of(xml, 1), {})


def test_a_renamed_file_is_its_own_by_its_uuid_or_when_it_is_the_only_one() -> None:
    for uuids in (["a0"], ["b0"]):
        xml = set_of(["old.ome.tif"], uuids, 0).replace('UUID="urn:uuid:b0"', "")
        assert len(structure_of(file_of(xml, 1)).levels) == 1


def test_samples_stored_apart_become_channels() -> None:
    planes = planes_of(3, 200, 300)
    chunks = [part.tobytes() for plane in planes for part in tiles_of(plane, 64)]
    inner = '<Channel Name="all" SamplesPerPixel="3"/>'
    tags = base(planes[0], 1) | {
        258: [16] * 3, 262: 2, 277: 3, 284: 2, 322: 64, 323: 64, 270: xml_of(inner, SizeC=3),
    }  # fmt: skip
    content = write([Page(tags=tags, chunks=chunks)])
    structure = structure_of(content)
    assert [one.name for one in structure.axes.channels] == ["all", "Channel 2", "Channel 3"]
    for number in range(3):
        assert np.array_equal(pixels_of(structure, content, plane=number), planes[number])


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (xml_of("<Channel/>", SizeZ=1 << 17), "131072 planes"),
        (xml_of('<Channel/><TiffData IFD="7"/>'), "image 7 of a file that has 3"),
        (xml_of('<Channel SamplesPerPixel="2"/>' * 2, SizeC=4), "several channels of several"),
        (xml_of('<Channel/><TiffData FirstT="3"/>'), "names no plane"),
        (
            xml_of("<Channel/><TiffData IFD='1'/><TiffData IFD='1' FirstZ='2'/>", SizeZ=3),
            "as several planes",
        ),
        (
            xml_of("<Channel/>" + '<TiffData IFD="0" PlaneCount="3"/>' * 20, SizeZ=3),
            "over and over",
        ),
    ],
)
def test_xml_that_makes_no_sense_is_told(xml: str, said: str) -> None:
    assert said in why_not(file_of(xml))


def why_not(content: bytes) -> str:
    """Return in words why a file cannot be shown by range."""
    try:
        return structure_of(content).reason
    except SlideError as error:
        return error.message


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace("</OME>", ""),
        lambda xml: xml.replace("<OME", "<!DOCTYPE x><OME"),
        lambda xml: xml.replace('SizeZ="1"', 'SizeZ="0"'),
        lambda xml: re.sub("<Image.*</Image>", "", xml),
    ],
)
def test_without_usable_xml_it_is_a_tiff_file_like_others(change: Callable[[str], str]) -> None:
    structure = structure_of(file_of(change(xml_of("<Channel/>")), 1))
    assert (structure.axes.planes, structure.levels[0].width) == (1, 300)
    assert structure.identifying


def test_a_document_that_may_hold_a_picture_keeps_the_file() -> None:
    more = "<StructuredAnnotations><BinaryFile/></StructuredAnnotations>"
    assert structure_of(file_of(xml_of("<Channel/>", more=more), 1)).identifying
    assert not structure_of(file_of(xml_of("<Channel/>"), 1)).identifying


def test_planes_of_other_sizes_are_left_to_openslide() -> None:
    pages = [tiled(grey(0), 64, tags={270: xml_of("<Channel/>", SizeZ=2)}), tiled(grey(1), 128)]
    assert "differ" in structure_of(write(pages)).reason


def test_many_planes_take_few_requests_where_their_directories_lie_close() -> None:
    pixels = planes_of(500, 64, 64)
    apart = make_ome(pixels, metadata={"axes": "ZYX"}, compression="zlib")
    together = make_ome(pixels, metadata={"axes": "ZYX"})
    for content, most in ((apart, 8), (together, 4)):
        data = data_of(content)
        assert read_tiff(data).axes.z == 500
        assert data.requests <= most


def test_real_files_are_read_as_tifffile_reads_them(real_data: Path) -> None:
    for name, sizes in (
        ("slides/ome-4D-series.ome.tiff", (0, 5, 7)),
        ("data/microscopy_real/colloid_5t.ome.tif", (1, 1, 5)),
    ):
        content = (real_data / name).read_bytes()
        structure = structure_of(content)
        axes = structure.axes
        assert (len(axes.channels), axes.z, axes.t) == sizes
        with tifffile.TiffFile(io.BytesIO(content)) as tiff:
            expected = tiff.asarray().reshape(axes.t, axes.z, *tiff.pages.first.shape)
        for t, z in np.ndindex(axes.t, axes.z):
            found = pixels_of(structure, content, plane=axes.plane(0, z, t))
            assert np.array_equal(found, expected[t, z].astype(found.dtype))


def test_uncompressed_tiles_of_jpeg_size_are_not_taken_for_jpeg() -> None:
    page = tiled(grey(0), 64, compression=1, encode=raw, tags={270: xml_of("<Channel/>")})
    assert not structure_of(write([page])).levels[0].stored
    stored = tiled(grey(0), 64, encode=jpeg_of, tags={270: xml_of("<Channel/>")})
    assert structure_of(write([stored])).levels[0].stored
