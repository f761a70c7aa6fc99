"""An MRXS slide is finished when all that its lists name is there, to the last picture."""

import struct
from pathlib import Path

import openslide
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight_lab.sync.finished import mrxs_index
from labsight_lab.sync.finished.mrxs import unfinished
from tests.support.laid import lay
from tests.support.mrxs import SLIDE_ID, make_mrxs

FILES = make_mrxs()
LISTED = sorted(set(FILES) - {"s1.mrxs"})


def reason(folder: Path, changes: dict[str, bytes | None] | None = None) -> str | None:
    """Return what is said of the slide with some of its files changed or taken away."""
    files = {
        path: content for path, content in (FILES | (changes or {})).items() if content is not None
    }
    return unfinished(folder, lay(folder, files))


def test_the_made_slide_is_one(tmp_path: Path) -> None:
    lay(tmp_path, FILES)
    with openslide.OpenSlide(tmp_path / "s1.mrxs") as slide:
        assert slide.level_dimensions == ((128, 128), (64, 64))
        assert "macro" in slide.associated_images


def test_a_whole_slide_is_finished(tmp_path: Path) -> None:
    assert reason(tmp_path) is None


@pytest.mark.parametrize("path", LISTED)
def test_a_file_that_is_not_there_yet_is_missed(tmp_path: Path, path: str) -> None:
    assert path.rpartition("/")[2] in str(reason(tmp_path, {path: None}))


@pytest.mark.parametrize("path", LISTED)
def test_a_file_without_content_is_unfinished(tmp_path: Path, path: str) -> None:
    assert reason(tmp_path, {path: b""}) == f"its {path.rpartition('/')[2]} is empty"


@pytest.mark.parametrize("path", [path for path in LISTED if not path.endswith(".ini")])
def test_a_file_that_is_cut_off_by_one_byte_is_unfinished(tmp_path: Path, path: str) -> None:
    assert "cut off: it has " in str(reason(tmp_path, {path: FILES[path][:-1]}))


def test_what_is_cut_off_is_named(tmp_path: Path) -> None:
    index, data = FILES["s1/Index.dat"], FILES["s1/Data0001.dat"]
    told = reason(tmp_path, {"s1/Index.dat": index[:-1]})
    assert told == (
        f"its index is cut off: it has {len(index) - 1:,} bytes and needs at least {len(index):,}"
    )
    told = reason(tmp_path, {"s1/Data0001.dat": data[:-1]})
    assert told == (
        f"its data file 1 is cut off: it has {len(data) - 1:,} bytes and needs at least "
        f"{len(data):,}"
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_index_cut_at_any_point_is_unfinished(
    tmp_path_factory: pytest.TempPathFactory, draw: st.DataObject
) -> None:
    index = FILES["s1/Index.dat"]
    cut = draw.draw(st.integers(1, len(index) - 1))
    folder = tmp_path_factory.mktemp("slide")
    assert reason(folder, {"s1/Index.dat": index[:cut]})


def test_a_list_that_is_cut_off_is_unfinished(tmp_path: Path) -> None:
    listing = FILES["s1/Slidedat.ini"]
    end = listing.index(b"FILE_2")
    told = "its Slidedat.ini is not written to its end"
    for cut in (10, listing.index(b"[DATAFILE]"), listing.index(b"FILE_COUNT"), end):
        assert reason(tmp_path, {"s1/Slidedat.ini": listing[:cut]}) == told


def test_capitals_do_not_count(tmp_path: Path) -> None:
    files = {path.replace("s1/", "S1/").replace("Data", "DATA"): FILES[path] for path in FILES}
    assert unfinished(tmp_path, lay(tmp_path, files)) is None


def test_files_below_the_folder_are_no_data_files(tmp_path: Path) -> None:
    moved = {"s1/Data0001.dat": None, "s1/old/Data0001.dat": FILES["s1/Data0001.dat"]}
    assert "it lacks Data0001.dat" in str(reason(tmp_path, moved))


@pytest.mark.parametrize(
    "name", [b"../s1.mrxs", b"/etc/passwd", b"C:\\x.dat", b"old/Data0001.dat", b"x" * 500]
)
def test_a_hostile_name_is_just_not_there(tmp_path: Path, name: bytes) -> None:
    listing = FILES["s1/Slidedat.ini"].replace(b"FILE_1 = Data0001.dat", b"FILE_1 = " + name)
    told = str(reason(tmp_path, {"s1/Slidedat.ini": listing}))
    assert told.startswith("it lacks ")
    assert len(told) < 150


def test_a_hostile_number_of_data_files_is_left_to_the_import(tmp_path: Path) -> None:
    listing = FILES["s1/Slidedat.ini"].replace(b"FILE_COUNT = 3", b"FILE_COUNT = 999999999")
    assert reason(tmp_path, {"s1/Slidedat.ini": listing}) is None


def test_another_slides_index_is_left_to_the_import(tmp_path: Path) -> None:
    index = FILES["s1/Index.dat"].replace(SLIDE_ID.encode(), b"F" * 32)
    assert reason(tmp_path, {"s1/Index.dat": index}) is None


def test_pages_in_a_circle_end_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mrxs_index, "MAX_PAGES", 20)
    index = bytearray(FILES["s1/Index.dat"])
    (table,) = struct.unpack_from("<I", index, 37)
    (page,) = struct.unpack_from("<I", index, table)
    struct.pack_into("<I", index, page + 4, page)
    assert reason(tmp_path, {"s1/Index.dat": bytes(index)}) is None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_hostile_bytes_are_answered_and_never_raise(
    tmp_path_factory: pytest.TempPathFactory, draw: st.DataObject
) -> None:
    path = draw.draw(st.sampled_from(["s1/Index.dat", "s1/Slidedat.ini"]))
    hostile = bytearray(FILES[path])
    for _ in range(draw.draw(st.integers(1, 8))):
        hostile[draw.draw(st.integers(0, len(hostile) - 1))] = draw.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("slide")
    answer = reason(folder, {path: bytes(hostile)})
    assert answer is None or answer.startswith(("it ", "its ", "a picture "))
