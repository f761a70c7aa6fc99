"""Stored tiles turned to pixels: in few reads, and never more than the index promised."""

import io
from array import array

import pytest
from PIL import Image

from labsight.errors import DamagedSlide, InvalidInput
from labsight.slides import render, runs
from labsight.slides.index import Level, SlideIndex, StoredTiles
from labsight.slides.render import StoredPixels
from tests.support.jpeg_tiff import jpeg_of


class Reads:
    """A file in memory that notes what is read of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.ranges: list[tuple[int, int]] = []

    def __call__(self, start: int, length: int) -> bytes:
        self.ranges.append((start, length))
        return self.content[start : start + length]


def tiles_of(streams: list[bytes], gap: int = 0) -> tuple[StoredTiles, Reads]:
    offsets, content = [], b""
    for stream in streams:
        offsets.append(len(content))
        content += stream + bytes(gap)
    tiles = StoredTiles(b"\xff\xd8", array("Q", offsets), array("I", map(len, streams)))
    return tiles, Reads(content)


def slide_of(columns: int, rows: int, streams: list[bytes]) -> tuple[SlideIndex, Reads]:
    stored, reads = tiles_of(streams)
    level = Level(64 * columns, 64 * rows, 64, 64, stored)
    return SlideIndex(key="k", etag="e", size=1, format="svs", levels=(level,)), reads


def shades(count: int) -> list[bytes]:
    return [jpeg_of(64, 64, (10 * number, 99, 9)) for number in range(count)]


def test_a_region_is_read_in_one_range_per_row_of_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MAX_GAP", 0)
    index, reads = slide_of(4, 4, shades(16))
    image = StoredPixels(index, reads).region(0, (64, 64, 128, 128), (128, 128))
    assert len(reads.ranges) == 2
    for x, y, number in ((0, 0, 5), (127, 0, 6), (0, 127, 9), (127, 127, 10)):
        found = image.getpixel((x, y))
        assert isinstance(found, tuple)
        assert abs(found[0] - 10 * number) < 6


def test_neighbours_are_read_together_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = [bytes([number]) * 100 for number in range(10)]
    monkeypatch.setattr(runs, "MAX_RUN_BYTES", 300)
    stored, reads = tiles_of(streams)
    found = dict(runs.read_tiles(stored, range(10), reads))
    assert found == dict(enumerate(streams))
    assert reads.ranges == [(0, 300), (300, 300), (600, 300), (900, 100)]


def test_small_gaps_are_read_over_and_large_ones_are_not() -> None:
    for gap, expected in ((runs.MAX_GAP, 1), (runs.MAX_GAP + 1, 2)):
        stored, reads = tiles_of([b"a" * 9, b"b" * 9], gap)
        assert [data for _, data in runs.read_tiles(stored, range(2), reads)] == [
            b"a" * 9,
            b"b" * 9,
        ]
        assert len(reads.ranges) == expected


def test_tiles_in_any_order_and_blank_ones_are_read() -> None:
    content = Reads(b"0123456789")
    stored = StoredTiles(b"", array("Q", [8, 0, 4, 4, 2]), array("I", [2, 2, 0, 3, 4]))
    found = dict(runs.read_tiles(stored, range(5), content))
    assert found == {0: b"89", 1: b"01", 3: b"456", 4: b"2345"}


def test_a_file_that_ends_inside_a_run_is_damaged() -> None:
    stored, reads = tiles_of([b"a" * 9, b"b" * 9])
    reads.content = reads.content[:-1]
    with pytest.raises(DamagedSlide, match="cut off"):
        list(runs.read_tiles(stored, range(2), reads))


def test_a_tile_of_another_size_than_its_level_is_not_decoded() -> None:
    for width, height in ((65, 64), (64, 63), (640, 640)):
        index, reads = slide_of(2, 1, [jpeg_of(64, 64), jpeg_of(width, height)])
        with pytest.raises(DamagedSlide, match=f"{width} x {height} px"):
            StoredPixels(index, reads).region(0, (0, 0, 128, 64), (128, 64))


def test_a_frame_hidden_behind_another_is_not_decoded() -> None:
    small, large = jpeg_of(64, 64), jpeg_of(9000, 9000)
    frame = small[small.find(b"\xff\xc0") :][:19]
    index, reads = slide_of(1, 1, [large[:2] + frame + large[2:]])
    with pytest.raises(DamagedSlide, match="several frames"):
        StoredPixels(index, reads).region(0, (0, 0, 64, 64), (64, 64))


def test_a_region_of_too_many_tiles_is_refused_unread() -> None:
    index, reads = slide_of(4, 4, shades(16))
    with pytest.raises(InvalidInput, match="smaller tiles"):
        StoredPixels(index, reads, max_tiles=15).region(0, (0, 0, 256, 256), (256, 256))
    assert reads.ranges == []


def test_a_region_of_nothing_is_refused() -> None:
    index, reads = slide_of(1, 1, shades(1))
    with pytest.raises(InvalidInput, match="width and a height"):
        StoredPixels(index, reads).region(0, (0, 0, 0, 5), (1, 1))


def test_an_edge_tile_of_another_size_than_its_level_is_not_cropped() -> None:
    assert Image.open(io.BytesIO(render.crop(jpeg_of(64, 64), 10, 20, (64, 64)))).size == (10, 20)
    with pytest.raises(DamagedSlide, match="640 x 640 px"):
        render.crop(jpeg_of(640, 640), 10, 20, (64, 64))


def test_the_thumbnail_of_a_single_level_decodes_each_tile_once_or_so() -> None:
    index, reads = slide_of(40, 40, shades(1) * 1600)
    image = render.thumbnail(index, StoredPixels(index, reads), 64)
    assert image.size == (64, 64)
    tile = len(shades(1)[0])
    assert sum(length for _, length in reads.ranges) <= 1600 * tile * 1.1


def test_the_thumbnail_of_too_many_tiles_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MAX_THUMBNAIL_TILES", 15)
    index, reads = slide_of(4, 4, shades(16))
    with pytest.raises(InvalidInput, match="smaller tiles"):
        render.thumbnail(index, StoredPixels(index, reads), 64)
    assert reads.ranges == []
