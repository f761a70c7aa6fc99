import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from labsight.slides.formats.tiff import aperio
from labsight.slides.formats.tiff.slide import read_tiff
from tests.support.made_slides import make_svs, picture
from tests.support.made_tiffs import JPEG, jpeg_of, pyramid_of, stripped, tiled
from tests.support.tiff_reading import data_of, pixels_of, structure_of, worst
from tests.support.tiff_writer import Page, Value, write

FIRST = "Aperio Image Library v11.2.1 \r\n1000x700 (240x240) JPEG/RGB|AppMag = 20|MPP = 0.4990"
GT450 = "Aperio Leica Biosystems GT450 v1.0.0 \r\n1000x700 [0,0,1000x700] (256x256) JPEG/YCC Q=91"
LEVELS = pyramid_of(picture((1000, 700)), (1, 4))
THUMBNAIL = stripped(
    pyramid_of(picture((1000, 700)), (4,))[0],
    compression=JPEG,
    encode=jpeg_of,
    tags={254: 0, 270: "Aperio \r\n1000x700 -> 250x175 - |"},
)


def picture_page(size: tuple[int, int], kind: int, text: str = "") -> Page:
    tags: dict[int, Value] = {254: kind, **({270: text} if text else {})}
    return stripped(picture(size, 32), compression=JPEG, encode=jpeg_of, tags=tags)


def level_pages(first: str) -> list[Page]:
    return [tiled(LEVELS[0], 256, tags={254: 0, 270: first}), tiled(LEVELS[1], 256, tags={254: 0})]


@pytest.mark.parametrize("photometric", ["rgb", "ycbcr"])
@pytest.mark.parametrize("abbreviated", [True, False])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_jpeg_slides_of_every_colouring_show_their_pixels(
    photometric: Literal["rgb", "ycbcr"], abbreviated: bool, bigtiff: bool, tmp_path: Path
) -> None:
    path = make_svs(
        tmp_path / "a.svs", photometric=photometric, abbreviated=abbreviated, bigtiff=bigtiff
    )
    content = path.read_bytes()
    structure = structure_of(content)
    assert [(one.width, one.height) for one in structure.levels] == [(1000, 700), (250, 175)]
    assert all(one.stored and one.tile_width == 240 for one in structure.levels)
    assert structure.levels[0].coding is not None
    assert structure.levels[0].coding.colour == photometric
    assert worst(pixels_of(structure, content), picture((1000, 700))) < 90
    assert np.abs(pixels_of(structure, content) - picture((1000, 700)).astype(int)).mean() < 3
    assert (structure.scan.vendor, structure.scan.mpp) == ("aperio", (0.5, 0.5))


def test_label_and_macro_are_decoded_and_forbid_handing_out_the_file(tmp_path: Path) -> None:
    structure = structure_of(make_svs(tmp_path / "a.svs").read_bytes())
    assert {name: read().size[0] for name, read in structure.pictures.items()} == {
        "label": structure.pictures["label"]().width,
        "macro": 640,
    }
    assert structure.identifying


def test_pictures_without_a_description_are_told_by_their_type() -> None:
    pages = [*level_pages(GT450), picture_page((60, 50), 1), picture_page((120, 50), 9)]
    pages.insert(1, THUMBNAIL)
    structure = structure_of(write(pages))
    assert {name: read().size for name, read in structure.pictures.items()} == {
        "label": (60, 50),
        "macro": (120, 50),
    }
    assert structure.identifying
    assert len(structure.levels) == 2


def test_pictures_without_a_type_are_told_by_their_description() -> None:
    pages = [
        *level_pages(FIRST),
        picture_page((60, 50), 0, "Aperio Image Library v11\r\nlabel 60x50"),
        picture_page((120, 50), 0, "Aperio Image Library v11\r\nmacro 120x50"),
    ]
    assert set(structure_of(write(pages)).pictures) == {"label", "macro"}


def test_a_slide_of_levels_and_thumbnail_may_be_handed_out() -> None:
    first, *others = level_pages(FIRST)
    structure = structure_of(write([first, THUMBNAIL, *others]))
    assert not structure.identifying
    assert structure.pictures == {}


@pytest.mark.parametrize(
    "pages",
    [
        [picture_page((60, 50), 0)],
        [picture_page((60, 50), 0, "Aperio\r\nsomething 60x50")],
        [THUMBNAIL, picture_page((250, 175), 0)],
        [tiled(picture((60, 50), 32), 64)],
    ],
    ids=["no description", "an unknown word", "a second thumbnail", "a tiled image"],
)
def test_a_picture_that_is_not_understood_keeps_the_file(pages: Sequence[Page]) -> None:
    first, *others = level_pages(FIRST)
    structure = structure_of(write([first, *pages, *others]))
    assert structure.pictures == {}
    assert structure.identifying


def test_a_label_that_was_only_unlinked_keeps_the_file() -> None:
    label = jpeg_of(picture((400, 400), 32))
    assert len(label) > 8192
    assert structure_of(write(level_pages(FIRST)) + label).identifying
    assert not structure_of(write(level_pages(FIRST)) + bytes(64)).identifying


@pytest.mark.parametrize(("compression", "colour"), [(33003, "ycbcr"), (33005, "rgb")])
def test_jpeg_2000_is_told_with_its_colours(compression: int, colour: str) -> None:
    page = tiled(LEVELS[0], 256, compression=compression, encode=bytes, tags={270: FIRST})
    level = structure_of(write([page])).levels[0]
    assert level.coding is not None
    assert (level.coding.kind, level.coding.colour) == ("jpeg2000", colour)
    assert (level.tile_width, level.stored) == (256, False)


def large_slide(big: bool) -> bytes:
    """Return a slide of 22,000 tiles whose directories lie far apart."""
    chance = random.Random(1)
    stream = jpeg_of(np.zeros((240, 240, 3), np.uint8))

    def level(width: int, height: int) -> Page:
        count = -(-width // 240) * -(-height // 240)
        tags: dict[int, Value] = {
            254: 0, 256: width, 257: height, 258: [8, 8, 8], 259: 7, 262: 6, 270: FIRST, 277: 3,
            322: 240, 323: 240,
        }  # fmt: skip
        chunks = [stream + bytes(chance.randrange(1, 3000)) for _ in range(count)]
        return Page(tags=tags, chunks=chunks)

    return write(
        [
            level(40_000, 30_000),
            THUMBNAIL,
            level(10_000, 7_500),
            level(2_500, 1_875),
            level(1_250, 937),
            picture_page((400, 460), 1),
            picture_page((1280, 430), 9),
        ],
        big=big,
    )


@pytest.mark.parametrize("big", [False, True])
def test_a_large_slide_is_read_in_a_handful_of_requests(big: bool) -> None:
    data = data_of(large_slide(big))
    structure = read_tiff(data)
    assert sum(len(one.planes[0].offsets) for one in structure.levels) > 20_000
    assert len(structure.levels) == 4
    assert set(structure.pictures) == {"label", "macro"}
    assert data.requests <= 8


APERIO = (
    "Aperio Image Library v11.2.1 \r\n46000x32914 [0,0 2220x2967] (240x240) JPEG/RGB Q=30"
    "|AppMag = 20|Date = 12/29/09|Time = 09:59:15|MPP = 0.4990|User = Mrs Jones|ImageID = 7"
    "|Filename = Jones-1|Title = Jones"
)


def test_aperio_fields_are_read() -> None:
    scan = aperio.scan_data(APERIO)
    assert (scan.mpp, scan.magnification, scan.image_id) == ((0.499, 0.499), 20.0, "7")
    assert scan.scanned_at == "2009-12-29T09:59:15"


def test_free_text_that_may_name_a_person_is_left_out() -> None:
    assert "Jones" not in str(aperio.scan_data(APERIO))


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ("Date = 01/02/2026|Time = 03:04:05|Time Zone = GMT-05:00", "2026-01-02T03:04:05-05:00"),
        ("Date = 01/02/26|Time = 03:04:05|Time Zone = odd", "2026-01-02T03:04:05"),
        ("Date = 01/02/26", "2026-01-02T00:00:00"),
        ("Date = 31/12/26|Time = 03:04:05", None),
        ("", None),
    ],
)
def test_dates_are_read_with_tolerance(fields: str, moment: str | None) -> None:
    assert aperio.scan_data(f"Aperio|{fields}").scanned_at == moment


@pytest.mark.parametrize("value", ["", "0", "-1", "nan", "inf", "x", "0,0"])
def test_a_size_that_means_nothing_is_unknown(value: str) -> None:
    assert aperio.scan_data(f"Aperio|MPP = {value}|AppMag = {value}").mpp is None


def test_real_scans_are_read_as_they_are_known(real_data: Path) -> None:
    cmu = structure_of((real_data / "slides/CMU-1-Small-Region.svs").read_bytes())
    assert [(one.width, one.height) for one in cmu.levels] == [(2220, 2967)]
    assert {name: read().size for name, read in cmu.pictures.items()} == {
        "label": (387, 463),
        "macro": (1280, 431),
    }
    tcga = structure_of((real_data / "slides/TCGA-CR-7395-01A-01-TS1.svs").read_bytes())
    assert [(one.width, one.height) for one in tcga.levels] == [(4443, 3567), (2221, 1783)]
    assert (len(tcga.icc), tcga.identifying, cmu.identifying) == (3144, False, True)


@pytest.mark.parametrize("field", ["User", "Filename", "Title", "Patient", "Barcode"])
def test_a_description_with_free_text_keeps_the_file_from_being_handed_out(field: str) -> None:
    first = FIRST + f"|{field} = "
    assert not structure_of(write(level_pages(first))).identifying
    assert structure_of(write(level_pages(first + "Doe, Jane"))).identifying
