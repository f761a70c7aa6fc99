"""Stored tiles are the scanner's own bytes, and show exactly the pixels that OpenSlide shows."""

import io
from pathlib import Path

import numpy as np
import openslide
import pytest
from numpy.typing import NDArray
from PIL import Image

from labsight.catalog import Catalog
from labsight.slides import sidecar
from labsight.slides.pixels import jpeg
from tests.support.archive import Archive
from tests.support.made_slides import make_svs

VARIANTS = {
    "RGB, shared tables, no marker": {},
    "RGB, tiles with tables of their own": {"abbreviated": False},
    "YCbCr": {"photometric": "ycbcr"},
    "YCbCr 4:2:0": {"photometric": "ycbcr", "subsampling": (2, 2)},
    "YCbCr, tables of their own": {"photometric": "ycbcr", "abbreviated": False},
    "BigTIFF": {"bigtiff": True},
    "tiles of 256": {"tile": 256},
}


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


def pixels(data: bytes) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int16)


def shown_by_openslide(path: Path, level: int, box: tuple[int, int, int, int]) -> NDArray[np.int16]:
    with openslide.OpenSlide(path) as slide:
        factor = round(slide.level_downsamples[level])
        place = box[0] * factor, box[1] * factor
        region = slide.read_region(place, level, (box[2], box[3])).convert("RGB")
        return np.asarray(region).astype(np.int16)


def compare_all_tiles(archive: Archive, path: Path, name: str) -> tuple[int, int]:
    """Compare every tile of every level; return how many were stored and how many cut."""
    outcome = archive.imported(name, path)
    assert outcome.state == "imported", outcome.reason
    index = sidecar.from_bytes(archive.store.read(f"derived/{outcome.slide_id}/index.bin"))
    stored = cut = 0
    for number, level in enumerate(index.levels):
        for row in range(level.rows):
            for column in range(level.columns):
                answer = archive.get(
                    f"/slides/{outcome.slide_id}/tiles/{number}/{column}_{row}.jpg"
                )
                assert answer.status == 200
                width, height = level.tile_size(column, row)
                place = column * level.tile_width, row * level.tile_height
                expected = shown_by_openslide(path, number, (*place, width, height))
                got = pixels(answer.body)
                assert got.shape == expected.shape
                difference = np.abs(got - expected)
                if answer.headers["x-labsight-path"] == "stored":
                    assert difference.max() == 0, (number, column, row)
                    stored += 1
                else:
                    assert difference.mean() < 2, (number, column, row)
                    cut += 1
    return stored, cut


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS.keys())
def test_every_whole_tile_is_stored_and_exact(
    options: dict[str, object], archive: Archive, tmp_path: Path
) -> None:
    path = make_svs(tmp_path / "made.svs", size=(1000, 740), **options)  # type: ignore[arg-type]
    tile = int(str(options.get("tile", 240)))
    stored, cut = compare_all_tiles(archive, path, "made.svs")
    assert stored == (1000 // tile) * (740 // tile) + (250 // tile) * (185 // tile)
    assert cut


def test_every_whole_tile_of_a_real_scan_is_stored_and_exact(
    archive: Archive, real_data: Path
) -> None:
    path = real_data / "slides" / "CMU-1-Small-Region.svs"
    stored, cut = compare_all_tiles(archive, path, "CMU-1-Small-Region.svs")
    assert (stored, cut) == (9 * 12, 130 - 9 * 12)


def test_the_marker_is_what_makes_rgb_tiles_right(archive: Archive, tmp_path: Path) -> None:
    outcome = archive.imported("a.svs", make_svs(tmp_path / "a.svs"))
    body = archive.get(f"/slides/{outcome.slide_id}/tiles/0/1_1.jpg").body
    assert jpeg.ADOBE_RGB in body
    without = body.replace(jpeg.ADOBE_RGB, b"")
    assert np.abs(pixels(body) - pixels(without)).mean() > 20


def test_ycbcr_tiles_get_no_marker(archive: Archive, tmp_path: Path) -> None:
    outcome = archive.imported("a.svs", make_svs(tmp_path / "a.svs", photometric="ycbcr"))
    body = archive.get(f"/slides/{outcome.slide_id}/tiles/0/1_1.jpg").body
    assert b"Adobe" not in body


def test_a_tile_costs_one_ranged_read(archive: Archive, tmp_path: Path) -> None:
    outcome = archive.imported("a.svs", make_svs(tmp_path / "a.svs"))
    archive.get(f"/slides/{outcome.slide_id}/tiles/0/0_0.jpg")
    before = archive.store.reads
    archive.get(f"/slides/{outcome.slide_id}/tiles/0/1_0.jpg")
    assert archive.store.reads == before + 1


def test_a_blank_tile_is_background(archive: Archive, tmp_path: Path) -> None:
    path = make_svs(tmp_path / "a.svs", empty_tiles=[(0, 1, 1)])
    outcome = archive.imported("a.svs", path)
    answer = archive.get(f"/slides/{outcome.slide_id}/tiles/0/1_1.jpg")
    assert answer.status == 200
    assert pixels(answer.body).min() == 255
    assert pixels(answer.body).shape == (240, 240, 3)
