"""NDPI files that lie cost little, and are named."""

import time
import tracemalloc
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import SlideError
from labsight.objects.memory import MemoryStore
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.ndpi import read_ndpi
from labsight.slides.ranges import ObjectBytes
from tests.support.ndpi_files import (
    ASCII,
    FLOAT,
    LONG,
    SLONG,
    NdpiFile,
    Picture,
    Stream,
    Tag,
    cut,
    missing,
)
from tests.support.ndpi_reading import RESTARTS, RESTARTS_HIGH, picture, structure_of


def cost_of(pictures: list[Picture]) -> tuple[str, int, float, int]:
    """Return what reading a file says, its peak memory, seconds, and bytes read."""
    file = NdpiFile(pictures)
    tracemalloc.start()
    started = time.process_time()
    try:
        said = read_ndpi(Tiff(file)).reason
    except SlideError as error:
        said = error.message
    seconds = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return said, peak, seconds, sum(length for _, length in file.requests)


SMALL = cut(picture(512, 256), 256)
LIES: dict[str, tuple[dict[int, Tag | None], str]] = {
    "a size of 2^24 px": ({256: (LONG, [1 << 24]), 257: (LONG, [1 << 24])}, "restart intervals"),
    "a size beyond all": ({256: (LONG, [2**32 - 1])}, "claims 4294967295"),
    "no size": (missing(256), "claims 0 x 256 px"),
    "a larger size": ({257: (LONG, [600])}, "said to be 600 px"),
    "a stream past the end": ({279: (LONG, [2**32 - 1])}, "the file has"),
    "no stream": (missing(273), "one strip each"),
    "a stream of nothing": ({279: (LONG, [0])}, "the file has"),
    "a stream elsewhere": ({273: (LONG, [20])}, "start as a JPEG stream does"),
    "a stream cut off": ({279: (LONG, [2000])}, "a level needs 64 restart intervals"),
    "two streams": ({273: (LONG, [12, 12]), 279: (LONG, [9, 9])}, "one strip each"),
    "only other pictures": ({65421: (FLOAT, [-3.0])}, "no level"),
    "an endless lens": ({65421: (FLOAT, [float("inf")])}, "no level"),
    "a table of floats": ({RESTARTS: (FLOAT, [660.0] * 64)}, "whole numbers"),
    "a table of text": ({RESTARTS: (ASCII, b"a" * 64)}, ""),
    "upper halves of -1": ({RESTARTS_HIGH: (SLONG, [-1] * 64)}, ""),
    "upper halves too large": ({RESTARTS_HIGH: (LONG, [2**32 - 1] * 64)}, ""),
    "too many upper halves": ({RESTARTS_HIGH: (LONG, [0] * 65)}, ""),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_lies_costs_little_and_is_named(lie: str) -> None:
    tags, expected = LIES[lie]
    said, peak, seconds, read = cost_of([Picture(stream=SMALL, tags=tags)])
    assert expected in said
    assert bool(expected) == bool(said)
    assert peak < 2 << 20
    assert seconds < 1
    assert read < 4 * SMALL.length + 60_000


def test_levels_that_share_one_stream_are_refused() -> None:
    pictures = [Picture(stream=SMALL, focus=focus) for focus in range(40)]
    tags: Mapping[int, Tag] = {273: (LONG, [12])}
    shared = [Picture(stream=Stream(8, 8, b"", (b"",)), focus=one.focus) for one in pictures[1:]]
    own = {256: (LONG, [512]), 257: (LONG, [256]), 279: (LONG, [SMALL.length])}
    table = {RESTARTS: (LONG, SMALL.starts())}
    liars = [
        Picture(stream=one.stream, focus=one.focus, tags={**tags, **own, **table}) for one in shared
    ]
    said, peak, _, _ = cost_of([pictures[0], *liars])
    assert "far more than the file has" in said
    assert peak < 2 << 20


@pytest.mark.parametrize("empty", [0, 30, 63])
def test_a_stream_with_an_interval_of_nothing_is_refused(empty: int) -> None:
    intervals = (*SMALL.intervals[:empty], b"", *SMALL.intervals[empty + 1 :])
    stream = Stream(SMALL.width, SMALL.height, SMALL.head, intervals)
    assert "a level needs 64 restart intervals" in cost_of([Picture(stream=stream)])[0]


def test_a_stream_of_nothing_but_markers_is_given_up_early() -> None:
    head = cut(picture(65_000, 8), 8).head
    stream = Stream(65_000, 8, head, (b"\xff\xd0" * (4 << 20),))
    said, peak, seconds, read = cost_of([Picture(stream=stream)])
    assert "a level needs 8125 restart intervals" in said
    assert peak < 32 << 20
    assert seconds < 1
    assert read < 16 << 20


def test_intervals_too_wide_to_decode_are_left_to_openslide() -> None:
    stream = cut(picture(8192, 24), 8192)
    head = stream.head.replace(b"\xff\xdd\0\4\4\0", b"\xff\xdd\0\4\x24\0")  # 9216 MCUs
    found, _ = structure_of(Picture(stream=Stream(73_728, 24, head, stream.intervals)))
    assert found.levels == ()
    assert "pieces of 73728 x 8 px" in found.reason


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_anywhere_in_the_structure_is_an_error_of_ours(data: st.DataObject) -> None:
    file = NdpiFile([Picture(stream=SMALL), Picture(stream=cut(picture(64, 64)), lens=-1)])
    content = bytearray(file.read(0, file.size))
    places = [*range(700), *range(12 + SMALL.length, len(content))]
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.sampled_from(places))] = data.draw(st.integers(0, 255))
    store = MemoryStore()
    try:
        found = read_ndpi(
            Tiff(ObjectBytes(store, store.write("slides/lab/a.ndpi", bytes(content))))
        )
    except SlideError:
        return
    for level in found.levels:
        for chunks in level.planes:
            assert len(chunks.offsets) == level.chunk_columns * level.chunk_rows
            ends = map(sum, zip(chunks.offsets, chunks.lengths, strict=True))
            assert max(ends) <= len(content)
