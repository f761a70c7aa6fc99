"""A folder in which the files of a DICOM series are one slide, as `labsight serve` lists it."""

import shutil
from pathlib import Path

import pytest

from labsight.errors import ObjectChanged, ObjectMissing
from labsight.slides import units
from labsight.slides.unit_folder import UnitFolder
from tests.support.dicom_slides import DicomFile, encoded, picture, tiles_of

UNIT = "slides/lab/case/series/unit.json"


def series() -> list[bytes]:
    """The files of a slide of two levels."""
    return [
        DicomFile(
            frames=[encoded(tile) for tile in tiles_of(picture(*size), (64, 64))],
            size=size,
            tile=(64, 64),
            instance=f"1.2.3.{size[0]}",
        ).content()
        for size in ((160, 96), (80, 48))
    ]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    folder = tmp_path / "case" / "series"
    folder.mkdir(parents=True)
    for number, content in enumerate(series()):
        (folder / f"{number}.dcm").write_bytes(content)
    (tmp_path / "case" / "a.svs").write_bytes(b"svs")
    (tmp_path / "case" / "notes.dcm").write_bytes(b"no DICOM at all")
    return tmp_path


def listed(folder: UnitFolder) -> list[str]:
    return [info.key for info in folder.walk()]


def test_a_series_is_listed_as_a_unit_and_other_files_as_they_are(lab: Path) -> None:
    folder = UnitFolder(lab, "lab")
    assert listed(folder) == ["slides/lab/case/a.svs", "slides/lab/case/notes.dcm", UNIT]
    unit = units.read(folder.read(UNIT))
    assert unit.kind == "dicom"
    assert {one.path for one in unit.members} == {
        f"case/series/{number}.dcm" for number in range(len(unit.members))
    }
    keys = units.member_keys(UNIT, unit)
    sizes = [folder.head(key).size for key in keys]
    assert sizes == [one.size for one in unit.members]


def test_a_unit_changes_with_any_of_its_files(lab: Path) -> None:
    folder = UnitFolder(lab, "lab")
    listed(folder)
    old = folder.head(UNIT)
    member = lab / "case" / "series" / "0.dcm"
    member.write_bytes(member.read_bytes() + b"\0\0")
    listed(folder)
    assert folder.head(UNIT).etag != old.etag
    with pytest.raises(ObjectChanged, match="changed"):
        folder.read(UNIT, etag=old.etag)


def test_a_unit_goes_when_its_files_go(lab: Path) -> None:
    folder = UnitFolder(lab, "lab")
    listed(folder)
    shutil.rmtree(lab / "case" / "series")
    assert UNIT not in listed(folder)
    with pytest.raises(ObjectMissing):
        folder.head(UNIT)


def test_one_file_alone_is_a_slide_by_itself(lab: Path) -> None:
    for path in sorted((lab / "case" / "series").iterdir())[1:]:
        path.unlink()
    assert "slides/lab/case/series/0.dcm" in listed(UnitFolder(lab, "lab"))


def test_a_series_at_the_top_of_the_folder_has_a_unit_too(lab: Path, tmp_path: Path) -> None:
    top = tmp_path / "top"
    shutil.copytree(lab / "case" / "series", top)
    folder = UnitFolder(top, "lab")
    (key,) = listed(folder)
    assert key.startswith("slides/lab/series-")
    assert units.member_keys(key, units.read(folder.read(key)))
