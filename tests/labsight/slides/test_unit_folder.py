"""A folder in which the files of a DICOM series are one slide, as `labsight serve` lists it."""

import shutil
from pathlib import Path

import pytest

from labsight.errors import ObjectChanged, ObjectMissing
from labsight.keys import SlideKey, unit_key
from labsight.slides import units
from labsight.slides.unit_folder import UnitFolder
from tests.support.dicom_slides import DicomFile, encoded, picture, tiles_of

SERIES = "1.2.3"  # as the files below say
UNIT = unit_key("lab", units.series_folder("case/series", SERIES))


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


def test_a_series_keeps_its_place_whatever_else_is_there(lab: Path) -> None:
    """A first file alone is the slide that the others join, and another series makes no other."""
    files = sorted((lab / "case" / "series").iterdir())
    rest = {path: path.read_bytes() for path in files[1:]}
    for path in rest:
        path.unlink()
    folder = UnitFolder(lab, "lab")
    assert UNIT in listed(folder)
    alone = folder.head(UNIT)
    for path, content in rest.items():
        path.write_bytes(content)
    other = DicomFile(
        frames=[encoded(picture(64, 64))], size=(64, 64), tile=(64, 64), instance="9.9"
    )
    changed = other.content().replace(b"1.2.3\0", b"9.8.7\0")
    (lab / "case" / "series" / "other.dcm").write_bytes(changed)
    found = [key for key in listed(folder) if key.endswith("/unit.json")]
    assert sorted(found) == sorted(
        [UNIT, unit_key("lab", units.series_folder("case/series", "9.8.7"))]
    )
    assert folder.head(UNIT).etag != alone.etag


def test_a_series_at_the_top_of_the_folder_has_a_unit_too(lab: Path, tmp_path: Path) -> None:
    top = tmp_path / "top"
    shutil.copytree(lab / "case" / "series", top)
    folder = UnitFolder(top, "lab")
    (key,) = listed(folder)
    assert key == unit_key("lab", units.series_folder("", SERIES))
    assert units.member_keys(key, units.read(folder.read(key)))


def test_a_folder_of_an_odd_name_has_the_place_that_the_archive_gives_it(lab: Path) -> None:
    odd = lab / "case" / "50% ~r2"
    (lab / "case" / "series").rename(odd)
    folder = UnitFolder(lab, "lab")
    key = unit_key("lab", units.series_folder("case/50% ~r2", SERIES))
    assert key in listed(folder)
    unit = units.read(folder.read(key))
    assert [folder.head(one).size for one in units.member_keys(key, unit)] == [
        one.size for one in unit.members
    ]


def test_files_whose_unit_no_key_can_hold_are_taken_one_by_one(lab: Path) -> None:
    parts = ["x" * 200] * 4 + ["y" * 190]
    deep = lab.joinpath(*parts)
    deep.mkdir(parents=True)
    shutil.copy(lab / "case" / "series" / "0.dcm", deep / "0.dcm")
    assert str(SlideKey("lab", "/".join([*parts, "0.dcm"]))) in listed(UnitFolder(lab, "lab"))
