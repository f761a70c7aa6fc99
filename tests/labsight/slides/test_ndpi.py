import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import openslide
import pytest
from PIL import Image

from labsight.objects.memory import MemoryStore
from labsight.slides.formats.tiff import restarts
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.ndpi import read_ndpi
from labsight.slides.index import DEFAULT_TILE_SIDE
from labsight.slides.pixels.intervals import join
from labsight.slides.ranges import ObjectBytes
from tests.support.ndpi_files import (
    ASCII,
    LONG,
    SHORT,
    Picture,
    Stream,
    Tag,
    cut,
    missing,
)
from tests.support.ndpi_reading import (
    RESTARTS,
    Box,
    by_openslide,
    picture,
    pixels_of,
    region,
    structure_of,
    worst,
)


def test_a_real_slide_has_openslides_pixels_at_every_level(real_data: Path) -> None:
    path = real_data / "slides/hamamatsu-test3-DAPI.ndpi"
    store = MemoryStore()
    data = ObjectBytes(store, store.write("slides/lab/a.ndpi", path.read_bytes()))
    levels = read_ndpi(Tiff(data)).levels
    assert [(level.width, level.height) for level in levels] == [
        (3968, 4864), (1984, 2432), (992, 1216), (496, 608),
    ]  # fmt: skip
    for number, level in enumerate(levels):
        whole = (0, 0, level.width, level.height)
        assert worst(region(data, level), by_openslide(path, number, whole)) == 0
    for box in ((3400, 4300, 512, 512), (0, 0, 512, 512), (1001, 2003, 77, 5)):
        assert worst(region(data, levels[0], box), by_openslide(path, 0, box)) == 0


def test_levels_that_openslide_makes_out_of_the_last_one_come_from_its_intervals_too(
    real_data: Path,
) -> None:
    path = real_data / "slides/hamamatsu-test3-DAPI.ndpi"
    store = MemoryStore()
    data = ObjectBytes(store, store.write("slides/lab/a.ndpi", path.read_bytes()))
    last = read_ndpi(Tiff(data)).levels[-1]
    chunks = last.planes[0]
    rows = [[data.read(*place)] for place in zip(chunks.offsets, chunks.lengths, strict=True)]
    for number, shrink in ((4, 2), (5, 4), (6, 8)):
        stream = join(chunks.head, rows, last.width, last.height)
        with Image.open(io.BytesIO(stream)) as image:
            image.draft("RGB", (last.width // shrink, last.height // shrink))
            smaller = np.asarray(image.convert("RGB"))
        whole = (0, 0, last.width // shrink, last.height // shrink)
        assert worst(smaller, by_openslide(path, number, whole)) == 0


def test_a_real_slide_is_opened_in_a_handful_of_requests_and_tells_of_its_scan(
    real_data: Path,
) -> None:
    path = real_data / "slides/hamamatsu-test3-DAPI.ndpi"
    store = MemoryStore()
    data = ObjectBytes(store, store.write("slides/lab/a.ndpi", path.read_bytes()))
    found = read_ndpi(Tiff(data))
    assert data.requests <= 8
    assert found.scan.vendor == "hamamatsu"
    assert found.scan.mpp == pytest.approx((0.228175, 0.228175), abs=1e-6)
    assert found.scan.magnification == 40
    assert found.scan.scanned_at == "2017-02-07T13:06:43"
    assert found.scan.properties == {
        "Product": "C9600-12",
        "NDP.S/N": "950291",
        "Objective.Lens.Magnificant": "35.16",
        "target.white.intensity": "235",
        "Model": "C9600-12",
        "Software": "NDP.scan 2.5.89",
        "EmissionWavelength": "455",
    }
    assert found.identifying
    assert found.axes.channels == ()
    with openslide.OpenSlide(path) as slide:
        expected = np.asarray(slide.associated_images["macro"].convert("RGB"))
    assert worst(np.asarray(found.pictures["macro"]()), expected) == 0


@pytest.mark.parametrize("across", [2048, 1024, 128])
@pytest.mark.parametrize("box", [(0, 0, 2048, 256), (512, 0, 512, 256), (1001, 83, 300, 100)])
def test_intervals_of_any_width_give_openslides_pixels(
    tmp_path: Path, across: int, box: Box
) -> None:
    pixels = picture(2048, 256)
    found, file = structure_of(
        Picture(stream=cut(pixels, across), lens=20),
        Picture(stream=cut(pixels[::4, ::4].copy(), 512), lens=5),
    )
    finest = found.levels[0]
    assert [(level.width, level.height) for level in found.levels] == [(2048, 256), (512, 64)]
    assert (finest.chunk_width, finest.chunk_height) == (across, 8)
    assert (finest.tile_width, finest.tile_height) == (DEFAULT_TILE_SIDE, DEFAULT_TILE_SIDE)
    assert not finest.stored
    expected = by_openslide(file.write(tmp_path / "made.ndpi"), 0, box)
    assert worst(region(file, finest, box), expected) == 0


@pytest.mark.parametrize(("subsampling", "mcu"), [(1, (16, 8)), (2, (16, 16))])
def test_subsampled_colours_are_those_of_the_whole_stream(
    subsampling: int, mcu: tuple[int, int]
) -> None:
    stream = cut(picture(2048, 256), 512, subsampling=subsampling)
    found, file = structure_of(Picture(stream=stream))
    level = found.levels[0]
    assert (level.chunk_width, level.chunk_height) == (512, mcu[1])
    whole = pixels_of(stream.whole)
    assert worst(region(file, level), whole) == 0
    # Chroma is interpolated, so a px beside what was not decoded may be off; none further in.
    assert worst(region(file, level, (514, 66, 508, 60)), whole[66:126, 514:1022]) == 0


def test_a_level_that_ends_inside_its_last_intervals_is_cropped_to_its_size() -> None:
    stream = cut(picture(1019, 203), 256)
    found, file = structure_of(Picture(stream=stream))
    level = found.levels[0]
    assert (level.width, level.height) == (1019, 203)
    assert (level.chunk_columns, level.chunk_rows) == (4, 26)
    assert worst(region(file, level), pixels_of(stream.whole)) == 0
    assert region(file, level, (900, 190, 119, 13)).shape == (13, 119, 3)


def test_grey_streams_have_intervals_of_single_blocks() -> None:
    stream = cut(picture(512, 128)[:, :, 0].copy(), 256)
    found, file = structure_of(Picture(stream=stream))
    level = found.levels[0]
    assert level.coding is not None
    assert (level.coding.samples, level.coding.colour) == (1, "grey")
    assert (level.chunk_width, level.chunk_height) == (256, 8)
    assert worst(region(file, level), pixels_of(stream.whole)) == 0


def test_intervals_of_several_rows_are_read_as_such() -> None:
    target = io.BytesIO()
    pixels = picture(256, 88)
    options = {"quality": 90, "subsampling": 0, "restart_marker_rows": 4}
    Image.fromarray(pixels).save(target, "JPEG", **options)
    stream = stream_of(target.getvalue(), 256, 88)
    found, file = structure_of(Picture(stream=stream))
    level = found.levels[0]
    assert (level.chunk_width, level.chunk_height, level.chunk_rows) == (256, 32, 3)
    assert worst(region(file, level), pixels_of(target.getvalue())) == 0
    assert worst(region(file, level, (9, 70, 99, 18)), pixels_of(stream.whole)[70:, 9:108]) == 0


def stream_of(data: bytes, width: int, height: int) -> Stream:
    """Take a JPEG apart as it is."""
    scan = data.index(b"\xff\xda")
    end = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    intervals = restarts._MARKERS.split(data[end:-2])
    return Stream(width, height, data[:end], tuple(intervals))


@pytest.mark.parametrize(
    "flaw",
    [
        None,
        (LONG, [700, 800]),
        (LONG, [0] * 64),
        (LONG, list(range(6000, 5936, -1))),
        (LONG, [2**32 - 1] * 64),
        (LONG, list(range(1000, 1640, 10))),
    ],
    ids=["missing", "too short", "zeros", "backwards", "past the end", "no markers there"],
)
def test_a_table_that_cannot_be_right_is_replaced_by_a_look_at_the_stream(flaw: Tag | None) -> None:
    stream = cut(picture(512, 256), 256)
    right, _ = structure_of(Picture(stream=stream))
    found, file = structure_of(Picture(stream=stream, tags={RESTARTS: flaw}))
    level = found.levels[0]
    assert level.chunk_columns * level.chunk_rows == 64
    first = right.levels[0].planes[0], level.planes[0]
    assert first[0].lengths == first[1].lengths
    assert worst(region(file, level), pixels_of(stream.whole)) == 0


def test_markers_across_the_pieces_of_a_search_are_found_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = cut(picture(256, 64), 64)
    right, _ = structure_of(Picture(stream=stream))
    for piece in (7, 64, 1001):
        monkeypatch.setattr(restarts, "_PIECE", piece)
        found, _ = structure_of(Picture(stream=stream, tags=missing(RESTARTS)))
        assert found.levels[0].planes[0].lengths == right.levels[0].planes[0].lengths


def test_a_large_stream_without_a_table_is_left_to_openslide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = cut(picture(512, 256), 256)
    monkeypatch.setattr(restarts, "MAX_SCANNED_BYTES", stream.length - 1)
    found, file = structure_of(Picture(stream=stream, tags=missing(RESTARTS)))
    assert found.levels == ()
    assert "too large to search" in found.reason
    assert sum(length for _, length in file.requests) < 30_000


def test_a_small_level_without_markers_is_one_jpeg() -> None:
    stream = cut(picture(700, 500))
    found, file = structure_of(
        Picture(stream=cut(picture(1400, 1000), 1400), lens=20),
        Picture(stream=stream, lens=10),
    )
    small = found.levels[1]
    assert small.coding is not None
    assert small.coding.kind == "jpeg"
    assert (small.chunk_width, small.chunk_height) == (700, 500)
    assert (small.tile_width, small.stored) == (DEFAULT_TILE_SIDE, False)
    assert worst(region(file, small), pixels_of(stream.whole)) == 0


def test_a_small_level_has_the_size_of_its_stream_not_of_rounded_tags() -> None:
    tags: Mapping[int, Tag] = {256: (LONG, [699]), 257: (LONG, [501])}
    found, file = structure_of(Picture(stream=cut(picture(700, 500)), tags=tags))
    assert (found.levels[0].width, found.levels[0].height) == (700, 500)
    assert region(file, found.levels[0]).shape == (500, 700, 3)


def test_a_large_level_without_markers_is_left_to_openslide() -> None:
    found, _ = structure_of(Picture(stream=cut(np.zeros((4096, 4104, 3), np.uint8), quality=10)))
    assert found.levels == ()
    assert "4104 x 4096 px has no restart markers" in found.reason


def test_levels_wider_than_jpeg_allows_have_the_size_of_the_tags(tmp_path: Path) -> None:
    pixels = picture(73_728, 64)
    stream = cut(pixels, 4096)
    assert stream.head[stream.head.index(b"\xff\xc0") + 7 :][:2] == b"\0\0"
    found, file = structure_of(Picture(stream=stream))
    level = found.levels[0]
    assert (level.width, level.height) == (73_728, 64)
    assert (level.chunk_columns, level.chunk_width) == (18, 4096)
    for box in ((73_000, 10, 512, 54), (65_400, 0, 300, 64)):
        part = region(file, level, box)
        assert worst(part, by_openslide(file.write(tmp_path / "wide.ndpi"), 0, box)) == 0
        x, y, width, height = box
        assert np.abs(part - pixels[y : y + height, x : x + width].astype(int)).mean() < 3


def test_focal_planes_become_z_from_the_lowest_to_the_highest() -> None:
    planes = {focus: picture(512, 128, seed=focus + 5000) for focus in (0, 2000, -2000)}
    pictures = [
        Picture(stream=cut(pixels[::shrink, ::shrink].copy(), across), lens=lens, focus=focus)
        for focus, pixels in planes.items()
        for lens, shrink, across in ((40.0, 1, 256), (20.0, 2, 256))
    ]
    found, file = structure_of(*pictures)
    assert (found.axes.z, found.axes.z_step) == (3, 2.0)
    assert [len(level.planes) for level in found.levels] == [3, 3]
    for z, focus in enumerate((-2000, 0, 2000)):
        shown = region(file, found.levels[0], plane=z)
        assert np.abs(shown - planes[focus].astype(int)).mean() < 4


def test_levels_that_lack_focal_planes_are_left_out() -> None:
    pixels = picture(512, 128)
    found, _ = structure_of(
        Picture(stream=cut(pixels, 256), lens=40, focus=0),
        Picture(stream=cut(pixels, 256), lens=40, focus=1500),
        Picture(stream=cut(pixels[::2, ::2].copy(), 256), lens=20, focus=0),
        Picture(stream=cut(pixels[::4, ::4].copy(), 128), lens=10, focus=0),
        Picture(stream=cut(pixels[::4, ::4].copy(), 128), lens=10, focus=1500),
    )
    assert [level.width for level in found.levels] == [512, 128]
    assert (found.axes.z, found.axes.z_step) == (2, 1.5)


def test_unevenly_spaced_planes_have_no_step() -> None:
    stream = cut(picture(256, 64), 128)
    found, _ = structure_of(*(Picture(stream=stream, focus=focus) for focus in (0, 500, 1500)))
    assert (found.axes.z, found.axes.z_step) == (3, None)


def test_two_images_of_the_same_lens_and_focus_are_left_to_openslide() -> None:
    stream = cut(picture(256, 64), 128)
    found, _ = structure_of(Picture(stream=stream), Picture(stream=stream))
    assert found.levels == ()
    assert "two images of lens 20 at the same focus" in found.reason


def test_the_macro_is_a_picture_and_the_map_is_none() -> None:
    macro = picture(600, 200, seed=9)
    found, _ = structure_of(
        Picture(stream=cut(picture(256, 64), 128)),
        Picture(stream=cut(macro), lens=-1),
        Picture(stream=cut(picture(64, 64)[:, :, 0].copy()), lens=-2),
    )
    assert list(found.pictures) == ["macro"]
    shown = np.asarray(found.pictures["macro"]())
    assert np.abs(shown - macro.astype(int)).mean() < 4
    assert found.identifying
    assert len(found.levels) == 1


def test_free_text_of_the_property_map_does_not_pass() -> None:
    text = b"Product=C13210-01\r\nNote=Jane Roe\r\nNDP.S/N=Jane <Roe>\r\nSlideLabel=S26-1\r\n\0"
    tags: Mapping[int, Tag] = {65449: (ASCII, text), 65427: (ASCII, b"S26-1;A1\0")}
    found, _ = structure_of(Picture(stream=cut(picture(256, 64), 128), tags=tags))
    assert found.scan.properties == {
        "Product": "C13210-01",
        "Model": "C13210",
        "Software": "NDP.scan 3.4.0",
    }
    assert found.scan.mpp == (0.25, 0.25)
    assert found.scan.magnification == 20
    assert found.scan.scanned_at == "2024-05-11T16:41:43"


def test_jpeg_xr_is_left_to_openslide() -> None:
    tags: Mapping[int, Tag] = {259: (SHORT, [22610])}
    found, _ = structure_of(Picture(stream=cut(picture(256, 64), 128), tags=tags))
    assert found.levels == ()
    assert "JPEG XR" in found.reason
