"""Slides as folders and ZIP files of their own tiles."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
from numpy.typing import NDArray

from labsight.errors import Conflict, InvalidInput, NotFound
from labsight.slides.export.journal import Journal
from labsight.slides.export.plan import Batch, Layer
from labsight.slides.export.zip_file import ZipSink
from labsight.slides.pixels import jpeg
from tests.support.exports import Told, contents, pixels, run_export
from tests.support.made_slides import make_svs, picture
from tests.support.made_tiffs import make_pyramid, pyramid_of, raw, tiled
from tests.support.tiff_writer import write

SIZE = (1000, 740)


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return make_svs(tmp_path / "case 7.svs", size=SIZE)


def shown(path: Path, level: int, box: tuple[int, int, int, int]) -> NDArray[np.int16]:
    with openslide.OpenSlide(path) as opened:
        factor = round(opened.level_downsamples[level])
        region = opened.read_region((box[0] * factor, box[1] * factor), level, box[2:])
        return np.asarray(region.convert("RGB")).astype(np.int16)


@pytest.mark.parametrize("photometric", ["rgb", "ycbcr"])
def test_whole_tiles_have_exactly_the_slides_pixels(tmp_path: Path, photometric: str) -> None:
    slide = make_svs(tmp_path / "a.svs", size=SIZE, photometric=photometric)  # type: ignore[arg-type]
    place = run_export(slide, "tiles", tmp_path / "out").path
    exact = cut = 0
    for level, (width, height) in enumerate([SIZE, (250, 185)]):
        for path in (place / str(level)).iterdir():
            column, row = map(int, path.stem.split("_"))
            size = min(240, width - 240 * column), min(240, height - 240 * row)
            got = pixels(path.read_bytes())
            assert got.shape == (size[1], size[0], 3)
            difference = np.abs(got - shown(slide, level, (240 * column, 240 * row, *size)))
            if size == (240, 240):
                assert difference.max() == 0
                exact += 1
            else:
                assert difference.mean() < 2
                cut += 1
    assert (exact, cut) == (4 * 3, 8 + 2)


def test_stored_bytes_are_copied(slide: Path, tmp_path: Path) -> None:
    place = run_export(slide, "tiles", tmp_path / "out").path
    tile = (place / "0" / "1_1.jpg").read_bytes()
    head = 2 + len(jpeg.ADOBE_RGB)
    assert tile[2:head] == jpeg.ADOBE_RGB
    assert tile[-200:] in slide.read_bytes()


def test_the_descriptor_tells_what_lies_beside_it(slide: Path, tmp_path: Path) -> None:
    place = run_export(slide, "tiles", tmp_path / "out").path
    told = json.loads((place / "slide.json").read_bytes())
    assert (told["width"], told["height"]) == SIZE
    assert told["mpp"] == {"x": 0.5, "y": 0.5}
    address = told["tile_url"].format(level=1, col=0, row=0)
    assert (place / address).is_file()
    assert [one["name"] for one in told["associated"]] == ["thumbnail"]
    assert pixels((place / told["associated"][0]["url"]).read_bytes()).shape[1] == 512
    listed = {level["level"]: level["columns"] * level["rows"] for level in told["levels"]}
    assert {n: len(list((place / str(n)).iterdir())) for n in listed} == listed


def test_label_and_macro_go_along_only_when_asked_for(slide: Path, tmp_path: Path) -> None:
    without = run_export(slide, "tiles", tmp_path / "out").path
    assert not list(without.glob("label*")) + list(without.glob("macro*"))
    assert "label" not in (without / "slide.json").read_text()
    place = run_export(slide, "tiles", tmp_path / "labelled", labels=True).path
    assert pixels((place / "label.jpg").read_bytes()).size
    assert pixels((place / "macro.jpg").read_bytes()).shape == (216, 640, 3)


def test_tiles_that_the_scanner_left_out_are_left_out_and_listed(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "a.svs", size=SIZE, empty_tiles=[(0, 1, 2), (0, 4, 3)])
    told = Told()
    place = run_export(slide, "tiles", tmp_path / "out", told).path
    levels = json.loads((place / "slide.json").read_bytes())["levels"]
    assert [one["blank"] for one in levels] == [[[1, 2], [4, 3]], []]
    assert not (place / "0" / "1_2.jpg").exists()
    assert told.written == told.tiles == 20 - 2 + 2 + 2


def test_tiles_that_only_a_coarse_level_lacks_are_drawn(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "a.svs", size=(2000, 1500), empty_tiles=[(1, 0, 0)])
    place = run_export(slide, "tiles", tmp_path / "out").path
    assert [one["blank"] for one in json.loads((place / "slide.json").read_bytes())["levels"]] == [
        [],
        [],
    ]
    expected = pyramid_of(picture((2000, 1500)), (4,))[0][:240, :240]
    assert np.abs(pixels((place / "1" / "0_0.jpg").read_bytes()) - expected).mean() < 6
    run_export(slide, "dzi", tmp_path / "deep")
    deep = (tmp_path / "deep_files" / "9" / "0_0.jpg").read_bytes()
    assert deep == (place / "1" / "0_0.jpg").read_bytes()


def test_levels_that_browsers_cannot_show_are_drawn(tmp_path: Path) -> None:
    levels = pyramid_of(picture((700, 500)), (1, 2))
    pages = [
        tiled(one, tags={254: 1} if n else None, compression=1, encode=raw)
        for n, one in enumerate(levels)
    ]
    (tmp_path / "a.tif").write_bytes(write(pages))
    place = run_export(tmp_path / "a.tif", "tiles", tmp_path / "out", quality=95).path
    for number, expected in enumerate(levels):
        for path in (place / str(number)).iterdir():
            column, row = map(int, path.stem.split("_"))
            part = expected[256 * row : 256 * row + 256, 256 * column : 256 * column + 256]
            got = pixels(path.read_bytes())
            assert got.shape == part.shape
            assert np.abs(got - part).mean() < 4


def test_a_zip_holds_the_same_files_uncompressed(slide: Path, tmp_path: Path) -> None:
    folder = run_export(slide, "tiles", tmp_path / "out").path
    place = run_export(slide, "zip", tmp_path / "case 7").path
    assert place == tmp_path / "case 7.zip"
    with zipfile.ZipFile(place) as file:
        assert file.testzip() is None
        assert {one.compress_type for one in file.infolist()} == {zipfile.ZIP_STORED}
        found = {one.filename: file.read(one) for one in file.infolist()}
    assert found == {f"case 7/{name}": data for name, data in contents(folder).items()}


def test_the_same_slide_gives_the_same_zip(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    run_export(slide, "zip", tmp_path / "a" / "n.zip")
    run_export(slide, "zip", tmp_path / "b" / "n.zip")
    assert (tmp_path / "a/n.zip").read_bytes() == (tmp_path / "b/n.zip").read_bytes()


def sink_of(path: Path, layer: Layer) -> tuple[Journal, ZipSink]:
    identity: dict[str, str | int] = {"export": 1, "slide": "x"}
    journal = Journal(path.with_name(path.name + ".part.journal"), identity, [layer])
    return journal, ZipSink(path, journal, [layer])


def test_a_zip_can_have_more_than_65535_files(tmp_path: Path) -> None:
    _, sink = sink_of(tmp_path / "many.zip", Layer("n/0", 70_000, 1))
    sink.put(Batch(0, [(number, b"%d" % number) for number in range(70_000)]))
    sink.finish()
    with zipfile.ZipFile(tmp_path / "many.zip") as file:
        assert len(file.infolist()) == 70_000
        assert file.read("n/0/69999_0.jpg") == b"69999"


def test_a_zip_can_be_longer_than_4_gb(tmp_path: Path) -> None:
    _, sink = sink_of(tmp_path / "long.zip", Layer("n/0", 3, 1))
    sink.put(Batch(0, [(0, b"first")]))
    hole = 5 << 30  # takes no room on the disk
    sink._file.patch(hole, b"\0")
    sink._file.end = hole
    sink._file.patch(hole, b"")
    sink.put(Batch(0, [(1, b"second"), (2, b"third")]))
    assert sink.read(0, 1) == b"second"
    sink.finish()
    with zipfile.ZipFile(tmp_path / "long.zip") as file:
        assert [file.read(one) for one in file.infolist()] == [b"first", b"second", b"third"]


def test_other_programs_read_the_zip(slide: Path, tmp_path: Path) -> None:
    place = run_export(slide, "zip", tmp_path / "a.zip").path
    command = [sys.executable, "-m", "zipfile", "-e", str(place), str(tmp_path / "unpacked")]
    subprocess.run(command, check=True)
    assert (tmp_path / "unpacked/a/slide.json").is_file()


def test_nothing_is_overwritten(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "slide.json").write_text("another export")
    (tmp_path / "a.zip").write_text("mine")
    for target, place in (("tiles", "out"), ("zip", "a.zip")):
        with pytest.raises(Conflict, match="exists, and nothing is overwritten"):
            run_export(slide, target, tmp_path / place)
    assert (tmp_path / "a.zip").read_text() == "mine"
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["slide.json"]


def test_a_folder_is_a_place_to_write_into(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    assert run_export(slide, "tiles", tmp_path / "web").path == tmp_path / "web" / "case 7"
    assert run_export(slide, "zip", tmp_path / "web").path == tmp_path / "web" / "case 7.zip"


def test_wrong_choices_are_refused_before_anything_is_written(slide: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"overlap": 1}, "--tiles has the slide's own tiles"),
        ({"tile_size": 256}, "--tiles has the slide's own tiles"),
        ({"quality": 0}, "--quality 0: give a whole number from 1 to 100"),
    )
    for options, said in wrong:
        with pytest.raises(InvalidInput, match=said):
            run_export(slide, "tiles", tmp_path / "out", **options)
    with pytest.raises(InvalidInput, match="is no folder: make it first"):
        run_export(slide, "tiles", tmp_path / "missing" / "out")
    with pytest.raises(NotFound, match="no such file"):
        run_export(tmp_path / "none.svs", "tiles", tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before


def test_a_real_scan_comes_out_as_it_is(real_data: Path, tmp_path: Path) -> None:
    slide = real_data / "slides" / "CMU-1-Small-Region.svs"
    place = run_export(slide, "tiles", tmp_path / "out").path
    for column, row in ((0, 0), (3, 5), (8, 11)):
        got = pixels((place / "0" / f"{column}_{row}.jpg").read_bytes())
        assert np.array_equal(got, shown(slide, 0, (240 * column, 240 * row, 240, 240)))


def test_progress_is_told_tile_by_tile(slide: Path, tmp_path: Path) -> None:
    told = Told()
    done = run_export(slide, "tiles", tmp_path / "out", told)
    assert (told.tiles, told.done, told.written) == (24, 0, 24)
    assert done.tiles == told.written
    assert done.bytes == told.bytes == sum(map(len, contents(done.path).values()))


def test_a_pyramid_of_square_tiles_is_copied_level_by_level(tmp_path: Path) -> None:
    made = make_pyramid()
    (tmp_path / "a.tif").write_bytes(made.content)
    place = run_export(tmp_path / "a.tif", "tiles", tmp_path / "out").path
    assert sorted(one.name for one in place.iterdir() if one.is_dir()) == ["0", "1", "2"]
    got = pixels((place / "2" / "0_0.jpg").read_bytes())
    assert np.abs(got - made.levels[2][:175, :250]).mean() < 4
