import itertools
import json
import struct
import zlib
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import DamagedSlide, NotFound, UnsupportedSlide
from labsight.slides import geometry, sidecar
from labsight.slides.axes import Axes, Channel
from labsight.slides.index import Associated, Chunks, Coding, Level, SlideIndex, SourceFile

KEY = "slides/lab/a.svs"


def index_of(*levels: Level) -> SlideIndex:
    return SlideIndex(
        key=KEY, etag="1", size=10, format="svs", files=(SourceFile(KEY, "1", 10),), levels=levels
    )


def table(places: list[tuple[int, int]], head: bytes = b"\xff\xd8head", file: int = 0) -> Chunks:
    offsets = array("Q", [offset for offset, _ in places])
    return Chunks(head, offsets, array("I", [length for _, length in places]), file)


def stored_level(places: list[tuple[int, int]]) -> Level:
    return Level(10 * len(places), 10, 10, 10, Coding("jpeg"), 10, 10, (table(places),))


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


def test_the_planes_of_several_files_are_read_back_each_with_its_own_head() -> None:
    planes = (
        table([(16, 5)]), table([(99, 0)], b"\xff\xd8", 1),
        table([(1, 2)]), table([(7, 8)], file=1),
    )  # fmt: skip
    deep = Coding("deflate", 1, 16, "grey", ">", 2)
    channels = (Channel("DAPI", "0000FF", (10, 4000.5)), Channel("FITC", "00FF00"))
    index = replace(
        index_of(Level(9, 9, 10, 10, deep, 9, 9, planes)),
        files=(SourceFile(KEY, "1", 10), SourceFile("slides/lab/b.svs", "2", 7)),
        axes=Axes(channels, 2, z_step=0.5),
        identifying=False,
        icc="3",
    )
    assert sidecar.from_bytes(sidecar.to_bytes(index)) == index


def test_a_sidecar_of_any_version_tells_whose_it_is() -> None:
    data = sidecar.to_bytes(index_of(stored_level([(16, 5)])))
    assert sidecar.key_of(data) == KEY
    assert sidecar.key_of(data[:7] + b"\x01" + data[8:]) == KEY
    assert sidecar.key_of(data[:-9]) == KEY
    assert sidecar.key_of(data[:20]) is None
    assert sidecar.key_of(b"") is None


def test_a_sidecar_of_any_version_tells_what_was_kept_of_it() -> None:
    index = replace(
        index_of(stored_level([(16, 5)])), associated=(Associated("label", 9, 8, "of-label"),)
    )
    data = sidecar.to_bytes(index)
    assert sidecar.kept_of(data) == (index.etag, {"label": "of-label"})
    assert sidecar.kept_of(data[:7] + b"\x01" + data[8:-9]) == sidecar.kept_of(data)
    assert sidecar.kept_of(data[:20]) is None
    assert sidecar.kept_of(data.replace(b'"of-label"', b"1234567890")) is None


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


def rewritten(change: Callable[[dict[str, Any]], object], tables: bytes | None = None) -> bytes:
    """Return a sound sidecar whose header, or whose packed tables, were changed by hand."""
    data = sidecar.to_bytes(index_of(stored_level([(16, 5), (21, 7)])))
    (length,) = struct.unpack_from("<I", data, 8)
    header = json.loads(data[12 : 12 + length])
    change(header)
    text = json.dumps(header).encode()
    packed = data[12 + length : -4] if tables is None else tables
    body = data[:8] + struct.pack("<I", len(text)) + text + packed
    return body + struct.pack("<I", zlib.crc32(body))


def nothing(_header: dict[str, Any]) -> None:
    """Leave the header as it is."""


def test_what_a_later_release_adds_is_passed_over() -> None:
    def later(header: dict[str, Any]) -> None:
        header["scanner"] = "x"
        header["levels"][0]["focus"] = 1
        header["associated"] = [{"name": "label", "width": 3, "height": 4, "shape": "round"}]

    assert sidecar.from_bytes(rewritten(later)).associated == (Associated("label", 3, 4),)


WRONG_HEADERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no key": lambda header: header.pop("key"),
    "no levels": lambda header: header.pop("levels"),
    "not one level": lambda header: header.update(levels=[]),
    "levels of text": lambda header: header.update(levels="ab"),
    "a level without a size": lambda header: header["levels"][0].pop("size"),
    "a size of three": lambda header: header["levels"][0].update(size=[1, 2, 3]),
    "a size of text": lambda header: header["levels"][0].update(size=["1", 1, 1, 1]),
    "no tile width": lambda header: header["levels"][0].update(size=[20, 10, 0, 10]),
    "a negative side": lambda header: header["levels"][0].update(size=[-20, 10, 10, 10]),
    "more tiles than tables": lambda header: header["levels"][0].update(size=[999, 10, 10, 10]),
    "fewer tiles than tables": lambda header: header["levels"][0].update(size=[10, 10, 10, 10]),
    "a head that is not base64": lambda header: header["levels"][0].update(heads=["%%"]),
    "a head that is not there": lambda header: header["levels"][0].update(planes=[[1, 0]]),
    "a file that is not there": lambda header: header["levels"][0].update(planes=[[0, 1]]),
    "a file before the first": lambda header: header["levels"][0].update(planes=[[0, -1]]),
    "more planes than axes": lambda header: header["levels"][0].update(planes=[[0, 0], [0, 0]]),
    "axes without an end": lambda header: header["axes"].update(z=10**9),
    "axes of nothing": lambda header: header["axes"].update(t=0),
    "no chunk width": lambda header: header["levels"][0].update(chunk=[0, 10]),
    "a coding of text": lambda header: header["levels"][0].update(coding="jpeg"),
    "a size of one number": lambda header: header.update(mpp=3),
    "pictures of text": lambda header: header.update(associated="ab"),
    "a picture without a size": lambda header: header.update(associated=[{"name": "label"}]),
}


@pytest.mark.parametrize("change", WRONG_HEADERS.values(), ids=WRONG_HEADERS.keys())
def test_a_header_that_tells_no_slide_is_a_damaged_index(
    change: Callable[[dict[str, Any]], object],
) -> None:
    with pytest.raises(DamagedSlide, match="import it again"):
        sidecar.from_bytes(rewritten(change))


GAPS, LENGTHS = struct.pack("<2q", 16, 0), struct.pack("<2I", 5, 7)
WRONG_TABLES = {
    "nothing": b"",
    "no stream": b"tables",
    "a cut stream": zlib.compress(GAPS + LENGTHS)[:-6],
    "a stream without its checksum": zlib.compress(GAPS + LENGTHS)[:-4],
    "an empty stream": zlib.compress(b""),
    "half a table": zlib.compress(GAPS),
    "more than the tables": zlib.compress(GAPS + LENGTHS + b"more"),
    "a tile before the file": zlib.compress(struct.pack("<2q", -16, 0) + LENGTHS),
}


@pytest.mark.parametrize("tables", WRONG_TABLES.values(), ids=WRONG_TABLES.keys())
def test_tables_that_do_not_fit_are_a_damaged_index(tables: bytes) -> None:
    assert sidecar.from_bytes(rewritten(nothing, zlib.compress(GAPS + LENGTHS)))
    with pytest.raises(DamagedSlide, match="import it again"):
        sidecar.from_bytes(rewritten(nothing, tables))


@pytest.mark.parametrize("size", [[0, 10, 10, 10], [10, -1, 10, 10], [10, 10, 10, 0]])
def test_a_level_of_no_size_is_a_damaged_index(size: list[int]) -> None:
    def without_tiles(header: dict[str, Any]) -> None:
        header["levels"] = [
            {
                "size": size,
                "chunk": [0, 0],
                "coding": None,
                "heads": [],
                "planes": [],
                "made": False,
            }
        ]

    with pytest.raises(DamagedSlide, match="import it again"):
        sidecar.from_bytes(rewritten(without_tiles, zlib.compress(b"")))


def test_tables_too_large_to_read_are_not_written_either(monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(stored_level([(16, 5), (21, 7)]))
    monkeypatch.setattr(sidecar, "MAX_TABLE_BYTES", 24)
    data = sidecar.to_bytes(index)
    assert sidecar.from_bytes(data) == index
    monkeypatch.setattr(sidecar, "MAX_TABLE_BYTES", 23)
    with pytest.raises(UnsupportedSlide, match="tiles"):
        sidecar.to_bytes(index)
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


def test_a_level_that_was_rounded_down_has_deep_zoom_tiles_but_at_its_edges() -> None:
    index = index_of(Level(1001, 701, 120, 120), Level(250, 175, 120, 120))
    assert geometry.exact_factor(index, 1) == 4
    # Deep Zoom asks for 251 x 176: the first row and the first two columns are the level's own
    assert geometry.stored_twin(index, 8, (1, 0), 120, 0) == 1
    assert geometry.stored_twin(index, 8, (2, 0), 120, 0) is None
    assert geometry.stored_twin(index, 8, (0, 1), 120, 0) is None
    assert geometry.stored_twin(index, 10, (8, 5), 120, 0) == 0
    assert geometry.stored_twin(index, 10, (0, 0), 120, 1) is None
    assert geometry.stored_twin(index, 10, (0, 0), 256, 0) is None


def test_a_deep_zoom_tile_is_made_from_the_px_it_covers() -> None:
    index = index_of(Level(1001, 701, 120, 120), Level(250, 175, 120, 120))
    assert geometry.deep_zoom_source(index, 9, (1, 0), 120, 0) == (
        0,
        (240, 0, 240, 240),
        (120, 120),
    )
    # the level is not stretched over the one px that it lacks
    assert geometry.deep_zoom_source(index, 8, (2, 1), 120, 0) == (1, (240, 120, 10, 55), (10, 55))
    level, box, size = geometry.deep_zoom_source(index, 0, (0, 0), 120, 0)
    assert (level, box, size) == (1, (0, 0, 250, 175), (1, 1))


@given(
    full=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    step=st.integers(2, 9),
    tile=st.integers(32, 600),
    level=st.integers(0, 13),
)
def test_deep_zoom_tiles_are_made_from_inside_a_level(
    full: tuple[int, int], step: int, tile: int, level: int
) -> None:
    small = Level(max(1, full[0] // step), max(1, full[1] // step), 64, 64)
    index = index_of(Level(*full, 64, 64), small)
    level = min(level, geometry.deep_zoom_top(index))
    columns, rows = (-(-side // tile) for side in geometry.deep_zoom_level(index, level))
    for place in ((0, 0), (columns - 1, rows - 1)):
        best, (x, y, width, height), size = geometry.deep_zoom_source(index, level, place, tile, 0)
        own = index.levels[best]
        assert width > 0 < height
        assert 0 <= x < x + width <= own.width
        assert 0 <= y < y + height <= own.height
        assert min(size) > 0
