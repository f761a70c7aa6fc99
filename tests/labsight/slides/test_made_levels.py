"""Coarse levels that a slide lacks are made once, at import, and then served like stored ones."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labsight.catalog import Catalog
from labsight.slides import made_levels, sidecar
from labsight.slides.index import SlideIndex
from labsight.slides.pixels import encode
from tests.support.archive import Archive
from tests.support.made_slides import make_svs


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


def index_in(archive: Archive, slide: str) -> SlideIndex:
    return sidecar.from_bytes(archive.store.read(f"derived/{slide}/index.bin"))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts as a large slide is made small, so that a test takes no minute."""
    monkeypatch.setattr(made_levels, "LARGEST_COARSEST", 200)
    monkeypatch.setattr(made_levels, "TILE", 64)


@pytest.mark.usefixtures("small")
def test_a_slide_of_one_level_gets_quarters_until_one_is_small(
    archive: Archive, tmp_path: Path
) -> None:
    content = make_svs(tmp_path / "a.svs", size=(1030, 700), levels=(1,), label=None)
    slide = archive.imported("a.svs", content).slide_id
    index = index_in(archive, slide)
    assert [(level.width, level.height, level.made) for level in index.levels] == [
        (1030, 700, False),
        (258, 175, True),
        (65, 44, True),
    ]
    assert len(index.files) == 2
    answer = archive.get(f"/slides/{slide}/tiles/1/0_0.jpg")
    assert (answer.status, answer.headers["x-labsight-path"]) == (200, "cached")


@pytest.mark.usefixtures("small")
def test_made_levels_show_the_slide_smaller(archive: Archive, tmp_path: Path) -> None:
    content = make_svs(tmp_path / "a.svs", size=(1024, 704), levels=(1,), label=None)
    slide = archive.imported("a.svs", content).slide_id
    whole = picture(archive, f"/iiif/3/{slide}/full/max/0/default.png")
    small = whole.resize((256, 176), Image.Resampling.BOX)
    made = Image.new("RGB", (256, 176))
    for row in range(3):
        for column in range(4):
            tile = picture(archive, f"/slides/{slide}/tiles/1/{column}_{row}.jpg")
            made.paste(tile, (64 * column, 64 * row))
    encoded = Image.open(io.BytesIO(encode.jpeg(small, made_levels.QUALITY)))
    own, least = (
        np.abs(np.asarray(one, np.int16) - np.asarray(small, np.int16)).mean()
        for one in (made, encoded)
    )
    assert own < least + 0.5  # a JPEG of the very picture is off by about three


def picture(archive: Archive, path: str) -> Image.Image:
    return Image.open(io.BytesIO(archive.get(path).body)).convert("RGB")


@pytest.mark.usefixtures("small")
def test_importing_again_writes_the_same_levels(archive: Archive, tmp_path: Path) -> None:
    content = make_svs(tmp_path / "a.svs", size=(1030, 700), levels=(1,), label=None)
    outcome = archive.imported("a.svs", content)
    before = {one.key: archive.store.read(one.key) for one in archive.store.walk("derived/")}
    assert any("levels-" in key for key in before)
    key = archive.catalog.slide(outcome.slide_id).key
    assert archive.importer.run(key, again=True).changed
    after = {one.key: archive.store.read(one.key) for one in archive.store.walk("derived/")}
    assert after == before


def test_a_slide_with_small_levels_is_left_as_it_is(archive: Archive, tmp_path: Path) -> None:
    slide = archive.imported("a.svs", make_svs(tmp_path / "a.svs")).slide_id
    index = index_in(archive, slide)
    assert not any(level.made for level in index.levels)
    assert not [one for one in archive.store.walk("derived/") if "levels-" in one.key]


@pytest.mark.usefixtures("small")
def test_every_deep_zoom_level_of_a_slide_without_small_levels_is_served(
    archive: Archive, tmp_path: Path
) -> None:
    content = make_svs(tmp_path / "a.svs", size=(1030, 700), levels=(1,), label=None)
    slide = archive.imported("a.svs", content).slide_id
    for level in range(12):
        answer = archive.get(f"/slides/{slide}_files/{level}/0_0.jpg")
        assert answer.status == 200, json.loads(answer.body)
