"""Slides as Deep Zoom pyramids: copied where a level is stored, drawn where it is lacking."""

import zipfile
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import openslide
import pytest
from numpy.typing import NDArray
from openslide.deepzoom import DeepZoomGenerator

from labsight.errors import Conflict, InvalidInput
from labsight.slides.export import drawing
from labsight.slides.export.drawing import Chain, Drawn, Grid, chain_length
from tests.support.exports import contents, pixels, run_export
from tests.support.made_slides import make_svs, picture
from tests.support.made_tiffs import make_pyramid, pyramid_of, raw, tiled
from tests.support.tiff_writer import write


def whole(files: Path, level: int, tile: int, overlap: int = 0) -> NDArray[np.int16]:
    """Put a level together from its tiles."""
    rows: dict[int, list[NDArray[np.int16]]] = {}
    places = sorted(
        tuple(map(int, one.stem.split("_")))[::-1] for one in (files / str(level)).iterdir()
    )
    for row, column in places:
        data = pixels((files / str(level) / f"{column}_{row}.jpg").read_bytes())
        left, top = overlap if column else 0, overlap if row else 0
        rows.setdefault(row, []).append(data[top : top + tile, left : left + tile])
    return np.concatenate([np.concatenate(row, axis=1) for _, row in sorted(rows.items())])


def halved(image: NDArray[np.int16]) -> Any:
    high, wide = (side % 2 for side in image.shape[:2])
    filled = np.pad(image, ((0, high), (0, wide), (0, 0)), mode="edge").astype(float)
    return (filled[::2, ::2] + filled[1::2, ::2] + filled[::2, 1::2] + filled[1::2, 1::2]) / 4


@pytest.mark.parametrize(("tile", "overlap"), [(None, 0), (254, 1), (100, 3), (512, 0)])
@pytest.mark.parametrize("size", [(1000, 740), (1201, 963), (300, 41)])
def test_the_pyramid_has_the_sizes_of_openslides_deep_zoom(
    tmp_path: Path, size: tuple[int, int], tile: int | None, overlap: int
) -> None:
    slide = make_svs(tmp_path / "a.svs", size=size)
    options: dict[str, Any] = {"tile_size": tile, "overlap": overlap}
    place = run_export(slide, "dzi", tmp_path / "out.dzi", **options).path
    files = tmp_path / "out_files"
    with openslide.OpenSlide(slide) as opened:
        expected = DeepZoomGenerator(opened, tile or 240, overlap)
        assert len(list(files.iterdir())) == expected.level_count
        for level, (columns, rows) in enumerate(expected.level_tiles):
            assert len(list((files / str(level)).iterdir())) == columns * rows
            for column, row in product(range(columns), range(rows)):
                got = pixels((files / str(level) / f"{column}_{row}.jpg").read_bytes())
                found = expected.get_tile_dimensions(level, (column, row))
                # It counts overlap beyond the level's edge, where there is nothing to overlap.
                at = (max(0, (tile or 240) * n - overlap) for n in (column, row))
                edge = expected.level_dimensions[level]
                wanted = tuple(
                    map(min, found, (side - n for side, n in zip(edge, at, strict=True)))
                )
                assert (got.shape[1], got.shape[0]) == wanted, (level, column, row)
    root = ET.parse(place).getroot()
    assert root.attrib == {"Format": "jpg", "Overlap": str(overlap), "TileSize": str(tile or 240)}
    assert root[0].attrib == {"Width": str(size[0]), "Height": str(size[1])}


@pytest.mark.parametrize(("tile", "overlap"), [(None, 0), (100, 2)])
@pytest.mark.parametrize("size", [(1000, 740), (1203, 965)])
def test_each_level_is_the_mean_of_the_finer_one(
    tmp_path: Path, size: tuple[int, int], tile: int | None, overlap: int
) -> None:
    slide = make_svs(tmp_path / "a.svs", size=size, levels=(1,), quality=95)
    options: dict[str, Any] = {"tile_size": tile, "overlap": overlap, "quality": 95}
    run_export(slide, "dzi", tmp_path / "out", **options)
    files = tmp_path / "out_files"
    top = 11 if size[0] > 1024 else 10
    finer = whole(files, top, tile or 240, overlap)
    assert finer.shape[:2] == (size[1], size[0])
    assert np.abs(finer - picture(size)).mean() < 5
    for level in range(top - 1, 4, -1):
        own = whole(files, level, tile or 240, overlap)
        difference = own - halved(finer)
        assert np.abs(difference).mean() < 14, level  # chroma is encoded at half size
        assert np.abs(difference.mean(axis=(0, 1))).max() < 1.5, level  # nothing moved
        finer = own


def test_stored_levels_are_copied_and_only_lacking_ones_drawn(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "a.svs", size=(1920, 1440), levels=(1, 4))
    run_export(slide, "dzi", tmp_path / "deep")
    run_export(slide, "tiles", tmp_path / "own")
    own, files = contents(tmp_path / "own"), contents(tmp_path / "deep_files")
    copied = {name: data for name, data in own.items() if name[0] in "01" and name[1] == "/"}
    assert len(copied) == 48 + 4
    for name, data in copied.items():
        level, _, tile = name.partition("/")
        assert files[f"{'11' if level == '0' else '9'}/{tile}"] == data


def test_a_stored_level_that_was_rounded_down_is_copied_all_the_same(tmp_path: Path) -> None:
    # 1443 / 4 is 360.75: the scanner keeps 360 px, Deep Zoom wants 361
    slide = make_svs(tmp_path / "a.svs", size=(1923, 1443), levels=(1, 4))
    run_export(slide, "dzi", tmp_path / "deep")
    run_export(slide, "tiles", tmp_path / "own")
    files = tmp_path / "deep_files"
    assert (files / "9/0_0.jpg").read_bytes() == (tmp_path / "own/1/0_0.jpg").read_bytes()
    level = whole(files, 9, 240)
    assert level.shape == (361, 481, 3)
    assert np.abs(level[360] - level[359]).mean() < 3  # the last row again
    assert np.abs(whole(files, 8, 240) - halved(level)).mean() < 6


def test_a_lacking_px_makes_a_column_of_its_own_where_tiles_are_full(tmp_path: Path) -> None:
    slide = make_svs(
        tmp_path / "a.svs", size=(1921, 1441), levels=(1, 4)
    )  # 480 x 360, not 481 x 361
    run_export(slide, "dzi", tmp_path / "deep")
    run_export(slide, "tiles", tmp_path / "own")
    files = tmp_path / "deep_files"
    assert (files / "9/1_0.jpg").read_bytes() == (tmp_path / "own/1/1_0.jpg").read_bytes()
    level = whole(files, 9, 240)
    assert level.shape == (361, 481, 3)
    assert np.abs(level[:, 480] - level[:, 479]).mean() < 5


def test_tiles_that_the_scanner_left_out_are_white(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "a.svs", size=(1000, 740), empty_tiles=[(0, 1, 1), (0, 4, 3)])
    run_export(slide, "dzi", tmp_path / "out")
    assert pixels((tmp_path / "out_files/10/1_1.jpg").read_bytes()).min() == 255
    assert pixels((tmp_path / "out_files/10/4_3.jpg").read_bytes()).shape == (20, 40, 3)
    assert pixels((tmp_path / "out_files/9/0_0.jpg").read_bytes())[130:230, 130:230].min() > 250


def test_slides_whose_tiles_cannot_be_copied_are_drawn(tmp_path: Path) -> None:
    pixels_of = pyramid_of(picture((700, 500)), (1,))[0]
    (tmp_path / "a.tif").write_bytes(write([tiled(pixels_of, compression=1, encode=raw)]))
    run_export(tmp_path / "a.tif", "dzi", tmp_path / "out", quality=95)
    finest = whole(tmp_path / "out_files", 10, 256)
    assert np.abs(finest - pixels_of).mean() < 4
    assert whole(tmp_path / "out_files", 0, 256).shape == (1, 1, 3)


def test_many_small_blocks_give_the_same_pyramid_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide = make_svs(tmp_path / "a.svs", size=(1203, 965), levels=(1,))
    options: dict[str, Any] = {"tile_size": 64, "overlap": 2}
    run_export(slide, "dzi", tmp_path / "one", **options)
    monkeypatch.setattr(drawing, "BLOCK_PX", 1 << 16)
    run_export(slide, "dzi", tmp_path / "many", **options)
    one, many = contents(tmp_path / "one_files"), contents(tmp_path / "many_files")
    assert one.keys() == many.keys()
    assert [name for name in one if name.startswith("11/") and one[name] != many[name]] == []
    for name, data in one.items():  # made from tiles that were encoded, not from the pixels
        assert np.abs(pixels(data) - pixels(many[name])).mean() < 8, name


def test_blocks_stay_small_however_large_the_slide_is() -> None:
    for tile in (64, 240, 256, 512, 1024, 2048):
        for width, height in ((500_000, 400_000), (16_000_000, 300), (5000, 3)):
            lacking = max(width, height).bit_length()
            count = chain_length(tile, (width, height), lacking)
            levels = tuple(
                Drawn(n, -(-width >> n) or 1, -(-height >> n) or 1) for n in range(count)
            )
            chain = Chain(levels, Grid(tile, tile), lambda *_: lambda _: None, bytes)  # type: ignore[arg-type]
            across, down = chain.block
            assert across % (1 << (count - 1)) == down % (1 << (count - 1)) == 0
            inside = min(across * tile, width) * min(down * tile, height)
            assert inside <= 4 * drawing.BLOCK_PX, (tile, width, height)


def test_an_szi_is_the_pyramid_in_one_file(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "a.svs", size=(1000, 740))
    run_export(slide, "dzi", tmp_path / "out")
    place = run_export(slide, "szi", tmp_path / "case 7.szi").path
    with zipfile.ZipFile(place) as file:
        assert file.testzip() is None
        assert {one.compress_type for one in file.infolist()} == {zipfile.ZIP_STORED}
        found = {one.filename: file.read(one) for one in file.infolist()}
    tiles = {
        name.removeprefix("case 7/case 7_files/").replace(".jpeg", ".jpg"): data
        for name, data in found.items()
        if name.startswith("case 7/case 7_files/")
    }
    assert tiles == contents(tmp_path / "out_files")
    assert b'Format="jpeg"' in found["case 7/case 7.dzi"]
    root = ET.fromstring(found["case 7/scan-properties.xml"])
    told = {one[0].text: one[1].text for one in root[0]}
    assert told["ImageWidth"] == "1000"
    assert told["MicronsPerPixelX"] == told["MicronsPerPixel"] == "0.5"
    assert told["ObjectiveMagnification"] == "20"
    pictures = {name.rpartition("/")[2] for name in found if "associated_images" in name}
    assert pictures == {"thumbnail.jpg"}


def test_neither_the_descriptor_nor_the_tiles_are_overwritten(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "a.svs")
    (tmp_path / "one_files").mkdir()
    (tmp_path / "two.dzi").write_text("mine")
    for name in ("one", "two"):
        with pytest.raises(Conflict, match="exists, and nothing is overwritten"):
            run_export(slide, "dzi", tmp_path / name)
    assert (tmp_path / "two.dzi").read_text() == "mine"
    assert not (tmp_path / "one.dzi").exists()
    assert not (tmp_path / "two_files").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tile_size": 16}, "--tile-size 16: give a whole number from 32 to 2048"),
        ({"overlap": 65}, "--overlap 65: give a whole number from 0 to 64"),
        ({"tile_size": 32, "overlap": 32}, "it must be less than --tile-size"),
        ({"labels": True}, "holds no label and macro images"),
    ],
)
def test_wrong_choices_are_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    slide = make_svs(tmp_path / "a.svs")
    with pytest.raises(InvalidInput, match=said):
        run_export(slide, "dzi", tmp_path / "out", **options)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.svs"]


def test_a_pyramid_of_every_power_of_two_is_copied_whole(tmp_path: Path) -> None:
    made = make_pyramid(size=(1024, 768), factors=(1, 2, 4))
    (tmp_path / "a.tif").write_bytes(made.content)
    run_export(tmp_path / "a.tif", "dzi", tmp_path / "out")
    for level, expected in zip((10, 9), made.levels[:2], strict=True):
        data = (tmp_path / f"out_files/{level}/0_0.jpg").read_bytes()
        assert data[-64:] in made.content
        assert np.abs(pixels(data) - expected[:256, :256]).mean() < 4
    assert pixels((tmp_path / "out_files/7/0_0.jpg").read_bytes()).shape == (96, 128, 3)


def test_fluorescence_is_shown_in_its_colours(real_data: Path, tmp_path: Path) -> None:
    slide = real_data / "slides" / "dicom-wg26-FluorCell"
    run_export(slide, "dzi", tmp_path / "out")
    level = whole(tmp_path / "out_files", 8, 1024)
    assert level.shape == (176, 176, 3)
    assert (level.max(axis=(0, 1)) > 60).all()
    assert np.median(level) < 20
