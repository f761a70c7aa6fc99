"""Heads of files are read once, side by side, and remembered while they are asked for."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight_lab.sync.look import heads
from labsight_lab.sync.look.heads import Head, HeadReader, head_of
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.source import opened
from tests.support.dicom_samples import coloured
from tests.support.laid import lay
from tests.support.ome_sets import binary_only, described, make_set, ome_xml
from tests.support.vms import make_vms

DICOM = coloured().content()
SET = make_set(["a.ome.tif", "b.ome.tif"])
SAMPLES = {
    "a.dcm": (DICOM, Head(series="1.2.3")),
    "a.DICOM": (DICOM, Head(series="1.2.3")),
    "a.ome.tif": (SET["a.ome.tif"], Head(needs=("a.ome.tif", "b.ome.tif"), called="a.ome.tif")),
    "a.OME.TIFF": (
        described(binary_only("b.ome.tif")),
        Head(needs=("b.ome.tif",), described=False),
    ),
    "x.companion.ome": (
        ome_xml(["a.ome.tif", "b.ome.tif"], None).encode(),
        Head(needs=("a.ome.tif", "b.ome.tif")),
    ),
    "x.vms": (make_vms("x")["x.vms"], Head(needs=("x_0.jpg", "x_map.jpg"))),
}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are opened."""
    found: list[str] = []

    @contextmanager
    def noted(path: Path) -> Iterator[BinaryIO]:
        found.append(path.name)
        with opened(path) as file:
            yield file

    monkeypatch.setattr(heads, "opened", noted)
    return found


def test_a_head_tells_what_a_file_belongs_to() -> None:
    for name, (data, expected) in SAMPLES.items():
        assert head_of(io.BytesIO(data), Seen(name, len(data), 1)) == expected, name


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_head_that_is_cut_or_changed_tells_something_or_nothing(
    name: str, draw: st.DataObject
) -> None:
    data = bytearray(SAMPLES[name][0])
    del data[draw.draw(st.integers(0, len(data))) :]
    for _ in range(draw.draw(st.integers(0, 5)) if data else 0):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    assert isinstance(head_of(io.BytesIO(data), Seen(name, len(data), 1)), Head)


def test_a_head_is_read_once_for_each_content(tmp_path: Path, reads: list[str]) -> None:
    reader = HeadReader(tmp_path)
    seen = lay(tmp_path, {"1.dcm": DICOM, "2.dcm": DICOM})
    assert reader.read(seen) == reader.read(seen)
    assert sorted(reads) == ["1.dcm", "2.dcm"]
    lay(tmp_path, {"2.dcm": b"changed"}, mtime=1_700_000_000)
    changed = lay(tmp_path, {})
    assert reader.read(changed)["2.dcm"] == Head()
    assert sorted(reads) == ["1.dcm", "2.dcm", "2.dcm"]


def test_what_is_not_asked_for_any_more_is_forgotten(tmp_path: Path, reads: list[str]) -> None:
    reader = HeadReader(tmp_path)
    seen = lay(tmp_path, {"1.dcm": DICOM, "2.dcm": DICOM})
    reader.read(seen)
    reader.read(seen[:1])
    reader.read(seen)
    assert sorted(reads) == ["1.dcm", "2.dcm", "2.dcm"]


def test_many_heads_are_read_side_by_side(tmp_path: Path, reads: list[str]) -> None:
    seen = lay(tmp_path, {f"{number:03}.dcm": DICOM[:2000] for number in range(300)})
    found = HeadReader(tmp_path, threads=4).read(seen)
    assert set(found) == {one.path for one in seen}
    assert set(found.values()) == {Head(series="1.2.3")}
    assert len(reads) == 300


def test_an_error_is_answered_and_tried_again(tmp_path: Path) -> None:
    reader = HeadReader(tmp_path)
    seen = Seen("1.dcm", len(DICOM), 1)
    assert isinstance(reader.read([seen])["1.dcm"], OSError)
    (tmp_path / "1.dcm").write_bytes(DICOM)
    assert reader.read([seen])["1.dcm"] == Head(series="1.2.3")


def test_what_lies_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "folder.dcm").mkdir()
    found = HeadReader(tmp_path).read([Seen("folder.dcm", 1, 1)])
    assert isinstance(found["folder.dcm"], OSError)


def test_the_files_of_a_set_share_one_list_of_names(tmp_path: Path) -> None:
    reader = HeadReader(tmp_path)
    names = [f"{number}.ome.tif" for number in range(100)]
    seen = lay(tmp_path, make_set(names))
    first = reader.read(seen[:90])
    second = reader.read(seen)
    lists = {
        id(head.needs) for head in (*first.values(), *second.values()) if isinstance(head, Head)
    }
    assert len(lists) == 1
