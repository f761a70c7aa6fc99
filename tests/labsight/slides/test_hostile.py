"""Files made to cost more than they weigh: limits hold for the whole file, not tag by tag."""

import struct
import time
import tracemalloc
import warnings
from collections.abc import Callable

import pytest

from labsight.errors import DamagedSlide, SlideError, UnsupportedSlide
from labsight.objects.memory import MemoryStore
from labsight.slides.formats import pyramid
from labsight.slides.formats.tiff import container as tiff
from labsight.slides.formats.tiff import levels as tiff_levels
from labsight.slides.formats.tiff import stripped
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.slide import read_tiff
from labsight.slides.ranges import ObjectBytes
from tests.support.hostile import Entry, tiled
from tests.support.jpeg_tiff import jpeg_of, make_jpeg_tiff
from tests.support.tiff_reading import pixels_of, structure_of


class CountingStore(MemoryStore):
    """Counts the bytes that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes_read = 0

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        data = super().read(key, start, length, etag=etag)
        self.bytes_read += len(data)
        return data


def chained(directories: list[Callable[[int], list[Entry]]], tail: bytes) -> bytes:
    """Return a TIFF of several directories; each is told where the tail begins."""
    sizes = [2 + 12 * len(make(0)) + 4 for make in directories]
    end = 8 + sum(sizes)
    content, at = b"II*\0\x08\0\0\0", 8
    for make, size in zip(directories, sizes, strict=True):
        at += size
        entries = sorted(make(end))
        content += struct.pack("<H", len(entries))
        content += b"".join(struct.pack("<HHII", *entry) for entry in entries)
        content += struct.pack("<I", at if at < end else 0)
    return content + tail


def cost_of(content: bytes) -> tuple[str, int, int, float]:
    """Return what an attempt to lay a file out says, its memory and bytes read, and its time."""
    store = CountingStore()
    info = store.write("slides/lab/x.svs", content)
    tracemalloc.start()
    started = time.process_time()
    try:
        said = read_tiff(ObjectBytes(store, info)).reason
    except SlideError as error:
        said = error.message
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return said, peak, store.bytes_read, time.process_time() - started


def empty_level(side: int) -> Callable[[int], list[Entry]]:
    return lambda tail: tiled(
        width=side,
        height=side,
        tile_width=1,
        tile_height=1,
        count=side * side,
        offsets=tail,
        lengths=tail,
    )


def test_tables_shared_by_many_levels_are_read_no_more_often_than_the_file_is_long() -> None:
    content = chained([empty_level(300 - number) for number in range(30)], bytes(4 * 300 * 300))
    said, peak, read, _ = cost_of(content)
    assert "over and over" in said
    assert peak < 10 * len(content)
    assert read < 4 * len(content)


def test_more_levels_than_a_pyramid_has_are_refused() -> None:
    many = pyramid.MAX_LEVELS + 1
    content = chained([empty_level(100 - number) for number in range(many)], bytes(400_000))
    assert f"{many} levels" in cost_of(content)[0]


def test_the_tiles_of_all_levels_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = chained([empty_level(20), empty_level(10)], bytes(1600))
    assert cost_of(content)[0] == ""
    monkeypatch.setattr(tiff_levels, "MAX_TILES", 499)
    assert "500 tiles" in cost_of(content)[0]


def described(size: int) -> Callable[[int], list[Entry]]:
    strip = [(273, 4, 1, 8), (278, 4, 1, 16), (279, 4, 1, 10)]
    return lambda tail: [*tiled()[:6], (270, 2, size, tail), *strip]


def test_a_description_shared_by_many_images_is_read_about_once() -> None:
    text = b"Aperio" + b"x" * (4 << 20)
    _, peak, read, _ = cost_of(chained([described(len(text))] * 200, text))
    assert read < 1 << 20
    assert peak < 4 << 20


@pytest.mark.parametrize("piece", [b"|", b"|a=b", b"|%d=b"])
def test_an_immense_description_costs_little(piece: bytes) -> None:
    count = 1 << 20
    pieces = (piece % number for number in range(count)) if b"%" in piece else [piece] * count
    text = b"Aperio v1" + b"".join(pieces)
    _, peak, _, _ = cost_of(chained([described(len(text))], text))
    assert peak < 8 << 20


def test_tables_that_go_before_every_tile_are_bounded() -> None:
    tables = b"\xff\xd8" + bytes(65_536) + b"\xff\xd9"
    entries = [*tiled(width=256, height=256, count=1, offsets=0, lengths=0)]
    content = chained([lambda tail: [*entries, (347, 7, len(tables), tail)]], tables)
    assert "tag 347" in cost_of(content)[0]


def test_one_number_is_read_of_a_tag_that_holds_millions() -> None:
    def immense(tail: int) -> list[Entry]:
        return [(256, 4, 4 << 20, tail), *tiled()[1:]]

    _, peak, read, _ = cost_of(chained([immense], bytes(16 << 20)))
    assert read < 1 << 20
    assert peak < 2 << 20


def test_bits_per_sample_are_a_few_numbers() -> None:
    def immense(tail: int) -> list[Entry]:
        entries = tiled()
        return [*entries[:2], (258, 3, 8 << 20, tail), *entries[3:]]

    said, _, read, _ = cost_of(chained([immense], bytes(16 << 20)))
    assert "tag 258" in said
    assert read < 1 << 20


def test_the_tags_of_all_directories_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "MAX_TAGS", 29)
    said = cost_of(chained([lambda _: tiled()] * 3, b""))[0]
    assert "more than 29 tags" in said


def test_tiles_that_share_their_bytes_are_refused() -> None:
    stream = jpeg_of(64, 64)
    with pytest.raises(DamagedSlide, match="more than the file"):
        structure_of(make_jpeg_tiff((64 * 60, 64 * 60), (64, 64), [stream] * 3600))


def test_a_few_tiles_that_share_their_bytes_are_no_harm() -> None:
    blank, others = jpeg_of(64, 64), [jpeg_of(64, 64) for _ in range(12)]
    content = make_jpeg_tiff((64 * 4, 64 * 4), (64, 64), [*others, *[blank] * 4])
    assert decoded(content) == (256, 256, 3)


def test_tiles_larger_than_memory_should_hold_are_unsupported() -> None:
    content = make_jpeg_tiff((5000, 5000), (5000, 5000), [jpeg_of(5000, 5000)])
    with pytest.raises(UnsupportedSlide, match="5000 x 5000 px"):
        structure_of(content)


def test_only_tiles_of_the_size_of_their_level_are_decoded() -> None:
    streams = [jpeg_of(256, 256) for _ in range(8)]
    streams.insert(5, jpeg_of(10_000, 9_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow warns of immense pictures that it opens
        with pytest.raises(DamagedSlide, match="10000 x 9000 px"):
            decoded(make_jpeg_tiff((768, 768), (256, 256), streams))


def decoded(content: bytes) -> tuple[int, ...]:
    """Decode all of a slide's finest level; return the shape of its pixels."""
    return tuple(pixels_of(structure_of(content), content).shape)


def label_of(strips: int, length: int) -> tuple[Tiff, bytes]:
    """Return a one-image file of so many strips that share their bytes."""

    def image(tail: int) -> list[Entry]:
        return [
            (256, 4, 1, 8), (257, 4, 1, strips), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, strips, tail), (277, 3, 1, 1), (278, 4, 1, 1),
            (279, 4, strips, tail + 4 * strips),
        ]  # fmt: skip

    tables = struct.pack("<I", 8) * strips + struct.pack("<I", length) * strips
    content = chained([image], tables)
    store = MemoryStore()
    return Tiff(ObjectBytes(store, store.write("slides/lab/x.tif", content))), content


def test_a_label_of_many_strips_is_put_together_in_one_pass() -> None:
    parsed, _ = label_of(16_000, 8)
    started = time.process_time()
    picture = stripped.from_tiff(parsed, parsed.directories[0])
    assert picture.size == (8, 16_000)
    assert time.process_time() - started < 2


def test_a_label_of_too_many_strips_or_bytes_is_damage() -> None:
    for strips, length in ((stripped.MAX_STRIPS + 1, 8), (1000, 100_000)):
        parsed, _ = label_of(strips, length)
        with pytest.raises(DamagedSlide, match="strips"):
            stripped.from_tiff(parsed, parsed.directories[0])
