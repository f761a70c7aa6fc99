"""DICOM: the files of a folder that are of one series."""

from pathlib import Path

import pytest

from labsight.slides import units
from labsight_lab.sync.look.groups import Grouper
from tests.lab.sync.look.made import SERIES, look, only, paths, told
from tests.support.dicom_samples import coloured, grey, native
from tests.support.laid import lay

ALIKE = ["1.2.91718", "1.2.115248"]  # two series of one name: their SHA-256 begin alike


def test_a_dicom_series_is_one_unit_in_each_folder(tmp_path: Path) -> None:
    one, two = coloured().content(), native(grey(1), instance="5.6").content()
    other = coloured(more={0x0020000E: ("UI", b"9.9\0")}).content()
    files = {"a/2.dcm": one, "a/1.dicom": two, "a/9.DCM": other, "b/3.dcm": one, "a/no.dcm": b"x"}
    found = told(look(tmp_path, files))
    assert found == {
        SERIES: ("dicom", ["a/1.dicom", "a/2.dcm"]),
        units.series_folder("a", "9.9") + "/": ("dicom", ["a/9.DCM"]),
        units.series_folder("b", "1.2.3") + "/": ("dicom", ["b/3.dcm"]),
        "a/no.dcm": ("file", ["a/no.dcm"]),
    }


def test_a_series_in_the_uppermost_folder_has_a_place_too(tmp_path: Path) -> None:
    assert only(look(tmp_path, {"1.dcm": coloured().content()})).place == (
        units.series_folder("", "1.2.3") + "/"
    )


def of_series(uid: str) -> bytes:
    return coloured(more={0x0020000E: ("UI", uid.encode())}).content()


def test_two_series_of_one_name_are_a_problem(tmp_path: Path) -> None:
    one, other = map(of_series, ALIKE)
    found = look(tmp_path, {"a/1.dcm": one, "a/2.dcm": other, "a/3.dcm": one, "b/2.dcm": other})
    assert [group.place for group in found.groups] == [units.series_folder("b", ALIKE[1]) + "/"]
    (problem,) = found.problems
    assert problem.path == "a/2.dcm"
    assert "put the one of this file into a folder of its own" in problem.reason


@pytest.mark.parametrize("is_here", [True, False])
def test_a_series_of_the_name_of_one_that_was_sent_is_a_problem(
    tmp_path: Path, *, is_here: bool
) -> None:
    place = units.series_folder("a\u0308", ALIKE[0]) + "/"
    sent = {"a\u0308/1.dcm": of_series(ALIKE[0])} if is_here else {}
    files = sent | {"a\u0308/2.dcm": of_series(ALIKE[1])}
    grouper = Grouper(tmp_path, series=lambda: {units.series_folder("\u00e4", ALIKE[0]): ALIKE[0]})
    found = grouper.grouped(lay(tmp_path, files), lambda seen: place if seen.path in sent else None)
    assert found.groups == []
    assert [problem.path for problem in found.problems] == ["a\u0308/2.dcm"]
    (tmp_path / "a\u0308" / "2.dcm").unlink()
    files = sent | {"a\u0308/3.dcm": of_series(ALIKE[0])}
    found = grouper.grouped(lay(tmp_path, files), lambda seen: place if seen.path in sent else None)
    assert (only(found).place, only(found).series) == (place, ALIKE[0])
    assert paths(only(found)) == list(files)


def test_the_journal_is_not_asked_for_series_while_there_is_none(tmp_path: Path) -> None:
    def fail() -> dict[str, str]:
        raise AssertionError

    files = lay(tmp_path, {"a/1.dcm": b"no DICOM", "b/1.dcm": coloured().content()})
    grouping = Grouper(tmp_path, series=fail).grouped(
        files, lambda seen: SERIES if seen.path == "b/1.dcm" else None
    )
    assert [group.place for group in grouping.groups] == [SERIES, "a/1.dcm"]


def test_a_directory_of_dicom_files_is_no_slide(tmp_path: Path) -> None:
    found = look(tmp_path, {"a/DICOMDIR.dcm": b"DICM", "a/1.dcm": coloured().content()})
    assert [one.reason for one in found.skipped] == ["a directory of DICOM files, no slide"]
    assert only(found).place == SERIES
