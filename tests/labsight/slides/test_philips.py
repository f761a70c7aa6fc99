from pathlib import Path

import numpy as np
import openslide
import pytest

from labsight.errors import DamagedSlide
from tests.support.made_slides import picture
from tests.support.made_tiffs import jpeg_of, make_philips, philips_xml, stripped, tiled
from tests.support.tiff_reading import pixels_of, structure_of, worst
from tests.support.tiff_writer import write

SPACINGS = [0.00025, 0.0005, 0.001, 0.002]


def test_levels_have_the_sizes_that_openslide_finds(tmp_path: Path) -> None:
    made = make_philips()
    path = tmp_path / "a.tiff"
    path.write_bytes(made.content)
    structure = structure_of(made.content)
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "philips"
        assert [(one.width, one.height) for one in structure.levels] == list(slide.level_dimensions)
        assert set(slide.associated_images) == {"label", "macro"}
    assert all(one.stored and one.tile_width == 128 for one in structure.levels)
    for number, expected in enumerate(made.levels):
        assert worst(pixels_of(structure, made.content, level=number), expected) < 30


def test_tables_of_more_tiles_than_the_real_size_are_cut() -> None:
    first, second = picture((2048, 1024)), picture((1536, 1024))
    xml = philips_xml([0.00025, 0.0005], {})
    pages = [
        tiled(first, 512, tags={270: xml, 305: "Philips DP v1.0"}),
        tiled(second, 512, tags={254: 1}),
    ]
    content = write(pages)
    structure = structure_of(content)
    level = structure.levels[1]
    assert (level.width, level.height, level.columns, level.rows) == (1024, 512, 2, 1)
    assert worst(pixels_of(structure, content, level=1), second[:512, :1024]) < 30


def test_tiles_that_were_left_out_are_blank() -> None:
    made = make_philips(blank=(0, 7))
    structure = structure_of(made.content)
    table = structure.levels[0].planes[0]
    assert [number for number, length in enumerate(table.lengths) if not length] == [0, 7]
    assert np.all(pixels_of(structure, made.content)[:128, :128] == 255)


def test_label_and_macro_come_out_of_the_xml() -> None:
    structure = structure_of(make_philips().content)
    assert {name: read().size for name, read in structure.pictures.items()} == {
        "label": (60, 50),
        "macro": (120, 50),
    }
    assert structure.identifying


def test_label_and_macro_of_the_file_come_first() -> None:
    xml = philips_xml([0.00025], {"LABELIMAGE": jpeg_of(picture((60, 50), 32))})
    pages = [
        tiled(picture((512, 512)), 512, tags={270: xml, 305: "Philips DP v1.0"}),
        stripped(picture((80, 70), 32), tags={270: "Label"}),
    ]
    assert structure_of(write(pages)).pictures["label"]().size == (80, 70)


@pytest.mark.parametrize("data", [b"no picture", b"", jpeg_of(picture((60, 50), 32))[:300]])
def test_a_damaged_label_is_damage_when_it_is_decoded(data: bytes) -> None:
    xml = philips_xml(SPACINGS, {"LABELIMAGE": data})
    pictures = structure_of(make_philips(xml=xml).content).pictures
    assert set(pictures) == ({"label"} if data else set())
    for read in pictures.values():
        with pytest.raises(DamagedSlide, match="associated image"):
            read()


def test_scan_data_leave_out_the_barcode() -> None:
    scan = structure_of(make_philips().content).scan
    assert (scan.vendor, scan.mpp) == ("philips", (0.25, 0.25))
    assert scan.scanned_at == "2026-03-14T09:59:15"
    assert scan.properties == {"Manufacturer": "PHILIPS"}


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (philips_xml(SPACINGS[:2], {}), "of 2 levels, the file 4"),
        (philips_xml(SPACINGS, {}, images=2), "describes 2 slides"),
        (philips_xml(SPACINGS, {}).replace("0.0005", "x"), "no pair"),
        (philips_xml([0.00025, 0.0, 1.0, 2.0], {}), "nothing"),
        ("<DataObject ObjectType='DPUfsImport'", "damaged"),
        ("<!DOCTYPE x><DataObject ObjectType='DPUfsImport'/>", "damaged"),
        ("<DataObject ObjectType='Other'/>", "damaged"),
    ],
)
def test_xml_that_makes_no_sense_leaves_the_file_to_openslide(xml: str, said: str) -> None:
    structure = structure_of(make_philips(xml=xml).content)
    assert structure.levels == ()
    assert said in structure.reason


@pytest.mark.parametrize("spacings", [[1.0, 0.4, 0.3, 0.2], [1e-9, 1, 2, 4]])
def test_spacings_that_do_not_grow_are_damage(spacings: list[float]) -> None:
    with pytest.raises(DamagedSlide, match=r"differ|smaller"):
        structure_of(make_philips(xml=philips_xml(spacings, {})).content)
