"""Every px stands where it belongs, through import and service: grids, regions, channels."""

import io
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image, ImageCms

from labsight.catalog import Catalog
from labsight.slides.geometry import deep_zoom_box, deep_zoom_level, deep_zoom_top
from tests.support import made_tiffs, profiles
from tests.support.archive import Archive
from tests.support.chunked import cut
from tests.support.made_tiffs import jpeg_of
from tests.support.tiff_writer import Page, write
from tests.support.truth import (
    Array,
    decoded,
    distance,
    index_of,
    is_within_noise,
    part,
    tiles,
    tissue,
)
from tests.support.truth_slides import levels, write_svs

REGIONS = 25  # of each slide, beside those at its edges


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


def imported(archive: Archive, name: str, data: bytes | Path) -> str:
    outcome = archive.imported(name, data)
    assert outcome.state == "imported", outcome.reason
    return outcome.slide_id


def got(archive: Archive, path: str) -> Array:
    answer = archive.get(path)
    assert answer.status == 200, (path, answer.body[:300])
    return decoded(answer.body)


def coordinates(width: int, height: int, mark: int) -> Array:
    """Return a picture whose every px tells its column, its row and its level."""
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    high = (x >> 8) | (y >> 8) << 3 | mark << 6
    return np.dstack(np.broadcast_arrays(x & 255, y & 255, high)).astype(np.uint8)


def page_of(pixels: Array, tile: tuple[int, int] | None, rows: int, code: int) -> Page:
    """Return an image of tiles of any shape, or of strips."""
    size = (tile[0], tile[1]) if tile else (pixels.shape[1], rows)
    encode = jpeg_of if code == made_tiffs.JPEG else made_tiffs.raw
    chunks = [encode(one) for one in cut(pixels, *size, padded=tile is not None)]
    own: dict[int, Any] = {322: size[0], 323: size[1]} if tile else {278: rows}
    return Page(tags=made_tiffs.base(pixels, code) | own, chunks=chunks)


def pyramid(pictures: Sequence[Array], tile: tuple[int, int] | None, code: int) -> bytes:
    pages = [page_of(one, tile, 37, code) for one in pictures]
    reduced = [Page(tags={**one.tags, 254: 1}, chunks=one.chunks) for one in pages[1:]]
    return write([pages[0], *reduced])


GRIDS: dict[str, tuple[int, int] | None] = {
    "240": (240, 240), "256": (256, 256), "512": (512, 512), "wide": (320, 64), "high": (64, 192),
    "tiny": (16, 16), "one for all": (1024, 1024), "strips": None,
}  # fmt: skip
SIZES = {"odd": (1003, 741), "whole": (960, 720), "one px more": (961, 721), "thin": (1003, 3)}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_every_px_tells_its_own_place(
    grid: tuple[int, int] | None, size: tuple[int, int], archive: Archive
) -> None:
    """Without loss from file to PNG, at the full size and at levels that were rounded down."""
    halves = [(size[0] // factor, size[1] // factor) for factor in (1, 2, 4) if size[1] // factor]
    pictures = [coordinates(*half, mark) for mark, half in enumerate(halves[:3])]
    if size[1] < 8:
        pictures = pictures[:1]
    slide = imported(archive, "a.tif", pyramid(pictures, grid, 1))
    for number, picture in enumerate(pictures):
        factor = 1 << number
        height, width = picture.shape[:2]
        chance = Random(number)
        boxes = [(0, 0, width, height), (width - 1, height - 1, 1, 1), (width - 1, 0, 1, height)]
        for _ in range(REGIONS if grid == (240, 240) else 4):
            x, y = chance.randrange(width), chance.randrange(height)
            boxes.append((x, y, chance.randint(1, width - x), chance.randint(1, height - y)))
        for x, y, wide, high in boxes:
            region = ",".join(str(one * factor) for one in (x, y, wide, high))
            found = got(archive, f"/iiif/3/{slide}/{region}/{wide},{high}/0/default.png")
            assert np.array_equal(found, part(picture, (x, y, wide, high))), (number, region)


@pytest.mark.parametrize("size", [(1003, 741), (960, 720)])
@pytest.mark.parametrize("code", [made_tiffs.JPEG, 1])
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_every_tile_of_any_grid_shows_its_place(
    grid: tuple[int, int] | None, code: int, size: tuple[int, int], archive: Archive
) -> None:
    pictures = [one.astype(np.uint8) for one in levels((1, 2), size)]
    slide = imported(archive, "a.tif", pyramid(pictures, grid, code))
    for tile in tiles(archive, slide):
        assert is_within_noise(tile.pixels, part(pictures[tile.level].astype(int), tile.box))


def zoomed(archive: Archive, slide: str, level: int, grid: tuple[int, int]) -> Array:
    """Return a whole Deep Zoom level, put together from its tiles; overlaps agree."""
    width, height = deep_zoom_level(index_of(archive, slide), level)
    whole = np.full((height, width, 3), -1, np.int16)
    for row in range(-(-height // grid[0])):
        for column in range(-(-width // grid[0])):
            query = f"tilesize={grid[0]}&overlap={grid[1]}"
            found = got(archive, f"/slides/{slide}_files/{level}/{column}_{row}.jpg?{query}")
            x, y, wide, high = deep_zoom_box((width, height), column, row, *grid)
            assert found.shape == (high, wide, 3)
            before = part(whole, (x, y, wide, high))
            both = before >= 0
            if both.any():
                assert np.abs(before - found)[both].mean() < 12, (level, column, row)
            whole[y : y + high, x : x + wide] = found
    assert whole.min() >= 0, "a place without a tile"
    return whole


@pytest.mark.parametrize("grid", [(254, 1), (256, 0), (300, 7)])
@pytest.mark.parametrize("kind", ["JPEG", "JPEG, one level", "plain"])
def test_deep_zoom_levels_are_what_a_box_filter_makes(
    kind: str, grid: tuple[int, int], archive: Archive, tmp_path: Path
) -> None:
    """Levels that the slide lacks as well, against OpenSlide's finest level made smaller."""
    path = tmp_path / "a.svs"
    if kind == "plain":
        path = tmp_path / "a.tif"
        path.write_bytes(pyramid([one.astype(np.uint8) for one in levels((1, 4))], (256, 256), 1))
    else:
        write_svs(path, factors=(1,) if "one" in kind else (1, 4))
    slide = imported(archive, path.name, path)
    with openslide.OpenSlide(path) as reference:
        finest = reference.read_region((0, 0), 0, reference.dimensions).convert("RGB")
    top = deep_zoom_top(index_of(archive, slide))
    for level in range(top, 6, -1):  # of less than 100 px, one is a large part
        factor = 1 << (top - level)
        # What is beyond the last whole square is not in levels that were rounded down.
        expected = np.asarray(finest.reduce(factor)).astype(np.int16)
        found = zoomed(archive, slide, level, grid)
        assert found.shape == expected.shape
        whole = (0, 0, finest.width // factor - 1, finest.height // factor - 1)
        assert is_within_noise(part(found, whole), part(expected, whole)), (level, factor)


def test_regions_at_any_scale_are_openslides_made_smaller(archive: Archive, tmp_path: Path) -> None:
    """Regions that begin with a px of what is read; others are drawn up to half of one aside."""
    path = tmp_path / "a.svs"
    write_svs(path)
    slide = imported(archive, "a.svs", path)
    chance = Random(4)
    with openslide.OpenSlide(path) as reference:
        sources = [
            (step, reference.read_region((0, 0), number, size).convert("RGB"))
            for number, (step, size) in enumerate(
                zip((1, 4), reference.level_dimensions, strict=True)
            )
        ]
    for factor in (1, 2, 3, 4, 8, 12):  # 6 is 1.5 of the level: a sharper filter's
        step, source = sources[factor >= 4]
        grid = 24  # px that are whole at all these scales
        for _ in range(6):
            wide, high = (grid * chance.randint(2, 10) for _ in "xy")
            x, y = (grid * (chance.randint(0, last) // grid) for last in (1000 - wide, 740 - high))
            size = wide // factor, high // factor
            asked = f"{x},{y},{wide},{high}/{size[0]},{size[1]}/0/default"
            box = (x // step, y // step, (x + wide) // step, (y + high) // step)
            expected = source.resize(size, Image.Resampling.BOX, box)
            found = got(archive, f"/iiif/3/{slide}/{asked}.jpg")
            assert is_within_noise(found, np.asarray(expected).astype(int)), asked


# Channels: (colour, window) by number, at z and t; what numpy makes of tifffile's samples
VIEWS: list[tuple[dict[int, tuple[str, int, int]], int, int]] = [
    ({0: ("FF0000", 100, 4000), 1: ("00FF00", 0, 60_000)}, 0, 0),
    ({2: ("FFFFFF", 5000, 5001)}, 2, 1),
    ({0: ("FF8000", 0, 65_535), 1: ("0080FF", 20_000, 30_000), 2: ("804020", 1, 500)}, 1, 1),
    ({1: ("000000", 0, 9)}, 1, 0),
]


def formula(samples: Array, shown: dict[int, tuple[str, int, int]]) -> Array:
    """Show channels (first axis) through their windows in their colours, added up to white."""
    total: Array = np.zeros((*samples.shape[1:], 3))
    for number, (colour, low, high) in shown.items():
        share = np.clip((samples[number].astype(float) - low) / (high - low), 0, 1)
        total += share[..., None] * np.array(list(bytes.fromhex(colour)), float)
    return np.clip(total, 0, 255)


def test_channels_focal_planes_and_times_are_the_formula_on_tifffiles_samples(
    archive: Archive, tmp_path: Path
) -> None:
    grey = [tissue(300, 200, seed)[..., 0].astype(np.uint16) * 257 for seed in range(18)]
    stack = np.stack(grey).reshape(2, 3, 3, 200, 300)  # t, z, c
    path = tmp_path / "a.ome.tif"
    metadata = {"axes": "TZCYX"}
    path.write_bytes(
        made_tiffs.make_ome(
            stack, subifds=1, metadata=metadata, tile=(64, 64), compression="zlib", predictor=True
        )
    )
    slide = imported(archive, path.name, path)
    with tifffile.TiffFile(path) as file:
        series = [level.asarray() for level in file.series[0].levels]
    assert [one.shape[-2:] for one in series] == [(200, 300), (100, 150)]
    for shown, z, t in VIEWS:
        chosen = ",".join(f"{n}:{colour}:{low}-{high}" for n, (colour, low, high) in shown.items())
        query = f"?channels={chosen}&z={z}&t={t}"
        for samples in series:
            expected = formula(samples[t, z], shown)
            high, wide = samples.shape[-2:]
            address = f"/iiif/3/{slide}/full/{wide},{high}/0/default.png{query}"
            # Each channel is rounded before they are added.
            assert np.abs(got(archive, address) - expected).max() <= len(shown), address
        for tile in tiles(archive, slide, query=query):
            expected = formula(series[tile.level][t, z], shown)
            assert is_within_noise(tile.pixels, part(expected, tile.box).round()), query


def test_scanners_colours_become_srgb_as_littlecms_makes_them(archive: Archive) -> None:
    profile = profiles.linear_rgb()
    picture = tissue(600, 400)
    page = page_of(picture, (256, 256), 0, 1)
    slide = imported(archive, "a.tif", write([Page(
        tags={**page.tags, 34675: profile}, chunks=page.chunks)]))  # fmt: skip
    assert archive.get(f"/slides/{slide}/profile.icc").body == profile
    changed = ImageCms.profileToProfile(
        Image.fromarray(picture),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
    )
    expected = np.asarray(changed).astype(np.int16)
    plain = got(archive, f"/iiif/3/{slide}/full/max/0/default.png")
    assert np.array_equal(plain, picture)
    shown = got(archive, f"/iiif/3/{slide}/full/max/0/default.png?icc=srgb")
    assert np.abs(shown - expected).max() <= 1
    assert distance(plain, expected) > 10
    for tile in tiles(archive, slide, query="?icc=srgb"):
        assert is_within_noise(tile.pixels, part(expected, tile.box))
    whole = zoomed(archive, slide, 10, (254, 1))
    assert not is_within_noise(whole, expected)  # asked for without icc=srgb
