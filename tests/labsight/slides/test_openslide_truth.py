"""What the service answers, whole files through import: the pixels that OpenSlide shows."""

from pathlib import Path

import numpy as np
import pytest

from labsight.catalog import Catalog
from tests.support.archive import Archive
from tests.support.truth import (
    ByOpenSlide,
    decoded,
    distance,
    index_of,
    is_within_noise,
    noise,
    part,
    tiles,
    tissue,
)
from tests.support.truth_slides import Kind, kinds, levels, write_svs

SAMPLE = 60  # tiles of each level of a real slide
# Edges are encoded with the tile's own tables: hardly anything is lost a second time.
_CUT = 1.5


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


def imported(archive: Archive, path: Path) -> str:
    outcome = archive.imported(path.name, path)
    assert outcome.state == "imported", outcome.reason
    return outcome.slide_id


def test_noise_tells_a_picture_from_the_same_one_px_aside() -> None:
    """Else nothing below would show that a tile is cut at the wrong place."""
    for factor in (1, 4):
        picture = np.asarray(tissue(400 * factor, 300 * factor)[::factor, ::factor]).astype(int)
        assert distance(picture[:, 1:], picture[:, :-1]) > 3 * (noise(picture) + 1)
        assert is_within_noise(picture, picture)
        assert not is_within_noise(picture[1:], picture[:-1])


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds().keys())
def test_every_tile_of_every_level_is_openslides(
    kind: Kind, archive: Archive, tmp_path: Path
) -> None:
    path = tmp_path / f"slide.{kind.suffix}"
    kind.write(path)
    slide = imported(archive, path)
    index = index_of(archive, slide)
    stored = made = 0
    with ByOpenSlide(path, kind.origin) as reference:
        for tile in tiles(archive, slide):
            level = index.levels[tile.level]
            number = reference.level_of((level.width, level.height), tile.level)
            expected = reference.region(number, tile.box)
            if tile.way == "stored":
                stored += 1
                assert np.array_equal(tile.pixels, expected), tile.box
            else:
                made += 1
                assert is_within_noise(tile.pixels, expected), (tile.level, tile.box)
                if kind.stored:  # an edge, or a tile that was left out
                    assert distance(tile.pixels, expected) < _CUT, (tile.level, tile.box)
    assert made, "no slide here ends with whole tiles"
    assert bool(stored) == kind.stored


def test_what_a_coarse_level_lacks_is_drawn_from_the_finer_one(
    archive: Archive, tmp_path: Path
) -> None:
    """As in OpenSlide, which draws it up to 3 px aside: so the picture itself is the measure."""
    path = tmp_path / "a.svs"
    write_svs(path, empty_tiles=[(1, 0, 0), (0, 1, 1), (1, 1, 0)])
    slide = imported(archive, path)
    coarse = levels((4,))[0].astype(int)
    coarse[60:120, 60:120] = 255  # left out of both: glass
    for place, box in (("0_0", (0, 0, 240, 185)), ("1_0", (240, 0, 10, 185))):
        answer = archive.get(f"/slides/{slide}/tiles/1/{place}.jpg")
        assert answer.headers["x-labsight-path"] == "decoded"
        assert is_within_noise(decoded(answer.body), part(coarse, box))
    drawn = archive.get(f"/iiif/3/{slide}/0,0,1000,740/250,185/0/default.png")
    assert distance(decoded(drawn.body), coarse) < 1


def test_glass_stays_glass_at_every_level(archive: Archive, tmp_path: Path) -> None:
    everywhere = [(0, column, row) for column in range(5) for row in range(4)]
    path = tmp_path / "a.svs"
    write_svs(path, empty_tiles=[*everywhere, (1, 0, 0)])
    slide = imported(archive, path)
    assert (decoded(archive.get(f"/slides/{slide}/tiles/1/0_0.jpg").body) == 255).all()


REAL = ("CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "hamamatsu-test3-DAPI.ndpi")


@pytest.mark.parametrize("name", REAL)
def test_tiles_of_real_slides_are_openslides(name: str, archive: Archive, real_data: Path) -> None:
    path = real_data / "slides" / name
    slide = imported(archive, path)
    index = index_of(archive, slide)
    with ByOpenSlide(path) as reference:
        for tile in tiles(archive, slide, SAMPLE):
            level = index.levels[tile.level]
            number = reference.levels.index((level.width, level.height))
            expected = reference.region(number, tile.box)
            if tile.way == "stored":
                assert np.array_equal(tile.pixels, expected)
            else:
                assert is_within_noise(tile.pixels, expected), (tile.level, tile.box)
