import pytest

from labsight.errors import SettingsError
from labsight.keys import slide_id
from labsight.slides import units
from labsight_lab.register.looking import Looker
from labsight_lab.register.scope import resolved
from tests.lab.register.archive import Shelf, key, part_of
from tests.support.dicom_samples import coloured
from tests.support.micro_manager import make_folder
from tests.support.mrxs import make_mrxs
from tests.support.ome_sets import make_set
from tests.support.vms import make_vms
from tests.support.vsi import make_vsi

SERIES = f"slides/scanner-1/{units.series_folder('d', '1.2.3')}/unit.json"
DICOM = {"1.dcm": coloured().content(), "2.dcm": coloured(instance="1.2.5").content()}
BY_HAND = [
    (make_mrxs("s1"), "a/", "a/s1/unit.json"),
    (make_vsi("x"), "a/", "a/_x_/unit.json"),
    (make_vms("v"), "a/", "a/v/unit.json"),
    (make_set(["s_0.ome.tif", "s_1.ome.tif"]), "a/", "a/s_0/unit.json"),
    (make_folder(), "a/", "a/unit.json"),
    (DICOM, "d/", SERIES.removeprefix("slides/scanner-1/")),
]


def slides(shelf: Shelf, asked: str) -> list[str]:
    items = resolved(Looker(shelf), asked)
    assert items is not None
    assert items.problems == []
    return sorted(items.slides)


def problem(shelf: Shelf, asked: str) -> str:
    items = resolved(Looker(shelf), asked)
    assert items is not None
    assert items.slides == {}
    (found,) = items.problems + items.skipped
    assert found.path == asked
    return found.reason


def test_a_slide_is_itself() -> None:
    shelf = Shelf()
    shelf.put("a.svs")
    shelf.put("a.svs.jpg")
    assert slides(shelf, key("a.svs")) == [key("a.svs")]
    assert shelf.reads == 0


def test_a_revision_is_itself() -> None:
    shelf = Shelf()
    shelf.put("a.svs")
    shelf.put_key(key("a.svs", 2), b"newer")
    assert slides(shelf, key("a.svs", 2)) == ["slides/scanner-1/a~r2.svs"]


@pytest.mark.parametrize("asked", ["nothing.svs", "a", "a/", "a/b.sv"])
def test_what_is_nowhere_is_unknown(asked: str) -> None:
    shelf = Shelf()
    shelf.put("a.b/b.svs")
    assert resolved(Looker(shelf), f"slides/scanner-1/{asked}") is None


def test_a_folder_is_all_below_it_with_or_without_its_slash() -> None:
    shelf = Shelf()
    shelf.put("a/b.svs")
    shelf.put("a/c/d.svs")
    shelf.put("ab/e.svs")
    expected = [key("a/b.svs"), key("a/c/d.svs")]
    assert slides(shelf, "slides/scanner-1/a/") == expected
    assert slides(shelf, "slides/scanner-1/a") == expected
    assert len(slides(shelf, "slides/scanner-1/")) == len(slides(shelf, "slides/")) == 3


@pytest.mark.parametrize(("files", "folder", "unit"), BY_HAND)
def test_each_part_of_a_folder_by_hand_stands_for_the_whole(
    files: dict[str, bytes], folder: str, unit: str
) -> None:
    shelf = Shelf()
    parts = shelf.put_all(files, folder)
    for asked in (*parts, f"slides/scanner-1/{folder}"):
        assert slides(shelf, asked) == [f"slides/scanner-1/{unit}"], asked


@pytest.mark.parametrize(("files", "folder", "unit"), BY_HAND)
def test_each_part_of_a_closed_folder_by_hand_stands_for_the_whole(
    files: dict[str, bytes], folder: str, unit: str
) -> None:
    shelf = Shelf()
    parts = shelf.put_all(files, folder)
    closed = shelf.close(f"slides/scanner-1/{unit}", "vms", *(f"{folder}{one}" for one in files))
    for asked in (*parts, f"slides/scanner-1/{folder}", closed):
        assert slides(shelf, asked) == [closed], asked


@pytest.mark.parametrize("folder", ["a/s1/", "a/_x_/", "a/_x_/stack1/"])
def test_the_folder_of_a_slide_of_many_files_stands_for_the_slide(folder: str) -> None:
    shelf = Shelf()
    shelf.put_all(make_mrxs("s1"), "a/")
    shelf.put_all(make_vsi("x"), "a/")
    name = folder.split("/")[1]
    assert slides(shelf, f"slides/scanner-1/{folder}") == [f"slides/scanner-1/a/{name}/unit.json"]


def test_what_sync_sent_tells_its_unit_itself() -> None:
    shelf = Shelf()
    shelf.put_all(DICOM, "d/", part_of(SERIES))
    shelf.put("d/3.dcm", b"another", {})
    shelf.close(SERIES, "dicom", "d/1.dcm", "d/2.dcm")
    assert slides(shelf, key("d/1.dcm")) == [SERIES]
    assert shelf.reads == 1  # and no heads of whatever else lies there


def test_the_revision_of_a_unit_that_names_a_part_counts() -> None:
    shelf = Shelf()
    base = f"{key('a/x')}/unit.json"
    shelf.put("a/x.vms", about=part_of(base))
    shelf.put_key(key("a/x.vms", 2), b"newer", part_of(base))
    shelf.close(base, "vms", "a/x.vms")
    unit = units.Unit("vms", (units.Member("a/x.vms", 5, revision=2),))
    second = shelf.put_key(f"{key('a/x', 2)}/unit.json", units.write(unit))
    assert slides(shelf, key("a/x.vms")) == [base]
    assert slides(shelf, key("a/x.vms", 2)) == [second]


def test_a_unit_whose_key_is_too_long_to_be_told_is_found_by_its_id() -> None:
    shelf = Shelf()
    unit = f"{key('a/s1')}/unit.json"
    about = {"labsight-unit": slide_id(unit)}
    shelf.put("a/s1.mrxs", about=about)
    shelf.put("a/s1/deep/1.dat", about=about)
    shelf.close(unit, "mrxs", "a/s1.mrxs", "a/s1/deep/1.dat")
    assert slides(shelf, key("a/s1.mrxs")) == [unit]
    assert slides(shelf, key("a/s1/deep/1.dat")) == [unit]


def test_a_part_without_its_unit_is_told() -> None:
    shelf = Shelf()
    shelf.put("d/1.dcm", DICOM["1.dcm"], part_of(SERIES))
    assert f"a part of {SERIES}" in problem(shelf, key("d/1.dcm"))


def test_what_is_no_slide_is_told() -> None:
    shelf = Shelf()
    shelf.put("a/notes.docx")
    shelf.put("a/b.svs")
    assert problem(shelf, key("a/notes.docx")) == "not a slide by its suffix"


def test_without_the_right_to_list_nothing_is_known() -> None:
    shelf = Shelf()
    shelf.put("a.svs")
    shelf.denied = {"walk"}
    with pytest.raises(SettingsError, match=r"s3:ListBucket.*--profile"):
        resolved(Looker(shelf), key("a.svs"))
