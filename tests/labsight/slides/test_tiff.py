import io
import time
import tracemalloc
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import SlideError
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff.container import Tiff, is_tiff
from labsight.slides.formats.tiff.slide import read_tiff
from labsight.slides.formats.tiff.tags import Code
from labsight.slides.index import Chunks
from labsight.slides.ranges import AHEAD, BLOCK, KEPT_BLOCKS
from tests.support import hostile
from tests.support.made_slides import make_svs
from tests.support.made_tiffs import (
    make_brightfield_scn,
    make_ome,
    make_philips,
    make_pyramid,
)
from tests.support.tiff_reading import data_of, structure_of


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_both_byte_orders_and_sizes_are_read_as_tifffile_reads_them(
    bigtiff: bool, byteorder: Literal["<", ">"]
) -> None:
    file = io.BytesIO()
    pixels = np.arange(300 * 200 * 3, dtype=np.uint8).reshape(200, 300, 3)
    with tifffile.TiffWriter(file, bigtiff=bigtiff, byteorder=byteorder) as writer:
        writer.write(pixels, tile=(64, 64), photometric="rgb", description="first", metadata=None)
        writer.write(pixels[::2, ::2], tile=(64, 64), photometric="rgb", subfiletype=1)
    tiff = Tiff(data_of(file.getvalue()))
    with tifffile.TiffFile(io.BytesIO(file.getvalue())) as expected:
        assert len(tiff.directories) == len(expected.pages)
        for directory, page in zip(tiff.directories, expected.pages, strict=True):
            assert page.keyframe is not None
            assert list(tiff.numbers(directory, Code.TILE_OFFSETS)) == list(page.dataoffsets)
            assert list(tiff.numbers(directory, Code.TILE_LENGTHS)) == list(page.databytecounts)
            assert tiff.number(directory, Code.WIDTH, 0) == page.keyframe.imagewidth
    assert tiff.text(tiff.directories[0], Code.DESCRIPTION) == "first"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", False),
        (b"II*\0", False),
        (b"II*\0\x08\0\0\0", True),
        (b"MM\0*\0\0\0\x08", True),
        (b"II+\0\x08\0\0\0" + bytes(8), True),
        (b"II+\0\x04\0\0\0" + bytes(8), False),
        (b"DICM" * 8, False),
    ],
)
def test_a_tiff_file_is_told_by_how_it_starts(content: bytes, expected: bool) -> None:
    assert is_tiff(data_of(content)) is expected


def test_the_structure_of_a_slide_is_read_in_a_handful_of_requests(tmp_path: Path) -> None:
    data = data_of(make_svs(tmp_path / "a.svs", size=(3000, 2000), levels=(1, 4, 16)).read_bytes())
    assert len(read_tiff(data).levels) == 3
    assert data.requests <= 1 + data.size // BLOCK
    assert data.requests <= 4


def test_blocks_are_fetched_once() -> None:
    data = data_of(bytes(range(256)) * 2048)
    assert data.read(10, 5) == bytes(range(10, 15))
    assert data.read(BLOCK - 3, 6) == bytes([253, 254, 255, 0, 1, 2])
    asked = data.requests
    assert data.read(0, 2 * BLOCK) == bytes(range(256)) * 512
    assert data.requests == asked


def test_reads_that_go_on_take_ever_fewer_requests() -> None:
    data = data_of(bytes(300 * BLOCK))
    for number in range(300):
        data.read(number * BLOCK + 7, 9)
    assert data.requests <= 7 + 300 // AHEAD
    there = data_of(bytes(300 * BLOCK))
    for number in range(0, 300, 50):
        there.read(number * BLOCK, 9)
    assert there.requests == 6


def test_blocks_that_a_read_needs_are_kept_while_it_fetches_the_others() -> None:
    content = bytes(range(256)) * (KEPT_BLOCKS * BLOCK * 2 // 256)
    data = data_of(content)
    for number in range(0, 2 * KEPT_BLOCKS, 7):
        data.read(number * BLOCK, 1)
    most = KEPT_BLOCKS * BLOCK // 2
    for start in (0, BLOCK + 1, KEPT_BLOCKS * BLOCK):
        assert data.read(start, most) == content[start : start + most]


def why_not(content: bytes) -> str:
    """Return in words why a file's tiles cannot be served, nothing when they can."""
    try:
        return structure_of(content).reason
    except SlideError as error:
        return error.message


HOSTILE = {
    "nothing": b"",
    "one byte": b"I",
    "only a header": b"II*\0\x08\0\0\0",
    "text": b"Dear colleague, the slide is attached.",
    "no directory": b"II*\0\0\0\0\0",
    "directory beyond the end": b"II*\0\xff\xff\xff\x7f",
    "directory without tags": hostile.tiff([]),
    "a loop to itself": hostile.tiff([(256, 4, 1, 10)], link=8),
    "a count of 2^32": hostile.tiff([(324, 4, 0xFFFFFFFF, 8)]),
    "a count of 2^60": hostile.big_tiff([(324, 16, 1 << 60, 16)]),
    "2^60 tags": hostile.big_tiff([(256, 4, 1, 1)], count=1 << 60),
    "an offset past the end": hostile.tiff([(270, 2, 100, 1 << 30)]),
    "tiles past the end": hostile.tiff(hostile.tiled(offsets=134), tail=b"\xff" * 64),
    "tiles before the start": hostile.tiff(
        [*hostile.tiled(width=256, height=256)[:8], (324, 9, 1, 0xFFFFFFFF), (325, 4, 1, 8)]
    ),
    "no tile size": hostile.tiff(hostile.tiled(tile_width=0)),
    "huge sides": hostile.tiff(hostile.tiled(width=0xFFFFFFFF, height=0xFFFFFFFF)),
    "fewer tiles than the grid": hostile.tiff(hostile.tiled(width=100_000)),
    "an unknown compression": hostile.tiff([(256, 4, 1, 9), (257, 4, 1, 9), (259, 3, 1, 9999)]),
    "a width of text": hostile.tiff([(256, 2, 4, 0x41414141), (257, 4, 1, 9), (322, 4, 1, 1)]),
    "a width of no values": hostile.tiff([(256, 4, 0, 0), (257, 4, 1, 9), (322, 4, 1, 1)]),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_at_once_and_in_words(content: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    assert len(why_not(content)) > 20
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20
    assert time.process_time() - started < 5  # a bound against hanging, not a measurement


def test_zero_length_tiles_are_blank_and_no_damage(tmp_path: Path) -> None:
    empty = [(0, 0, 0), (0, 2, 1)]
    content = make_svs(tmp_path / "a.svs", empty_tiles=empty).read_bytes()
    stored = structure_of(content).levels[0].planes[0]
    assert [place for place, length in enumerate(stored.lengths) if not length] == [0, 7]


def test_a_slide_of_nothing_but_blank_tiles_is_read(tmp_path: Path) -> None:
    every = [(0, column, row) for column in range(3) for row in range(3)]
    path = make_svs(tmp_path / "a.svs", size=(700, 700), levels=(1,), empty_tiles=every)
    assert len(structure_of(path.read_bytes()).levels) == 1


@pytest.fixture(scope="module")
def small_slide(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("slides") / "a.svs"
    return make_svs(path, size=(500, 400), levels=(1, 4)).read_bytes()


def tables_of(structure: Structure) -> list[Chunks]:
    return [chunks for level in structure.levels for chunks in level.planes]


@settings(max_examples=300)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_slide_cut_anywhere_is_refused_or_whole(share: float, small_slide: bytes) -> None:
    cut = int(share * len(small_slide))
    try:
        structure = structure_of(small_slide[:cut])
    except SlideError:
        return
    for chunks in tables_of(structure):
        ends = zip(chunks.offsets, chunks.lengths, strict=True)
        assert all(offset + length <= cut for offset, length in ends)


changes = st.lists(
    st.tuples(
        st.sampled_from(["head", "middle", "end"]), st.integers(0, 2999), st.integers(0, 255)
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=500)
@given(changes=changes)
def test_changed_bytes_give_levels_or_an_error_of_ours(
    changes: list[tuple[str, int, int]], small_slide: bytes
) -> None:
    changed = bytearray(small_slide)
    starts = {"head": 0, "middle": small_slide.find(b"Aperio") - 400, "end": len(changed) - 3000}
    for start, distance, value in changes:
        changed[starts[start] + distance] = value
    assert why_not(bytes(changed)) or structure_of(bytes(changed)).levels


@pytest.fixture(scope="module")
def other_slides() -> list[bytes]:
    planes = np.arange(4 * 40 * 50, dtype=np.uint16).reshape(2, 2, 40, 50)
    scn = make_brightfield_scn(size=(200, 160), factors=(1, 2))
    return [
        make_ome(planes, subifds=1, metadata={"axes": "ZCYX"}, tile=(16, 16), compression="zlib"),
        make_philips(size=(200, 150), factors=(1, 2), tile=64).content,
        make_pyramid(size=(200, 150), factors=(1, 2)).content,
        scn.content,
    ]


@settings(max_examples=600)
@given(
    which=st.integers(0, 3),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=5),
)
def test_changed_bytes_of_other_kinds_give_levels_or_an_error_of_ours(
    which: int, changes: list[tuple[float, int]], other_slides: list[bytes]
) -> None:
    """Change what is no picture: directories, values, XML; those are where zeros and text lie."""
    changed = bytearray(other_slides[which])
    places = structure_places(other_slides[which])
    for share, value in changes:
        changed[places[int(share * (len(places) - 1))]] = value
    assert why_not(bytes(changed)) or structure_of(bytes(changed)).levels


def structure_places(content: bytes) -> list[int]:
    """Return the bytes of a file that are in no chunk."""
    in_chunks = bytearray(len(content))
    for chunks in tables_of(structure_of(content)):
        for start, length in zip(chunks.offsets, chunks.lengths, strict=True):
            in_chunks[start : start + length] = b"\1" * length
    return [place for place, inside in enumerate(in_chunks) if not inside]
