"""What an OME-XML document says of the files of its set."""

import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight_lab.sync.finished import ome, tiff
from labsight_lab.sync.finished.ome import Document, is_name, read
from tests.support.ome_sets import OME, binary_only, make_set, ome_xml, uuid

NAMES = ["a.ome.tif", "b.ome.tif", "c.ome.tif"]


def document(text: str | bytes) -> Document | None:
    raw = text.encode() if isinstance(text, str) else text
    return read(io.BytesIO(raw), 0, len(raw))


def files_of(text: str) -> tuple[str, ...]:
    found = document(text)
    assert found is not None
    return found.files()


def test_a_file_names_all_of_its_set() -> None:
    assert files_of(ome_xml(NAMES, 0)) == tuple(NAMES)


def test_a_file_knows_what_it_was_called_by_its_uuid() -> None:
    for text, own in ((ome_xml(NAMES, 1), "b.ome.tif"), (ome_xml(NAMES, None, uuids=False), "")):
        found = document(text)
        assert found is not None
        assert found.own_name() == own


def test_one_name_alone_is_the_file_itself_whatever_it_is_called_now() -> None:
    assert files_of(ome_xml(["old.ome.tif"], None, uuids=False)) == ()


def test_a_file_may_leave_all_to_another() -> None:
    assert files_of(binary_only("x.companion.ome")) == ("x.companion.ome",)
    assert files_of(binary_only("../x.companion.ome")) == ()


def test_the_document_of_a_tiff_is_found(tmp_path: Path) -> None:
    file = tmp_path / "b.ome.tif"
    file.write_bytes(make_set(NAMES)["b.ome.tif"])
    with file.open("rb") as opened:
        place = tiff.description(opened, file.stat().st_size)
        assert place is not None
        found = read(opened, *place)
    assert found is not None
    assert found.uuid == uuid(1)
    assert list(found.names) == NAMES


@pytest.mark.parametrize(
    "name",
    ["../a.tif", "sub/a.tif", "sub\\a.tif", "C:a.tif", "a\x07.tif", "..", ".", "", "x" * 256],
)
def test_what_is_no_file_name_is_passed_over(name: str) -> None:
    assert not is_name(name)
    written = name.replace("\x07", "&#9;")
    found = document(ome_xml([*NAMES, written], 0))
    assert found is not None
    assert list(found.names) == NAMES


@pytest.mark.parametrize("name", ["a.tif", "b (1).ome.tif", "größe µm.tif", "日本.tif", "..a.tif"])
def test_odd_names_are_names(name: str) -> None:
    assert is_name(name)
    found = document(ome_xml([*NAMES, name], 0))
    assert found is not None
    assert list(found.names) == [*NAMES, name]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ImageJ=1.53\nimages=3",
        "<svg/>",
        "<OME>",
        ome_xml(NAMES, 0)[:-1],
        f'<!DOCTYPE OME [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><OME xmlns="{OME}">&b;</OME>',
        '<!DOCTYPE OME SYSTEM "file:///etc/passwd"><OME/>',
        '<?xml version="1.0" encoding="no-such-code"?><OME/>',
    ],
)
def test_anything_else_tells_nothing(text: str) -> None:
    found = document(text)
    assert found is None or not found.names


def test_white_space_and_marks_in_front_and_nuls_behind_are_no_part_of_it() -> None:
    raw = b"\xef\xbb\xbf \r\n" + ome_xml(NAMES, 0).encode() + b"\0\0 and what lay there before"
    found = document(raw)
    assert found is not None
    assert list(found.names) == NAMES


def test_bytes_that_are_no_utf_8_do_not_matter() -> None:
    text = ome_xml(NAMES, 0).replace("Image:0", "µm").encode("latin-1")
    found = document(text)
    assert found is not None
    assert len(found.names) == 3


def test_too_many_names_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ome, "MAX_NAMES", 2)
    assert document(ome_xml(NAMES, 0)) is None
    monkeypatch.setattr(ome, "MAX_BYTES", 100)
    assert document(ome_xml(NAMES, 0)) is None


def test_a_large_document_takes_little_memory() -> None:
    filling = '<Plane TheC="0" TheT="0" TheZ="0" DeltaT="1.5"/>' * 200_000
    raw = ome_xml(NAMES, 0).replace("</Pixels>", f"{filling}</Pixels>").encode()
    file = io.BytesIO(raw)
    tracemalloc.start()
    found = read(file, 0, len(raw))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert len(found.names) == 3
    assert peak < 4_000_000 < len(raw)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_document_cut_or_changed_anywhere_is_answered(draw: st.DataObject) -> None:
    raw = bytearray(ome_xml(NAMES, 0).encode())
    del raw[draw.draw(st.integers(0, len(raw))) :]
    for _ in range(draw.draw(st.integers(0, 5)) if raw else 0):
        raw[draw.draw(st.integers(0, len(raw) - 1))] = draw.draw(st.integers(0, 255))
    assert isinstance(document(bytes(raw)), Document | None)


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(raw: bytes) -> None:
    assert isinstance(document(raw), Document | None)


def test_the_real_files_are_no_sets(real_data: Path) -> None:
    files = [*real_data.rglob("*.ome.tif"), *real_data.rglob("*.ome.tiff")]
    assert files, f"no OME-TIFF in {real_data}"
    for file in files:
        with file.open("rb") as opened:
            place = tiff.description(opened, file.stat().st_size)
            assert place is not None, file.name
            found = read(opened, *place)
        assert found is not None, file.name
        assert found.files() == ()
