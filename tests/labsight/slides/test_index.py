import itertools
from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import DamagedSlide, NotFound
from labsight.slides import geometry
from labsight.slides import index as sidecar
from labsight.slides.index import Associated, Level, SlideIndex, StoredTiles


def index_of(*levels: Level) -> SlideIndex:
    return SlideIndex(key="slides/lab/a.svs", etag="1", size=10, format="svs", levels=levels)


def stored_level(places: list[tuple[int, int]]) -> Level:
    tiles = StoredTiles(
        b"\xff\xd8head",
        array("Q", [offset for offset, _ in places]),
        array("I", [length for _, length in places]),
    )
    return Level(10 * len(places), 10, 10, 10, tiles)


places = st.tuples(st.integers(0, 2**62), st.integers(0, 2**32 - 1))


@given(places=st.lists(places, min_size=1, max_size=40))
def test_a_sidecar_is_read_back_as_it_was_written(places: list[tuple[int, int]]) -> None:
    index = replace(
        index_of(stored_level(places), Level(1, 1, 256, 256)),
        mpp=(0.25, 0.26),
        vendor="aperio",
        associated=(Associated("label", 3, 4),),
        properties={"AppMag": "40"},
    )
    assert sidecar.from_bytes(sidecar.to_bytes(index)) == index


def test_tiles_one_behind_the_other_cost_two_bytes_or_so() -> None:
    lengths = [9000 + (number * 7919) % 4000 for number in range(20_000)]
    offsets = [sum(lengths[:1]) * 0 + 16]
    for length in lengths[:-1]:
        offsets.append(offsets[-1] + length)
    level = stored_level(list(zip(offsets, lengths, strict=True)))
    assert len(sidecar.to_bytes(index_of(level))) < 3 * len(lengths)


@given(data=st.binary(max_size=300))
def test_anything_else_is_a_damaged_index(data: bytes) -> None:
    with pytest.raises(DamagedSlide, match="import it again"):
        sidecar.from_bytes(data)


def test_the_version_changes_with_the_file_only() -> None:
    index = index_of(Level(10, 10, 10, 10))
    assert index.version == replace(index, key="slides/lab/b.svs").version
    assert index.version != replace(index, etag="2").version
    assert len(index.version) == 8


def test_levels_and_tiles_outside_are_not_found() -> None:
    index = index_of(Level(100, 50, 30, 30))
    assert index.level(0).tile_size(3, 1) == (10, 20)
    for column, row in ((4, 0), (0, 2), (-1, 0)):
        with pytest.raises(NotFound, match="4 columns and 2 rows"):
            index.level(0).tile_size(column, row)
    with pytest.raises(NotFound, match="levels 0 to 0"):
        index.level(1)


@given(width=st.integers(1, 200_000), height=st.integers(1, 200_000))
def test_deep_zoom_levels_halve_down_to_one_px(width: int, height: int) -> None:
    index = index_of(Level(width, height, 256, 256))
    top = geometry.deep_zoom_top(index)
    sizes = [geometry.deep_zoom_level(index, number) for number in range(top + 1)]
    assert sizes[0] == (1, 1)
    assert sizes[-1] == (width, height)
    assert all(
        (-(-below[0] // 2), -(-below[1] // 2)) == above
        for above, below in itertools.pairwise(sizes)
    )


@given(
    size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    tile=st.integers(32, 600),
    overlap=st.integers(0, 10),
)
def test_deep_zoom_tiles_cover_a_level_without_gap(
    size: tuple[int, int], tile: int, overlap: int
) -> None:
    columns, rows = -(-size[0] // tile), -(-size[1] // tile)
    right = 0
    for column in range(columns):
        x, _, width, _ = geometry.deep_zoom_box(size, column, 0, tile, overlap)
        assert x <= right
        right = x + width
    assert right == size[0]
    with pytest.raises(NotFound):
        geometry.deep_zoom_box(size, columns, 0, tile, overlap)
    with pytest.raises(NotFound):
        geometry.deep_zoom_box(size, 0, rows, tile, overlap)


def test_a_level_that_was_rounded_down_is_no_deep_zoom_level() -> None:
    index = index_of(Level(1001, 701, 240, 240), Level(250, 175, 240, 240))
    assert geometry.stored_twin(index, 10, 240, 0) == 0
    assert geometry.stored_twin(index, 8, 240, 0) is None  # Deep Zoom asks for 251 x 176
    assert geometry.stored_twin(index, 10, 240, 1) is None
    assert geometry.stored_twin(index, 10, 256, 0) is None
