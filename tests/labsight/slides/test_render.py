"""Regions of slides: any coding and grid, in few reads, never more than the index promised."""

import io
import threading
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from labsight.errors import DamagedSlide, InvalidInput
from labsight.slides.axes import Axes, Channel
from labsight.slides.index import Coding, Level, SlideIndex
from labsight.slides.pixels import jpeg, pieces, render, runs
from labsight.slides.pixels.render import ChunkPixels
from labsight.slides.view import Shown, View
from tests.support import ndpi_files, ndpi_reading
from tests.support.chunked import (
    Array,
    Reads,
    cut,
    jpeg_of,
    picture,
    picture16,
    slide_of,
    table_of,
)
from tests.support.jpeg_tiff import jpeg_of as one_colour
from tests.support.ndpi_files import Picture

YCBCR = Coding("jpeg", colour="ycbcr")
PLAIN = Coding("none")


def shades_of(columns: int, rows: int) -> tuple[SlideIndex, Reads]:
    """Return a slide whose tiles of 64 px get redder one by one."""
    streams = [one_colour(64, 64, (10 * number, 99, 9)) for number in range(columns * rows)]
    return slide_of((64 * columns, 64 * rows), (64, 64), YCBCR, [streams])


def plain_of(
    pixels: Array, chunk: tuple[int, int], *, padded: bool = True, coding: Coding = PLAIN
) -> tuple[SlideIndex, Reads]:
    """Return a slide of uncompressed chunks."""
    size = pixels.shape[1], pixels.shape[0]
    streams = [part.tobytes() for part in cut(pixels, *chunk, padded=padded)]
    return slide_of(size, chunk, coding, [streams])


def region(index: SlideIndex, reads: Reads, *arguments: Any, **options: Any) -> Array:
    return np.asarray(ChunkPixels(index, reads, **options).region(0, *arguments)).astype(int)


def test_a_region_is_read_in_one_range_per_row_of_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MAX_GAP", 0)
    index, reads = shades_of(4, 4)
    image = region(index, reads, (64, 64, 128, 128), (128, 128))
    assert len(reads.ranges) == 2
    for x, y, number in ((0, 0, 5), (127, 0, 6), (0, 127, 9), (127, 127, 10)):
        assert abs(image[y, x, 0] - 10 * number) < 6


def test_neighbours_are_read_together_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = [bytes([number]) * 100 for number in range(10)]
    monkeypatch.setattr(runs, "MAX_RUN_BYTES", 300)
    stored, content = table_of(streams)
    reads = Reads(content)
    assert dict(runs.read_tiles(stored, range(10), reads.of_first)) == dict(enumerate(streams))
    assert reads.ranges == [(0, 300), (300, 300), (600, 300), (900, 100)]


def test_small_gaps_are_read_over_and_large_ones_are_not() -> None:
    for gap, expected in ((runs.MAX_GAP, 1), (runs.MAX_GAP + 1, 2)):
        stored, content = table_of([b"a" * 9, b"b" * 9], gap)
        reads = Reads(content)
        found = [data for _, data in runs.read_tiles(stored, range(2), reads.of_first)]
        assert found == [b"a" * 9, b"b" * 9]
        assert len(reads.ranges) == expected


TILES = [(64, 48), (50, 37), (150, 7), (150, 100), (1, 100), (256, 256)]
STRIPS = [(150, 7), (150, 64), (150, 100), (50, 37)]  # a whole number of them in a row


@pytest.mark.parametrize(
    ("chunk", "padded"), [*((chunk, True) for chunk in TILES), *((one, False) for one in STRIPS)]
)
def test_any_grid_of_chunks_gives_the_same_pixels(chunk: tuple[int, int], padded: bool) -> None:
    pixels = picture(150, 100)
    index, reads = plain_of(pixels, chunk, padded=padded)
    for box in ((0, 0, 150, 100), (33, 21, 90, 60), (149, 99, 1, 1), (0, 95, 150, 5)):
        x, y, width, height = box
        shown = region(index, reads, box, (width, height))
        assert np.array_equal(shown, pixels[y : y + height, x : x + width])


@pytest.mark.parametrize("coding", [PLAIN, YCBCR, Coding("jpeg2000")])
@pytest.mark.parametrize("size", [(75, 50), (37, 25), (18, 12), (60, 40), (149, 99)])
def test_a_smaller_size_is_what_a_box_filter_makes(coding: Coding, size: tuple[int, int]) -> None:
    pixels = picture(150, 100, grain=50)
    streams: list[bytes] = [part.tobytes() for part in cut(pixels, 64, 48)]
    if coding.kind != "none":
        streams = [encoded(part, coding.kind) for part in cut(pixels, 64, 48)]
    index, reads = slide_of((150, 100), (64, 48), coding, [streams])
    shown = region(index, reads, (0, 0, 150, 100), size)
    expected = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX)).astype(int)
    inner = np.abs(shown - expected)[:-1, :-1]  # what is at the edge has padding in it
    assert inner.mean() < 3.5


def encoded(pixels: Array, kind: str) -> bytes:
    if kind == "jpeg":
        return jpeg_of(pixels)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG2000", no_jp2=True)
    return file.getvalue()


def test_a_shrunk_region_has_no_seams_wherever_it_begins() -> None:
    """What is shrunk chunk by chunk covers its canvas to the last px."""
    index, reads = plain_of(np.full((256, 256, 3), 90, np.uint8), (64, 64))
    for x in range(58, 70):
        for width in (64, 66, 122, 131):
            shown = region(index, reads, (x, x, width, width), (-(-width // 2), -(-width // 2)))
            assert (shown == 90).all()


def test_what_lies_beside_the_level_is_background() -> None:
    index, reads = plain_of(np.zeros((100, 150, 3), np.uint8), (64, 64))
    shown = region(index, reads, (-10, -10, 200, 200), (200, 200))
    assert (shown[10:110, 10:160] == 0).all()
    shown[10:110, 10:160] = 255
    assert (shown == 255).all()
    assert (region(index, reads, (500, 500, 8, 8), (8, 8)) == 255).all()


@pytest.mark.parametrize(("channels", "ground"), [((), 255), ((Channel("DAPI", "FFFFFF"),), 0)])
def test_a_blank_chunk_is_glass_or_darkness(channels: tuple[Channel, ...], ground: int) -> None:
    grey = np.full((64, 128), 90, np.uint8)
    streams = [part.tobytes() for part in cut(grey, 64, 64)]
    coding = Coding("none", 1, colour="grey")
    index, reads = slide_of((128, 64), (64, 64), coding, [[streams[0], b""]], axes=Axes(channels))
    shown = region(index, reads, (0, 0, 128, 64), (128, 64))
    assert (shown[:, :64] == 90).all()
    assert (shown[:, 64:] == ground).all()
    assert render.background(index) == (ground,) * 3


def test_channels_z_and_t_are_shown_as_the_view_has_them() -> None:
    """A plane's samples are its number times 10; two channels, three focal planes, two times."""
    axes = Axes((Channel("a", "FF0000", (0, 255)), Channel("b", "00FF00", (0, 255))), z=3, t=2)
    planes = [[np.full((64, 64), 10 * number, np.uint8).tobytes()] for number in range(12)]
    index, reads = slide_of((64, 64), (64, 64), Coding("none", 1, colour="grey"), planes, axes=axes)
    box, size = (0, 0, 64, 64), (64, 64)
    assert region(index, reads, box, size)[0, 0].tolist() == [20, 30, 0]  # middle z, first time
    both = View((Shown(1, "0000FF", (0, 255)), Shown(0, "FF0000", (0, 255))), 2, 1)
    assert region(index, reads, box, size, both)[0, 0].tolist() == [100, 0, 110]
    one = View((Shown(0, "FFFFFF", (50, 60)),), 1, 1)
    assert region(index, reads, box, size, one)[0, 0].tolist() == [255] * 3
    samples = ChunkPixels(index, reads).samples(0, box, size, axes.plane(1, 2, 0))
    assert (samples.mode, samples.getpixel((5, 5))) == ("L", 50)


def test_samples_of_16_bits_are_shown_through_their_window() -> None:
    deep = picture16(128, 64)
    coding = Coding("none", 1, 16, "grey")
    streams = [part.tobytes() for part in cut(deep, 64, 64)]
    axes = Axes((Channel("a", "FFFFFF", (1000, 5000)),))
    index, reads = slide_of((128, 64), (64, 64), coding, [streams], axes=axes)
    shown = region(index, reads, (0, 0, 128, 64), (128, 64))
    expected = np.clip((deep.astype(float) - 1000) * 255 / 4000, 0, 255)
    assert np.abs(shown - expected[..., None]).max() <= 1
    samples = ChunkPixels(index, reads).samples(0, (0, 0, 128, 64), (64, 32), 0)
    means = deep.reshape(32, 2, 64, 2).mean((1, 3))
    assert np.abs(np.asarray(samples) - means).max() <= 1
    index, reads = slide_of((128, 64), (64, 64), coding, [streams])  # no channel told
    shown = region(index, reads, (0, 0, 128, 64), (128, 64))
    assert np.abs(shown - deep[..., None] / 257).max() <= 1


def test_grey_without_channels_is_shown_as_it_is() -> None:
    grey = picture(96, 64, 1)
    index, reads = plain_of(grey, (32, 32), coding=Coding("none", 1, colour="grey"))
    shown = region(index, reads, (0, 0, 96, 64), (96, 64))
    assert np.array_equal(shown, np.dstack([grey] * 3))


@pytest.mark.parametrize("shrink", [1, 2, 8])
@pytest.mark.parametrize("block", [1 << 24, 1 << 12])
def test_restart_intervals_are_decoded_together(
    monkeypatch: pytest.MonkeyPatch, shrink: int, block: int
) -> None:
    monkeypatch.setattr(pieces, "_JOINED_PX", block)
    stream = ndpi_files.cut(picture(500, 300), 56)
    structure, file = ndpi_reading.structure_of(Picture(stream=stream))
    (level,) = structure.levels
    assert level.coding is not None
    assert level.coding.kind == "ndpi"
    index = SlideIndex(key="k", etag="e", size=1, format="ndpi", files=(), levels=(level,))
    box = (96, 48, 320, 200)
    reader = ChunkPixels(index, lambda _, start, length: file.read(start, length))
    shown = np.asarray(reader.region(0, box, (320 // shrink, 200 // shrink))).astype(int)
    whole = ndpi_reading.region(file, level, box)
    expected = np.asarray(Image.fromarray(whole).reduce(shrink)).astype(int)
    difference = np.abs(shown - expected)
    assert difference.mean() < (0.5 if shrink == 1 else 2)


def test_a_lost_restart_interval_is_damage() -> None:
    stream = ndpi_files.cut(picture(500, 300), 56)
    structure, file = ndpi_reading.structure_of(Picture(stream=stream))
    (level,) = structure.levels
    level.planes[0].lengths[7] = 0
    index = SlideIndex(key="k", etag="e", size=1, format="ndpi", files=(), levels=(level,))
    reader = ChunkPixels(index, lambda _, start, length: file.read(start, length))
    with pytest.raises(DamagedSlide, match="lacks restart intervals"):
        reader.region(0, (0, 0, 500, 300), (500, 300))


def test_a_tile_of_another_size_than_its_level_is_not_decoded() -> None:
    for width, height in ((65, 64), (64, 63), (640, 640)):
        streams = [one_colour(64, 64), one_colour(width, height)]
        index, reads = slide_of((128, 64), (64, 64), YCBCR, [streams])
        with pytest.raises(DamagedSlide, match=f"{width} x {height} px"):
            region(index, reads, (0, 0, 128, 64), (128, 64))


def test_a_frame_hidden_behind_another_is_not_decoded() -> None:
    small, large = one_colour(64, 64), one_colour(9000, 9000)
    frame = small[small.find(b"\xff\xc0") :][:19]
    index, reads = slide_of((64, 64), (64, 64), YCBCR, [[large[:2] + frame + large[2:]]])
    with pytest.raises(DamagedSlide, match="cannot be decoded"):
        region(index, reads, (0, 0, 64, 64), (64, 64))


def test_a_region_of_too_much_work_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    index, reads = shades_of(4, 4)
    with pytest.raises(InvalidInput, match="smaller tiles"):
        region(index, reads, (0, 0, 256, 256), (256, 256), max_tiles=15)
    monkeypatch.setattr(render, "_USUAL_CHUNK_PX", 64 * 64 - 1)
    with pytest.raises(InvalidInput, match="smaller tiles"):
        region(index, reads, (0, 0, 256, 256), (256, 256), max_tiles=16)
    with pytest.raises(InvalidInput, match="smaller tiles"):
        region(index, reads, (0, 0, 10**6, 10**6), (10**6, 10**6))
    assert reads.ranges == []


def test_a_region_of_nothing_and_a_level_without_chunks_are_refused() -> None:
    index, reads = shades_of(1, 1)
    with pytest.raises(InvalidInput, match="width and a height"):
        region(index, reads, (0, 0, 0, 5), (1, 1))
    bound = SlideIndex(
        key="k", etag="e", size=1, format="mrxs", files=(), levels=(Level(9, 9, 256, 256),)
    )
    with pytest.raises(InvalidInput, match="no stored chunks"):
        region(bound, reads, (0, 0, 5, 5), (5, 5))


def test_threads_share_a_reader() -> None:
    pixels = picture(256, 256)
    index, reads = plain_of(pixels, (64, 64))
    reader = ChunkPixels(index, reads)
    wrong: list[int] = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(30):
            x, y = (int(value) for value in rng.integers(0, 200, 2))
            shown = np.asarray(reader.region(0, (x, y, 50, 50), (50, 50)))
            if not np.array_equal(shown, pixels[y : y + 50, x : x + 50]):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_several_reads_may_be_under_way_at_once() -> None:
    index, reads = shades_of(4, 4)
    one = region(index, reads, (30, 30, 200, 200), (200, 200))
    assert np.array_equal(region(index, reads, (30, 30, 200, 200), (200, 200), parallel=6), one)


def test_the_thumbnail_of_a_single_level_decodes_each_tile_once_or_so() -> None:
    tile = one_colour(64, 64)
    index, reads = slide_of((2560, 2560), (64, 64), YCBCR, [[tile] * 1600])
    image = render.thumbnail(index, ChunkPixels(index, reads), 64)
    assert image.size == (64, 64)
    assert sum(length for _, length in reads.ranges) <= 1600 * len(tile) * 1.1


def test_the_thumbnail_of_too_many_tiles_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MAX_THUMBNAIL_TILES", 15)
    index, reads = shades_of(4, 4)
    with pytest.raises(InvalidInput, match="smaller tiles"):
        render.thumbnail(index, ChunkPixels(index, reads), 64)
    assert reads.ranges == []


def test_the_thumbnail_of_long_strips_is_the_picture_in_small() -> None:
    pixels = picture(900, 600)
    index, reads = plain_of(pixels, (900, 7), padded=False)
    shown = np.asarray(render.thumbnail(index, ChunkPixels(index, reads), 300)).astype(int)
    expected = np.asarray(Image.fromarray(pixels).reduce(3)).astype(int)
    assert shown.shape == (200, 300, 3)
    assert np.abs(shown - expected).max() <= 1


def test_regions_of_a_real_slide_are_openslides_pixels(real_data: Any) -> None:
    path = real_data / "slides" / "CMU-1-Small-Region.svs"
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        content = path.read_bytes()
        tile = page.tilewidth, page.tilelength
        streams = [
            content[start : start + length]
            for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)
        ]
        head = jpeg.head(page.tags["JPEGTables"].value, rgb=True)
        size = page.imagewidth, page.imagelength
    index, reads = slide_of(size, tile, Coding("jpeg"), [streams], head=head)
    with openslide.OpenSlide(path) as slide:
        for box in ((100, 100, 700, 500), (0, 0, 240, 240), (2000, 2700, 220, 267)):
            theirs = np.asarray(slide.read_region(box[:2], 0, box[2:]).convert("RGB")).astype(int)
            assert np.array_equal(region(index, reads, box, box[2:]), theirs)
        box = (480, 720, 960, 960)
        theirs = np.asarray(slide.read_region(box[:2], 0, box[2:]).convert("RGB")).astype(float)
        halved = theirs.reshape(480, 2, 480, 2, 3).mean((1, 3))
        shown = region(index, reads, box, (480, 480))
        assert np.abs(shown - halved).mean() < 1.5
