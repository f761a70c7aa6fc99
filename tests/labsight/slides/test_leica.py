from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest

from labsight.errors import DamagedSlide, SlideError
from labsight.slides.axes import Channel
from tests.support.made_slides import picture
from tests.support.made_tiffs import (
    make_brightfield_scn,
    make_scn,
    pyramid_of,
    scn_image,
    scn_xml,
)
from tests.support.tiff_reading import pixels_of, structure_of, worst

COLLECTION = (3_000_000, 6_000_000)
MACRO = scn_image("macro", (0, 0, *COLLECTION), [(300, 600, 0, 0, 0, 0)])
MACRO_PIXELS = picture((300, 600), 64)
CHANNELS = (
    '<channelSettings><channel index="0" name="DAPI" rgb="#0000ff"/>'
    '<channel index="1" name="" rgb="blue"/></channelSettings>'
)


def grey(seed: int, size: tuple[int, int] = (300, 200)) -> Any:
    shape = size[1] // 10, size[0] // 10
    coarse = np.random.default_rng(seed).integers(0, 200, shape, dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 10), np.uint8))


def test_the_main_image_is_shown_and_the_macro_kept(tmp_path: Path) -> None:
    made = make_brightfield_scn()
    path = tmp_path / "a.scn"
    path.write_bytes(made.content)
    structure = structure_of(made.content)
    assert [(one.width, one.height) for one in structure.levels] == [(1200, 800), (300, 200)]
    assert all(one.stored for one in structure.levels)
    for number, expected in enumerate(made.levels):
        assert worst(pixels_of(structure, made.content, level=number), expected) < 30
    assert structure.identifying
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "leica"
        region = [
            int(slide.properties[f"openslide.region[0].{one}"]) for one in ("width", "height")
        ]
        assert region == [1200, 800]
        macro = np.asarray(slide.associated_images["macro"].convert("RGB"))
    assert worst(np.asarray(structure.pictures["macro"]()), macro) < 5


def test_scan_data_leave_out_the_barcode() -> None:
    scan = structure_of(make_brightfield_scn().content).scan
    assert (scan.vendor, scan.mpp, scan.magnification) == ("leica", (0.5, 0.5), 20.0)
    assert scan.scanned_at == "2026-03-14T09:59:15+00:00"
    assert scan.properties == {
        "DeviceModel": "Leica SCN400",
        "DeviceVersion": "1.5",
        "NumericalAperture": "0.4",
        "IlluminationSource": "brightfield",
    }


def test_the_largest_of_several_main_images_is_shown() -> None:
    small, large = picture((400, 300), 64), picture((500, 400), 64)
    xml = scn_xml(
        COLLECTION,
        MACRO,
        scn_image("one", (0, 0, 200_000, 150_000), [(400, 300, 0, 0, 0, 1)]),
        scn_image("two", (0, 900_000, 250_000, 200_000), [(500, 400, 0, 0, 0, 2)]),
    )
    structure = structure_of(make_scn(xml, [MACRO_PIXELS, small, large]))
    assert [(one.width, one.height) for one in structure.levels] == [(500, 400)]
    assert structure.scan.properties["images"] == "2"


def test_channels_and_focal_planes_have_planes_of_their_own() -> None:
    pages: list[Any] = [MACRO_PIXELS]
    dimensions = []
    for z in range(3):
        for c in range(2):
            dimensions.append((300, 200, 0, c, z, len(pages)))
            pages.append(grey(len(pages)))
    view = (1000, 1000, 150_000, 100_000)
    xml = scn_xml(COLLECTION, MACRO, scn_image("main", view, dimensions, CHANNELS))
    content = make_scn(xml, pages)
    structure = structure_of(content)
    axes = structure.axes
    assert (axes.z, axes.t, axes.z_step) == (3, 1, 2.0)
    assert axes.channels == (Channel("DAPI", "0000FF"), Channel("Channel 2", "00FF00"))
    for z in range(3):
        for c in range(2):
            found = pixels_of(structure, content, plane=axes.plane(c, z))
            assert worst(found, pages[1 + 2 * z + c]) < 30


def test_a_plane_that_is_missing_is_blank() -> None:
    dimensions = [(300, 200, 0, 0, 0, 1), (300, 200, 0, 1, 1, 2)]
    view = (1000, 1000, 150_000, 100_000)
    xml = scn_xml(COLLECTION, MACRO, scn_image("main", view, dimensions))
    structure = structure_of(make_scn(xml, [MACRO_PIXELS, grey(1), grey(2)]))
    blank = [not any(one.lengths) for one in structure.levels[0].planes]
    assert blank == [False, True, True, False]


def test_a_label_beside_the_images_is_kept() -> None:
    level = picture((400, 300), 64)
    view = (1000, 1000, 200_000, 150_000)
    more = '<supplementalImage type="label" ifd="2"/>'
    xml = scn_xml(COLLECTION, MACRO, scn_image("main", view, [(400, 300, 0, 0, 0, 1)]), more=more)
    structure = structure_of(make_scn(xml, [MACRO_PIXELS, level, picture((90, 80), 32)]))
    assert structure.pictures["label"]().size == (90, 80)


MAIN = (1000, 1000, 200_000, 150_000)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (scn_xml(COLLECTION, MACRO), "no image but the macro"),
        (scn_xml(COLLECTION), "no image but the macro"),
        (scn_xml(COLLECTION, MACRO, scn_image("x", MAIN, [])), "no image but the macro"),
        (scn_xml(COLLECTION).replace("collection", "others"), "no collection"),
        (scn_xml(COLLECTION)[:-9], "damaged"),
        (scn_xml(COLLECTION, scn_image("x", MAIN, [(4, 3, 0, 0, 0, 9)])), "image 9 of a file"),
        (scn_xml(COLLECTION, scn_image("x", MAIN, [(4, 3, 0, 0, 0, -1)])), "image -1 of a file"),
        (scn_xml(COLLECTION, scn_image("x", MAIN, [(4, 3, 0, -1, 0, 0)])), "below zero"),
        (scn_xml(COLLECTION, scn_image("x", MAIN, [(4, 3, 0, 0, 10**9, 0)])), "focal planes"),
        (
            scn_xml(COLLECTION, scn_image("x", MAIN, [(n, 3, n, 0, 0, 0) for n in range(99)])),
            "99 levels",
        ),
        (
            scn_xml(
                COLLECTION,
                scn_image("x", MAIN, [(400, 300, 0, 0, 0, 1), (400, 300, 0, 1, 0, 0)]),
            ),
            "differ",
        ),
    ],
)
def test_xml_that_makes_no_sense_is_told(xml: str, said: str) -> None:
    content = make_scn(xml, [MACRO_PIXELS, picture((400, 300), 64)])
    assert said in why_not(content)


def why_not(content: bytes) -> str:
    """Return in words why a file cannot be shown by range."""
    try:
        return structure_of(content).reason
    except DamagedSlide as error:
        return error.message


def test_levels_of_one_size_are_damage_or_told() -> None:
    levels = pyramid_of(picture((400, 300), 64), (1, 2))
    xml = scn_xml(
        COLLECTION, scn_image("x", MAIN, [(400, 300, 0, 0, 0, 1), (200, 150, 1, 0, 0, 1)])
    )
    with pytest.raises(SlideError, match="do not get smaller"):
        structure_of(make_scn(xml, [MACRO_PIXELS, levels[0]]))
