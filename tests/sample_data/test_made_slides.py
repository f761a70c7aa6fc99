from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zxingcpp
from openslide import OpenSlide

from tests.support.made_slides import aperio_writer, make_svs, picture, tile_mark

VARIANTS: list[Mapping[str, Any]] = [
    {},
    {"abbreviated": False},
    {"photometric": "ycbcr"},
    {"photometric": "ycbcr", "subsampling": (2, 1)},
    {"photometric": "ycbcr", "subsampling": (2, 2), "abbreviated": False},
    {"bigtiff": True},
    {"tile": 256, "levels": (1, 2, 8)},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_each_variant_reads_back_with_its_pixels(
    tmp_path: Path, variant: Mapping[str, Any]
) -> None:
    path = make_svs(tmp_path / "made.svs", **variant)
    with OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "aperio"
        assert slide.level_count == len(variant.get("levels", (1, 4)))
        read = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))
    difference = np.abs(read.astype(int) - picture((1000, 700), variant.get("tile", 240)))
    assert difference.mean() < 3


def test_the_layout_asked_for_is_in_the_file(tmp_path: Path) -> None:
    path = make_svs(
        tmp_path / "made.svs", photometric="ycbcr", subsampling=(2, 2), bigtiff=True, tile=128
    )
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        assert tiff.is_bigtiff
        assert page.tags["PhotometricInterpretation"].value == 6
        assert page.tags["YCbCrSubSampling"].value == (2, 2)
        assert (page.tags["TileWidth"].value, page.tags["TileLength"].value) == (128, 128)


def test_only_abbreviated_tiles_leave_their_tables_to_the_page(tmp_path: Path) -> None:
    for abbreviated in (True, False):
        path = make_svs(tmp_path / "made.svs", abbreviated=abbreviated)
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages.first
            tiff.filehandle.seek(page.dataoffsets[0])
            first = tiff.filehandle.read(page.databytecounts[0])
        assert ("JPEGTables" in page.tags) is abbreviated
        assert (b"\xff\xdb" not in first) is abbreviated
        assert (b"Adobe" not in first) is abbreviated


def test_an_empty_tile_has_neither_bytes_nor_a_place(tmp_path: Path) -> None:
    path = make_svs(tmp_path / "made.svs", empty_tiles=[(0, 1, 2), (1, 0, 0)])
    with tifffile.TiffFile(path) as tiff:
        full, reduced = tiff.pages[0], tiff.pages[2]
        columns = -(-1000 // 240)
        assert [i for i, count in enumerate(full.databytecounts) if count == 0] == [2 * columns + 1]
        assert full.dataoffsets[2 * columns + 1] == 0
        assert reduced.databytecounts[0] == 0


def test_what_is_not_asked_for_is_not_there(tmp_path: Path) -> None:
    path = make_svs(tmp_path / "made.svs", label=None, macro=False, thumbnail=False, mpp=None)
    with OpenSlide(path) as slide:
        assert not slide.associated_images
        assert "openslide.mpp-x" not in slide.properties


def test_the_label_carries_the_barcode(tmp_path: Path) -> None:
    with OpenSlide(make_svs(tmp_path / "made.svs", label="S26-7;B2;3")) as slide:
        assert set(slide.associated_images) == {"thumbnail", "label", "macro"}
        seen = np.asarray(slide.associated_images["label"].convert("RGB"))
    assert [code.text for code in zxingcpp.read_barcodes(seen)] == ["S26-7;B2;3"]


def test_neighbouring_tiles_have_marks_that_jpeg_cannot_confuse() -> None:
    for column in range(9):
        for row in range(9):
            for near in ((column + 1, row), (column, row + 1), (column + 1, row + 1)):
                assert abs(tile_mark(column, row) - tile_mark(*near)) >= 40


def test_levels_are_averages_of_areas_and_what_is_left_over_falls_away() -> None:
    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    reduced = aperio_writer.reduce(pixels, 2)
    assert reduced.shape == (2, 3, 3)
    for row, column in np.ndindex(2, 3):
        area = pixels[row * 2 : row * 2 + 2, column * 2 : column * 2 + 2]
        assert (reduced[row, column] == np.floor(area.mean((0, 1)) + 0.5)).all()


def test_red_cannot_be_subsampled(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="never subsampled"):
        make_svs(tmp_path / "made.svs", subsampling=(2, 2))
