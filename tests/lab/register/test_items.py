import pytest

from labsight.errors import SettingsError
from labsight.slides import units
from labsight_lab.register.items import Item, Items, found
from labsight_lab.register.looking import Looker
from tests.lab.register.archive import Shelf, key, part_of
from tests.support.dicom_samples import coloured
from tests.support.micro_manager import make_folder
from tests.support.mrxs import make_mrxs
from tests.support.ome_sets import make_set
from tests.support.vms import make_vms
from tests.support.vsi import make_vsi

SERIES = f"{units.series_folder('d', '1.2.3')}/unit.json"
BY_HAND = {
    "mrxs": (make_mrxs("s1"), "a/s1/unit.json"),
    "vsi": (make_vsi("x"), "a/_x_/unit.json"),
    "vms": (make_vms("v"), "a/v/unit.json"),
    "ome-tiff": (make_set(["s_0.ome.tif", "s_1.ome.tif"]), "a/s_0/unit.json"),
    "tif-folder": (make_folder(), "a/unit.json"),
}


def look(shelf: Shelf, prefix: str = "") -> Items:
    return found(Looker(shelf), list(shelf.walk(prefix)))


def only(items: Items) -> Item:
    assert (items.problems, items.skipped) == ([], [])
    (item,) = items.slides.values()
    return item


def test_files_that_stand_alone_are_slides_with_all_their_revisions() -> None:
    shelf = Shelf()
    shelf.put("a.svs", b"12345")
    for revision in (2, 10):
        shelf.put_key(key("a.svs", revision), b"x")
    shelf.put("b/c.tif")
    items = look(shelf)
    assert items.slides.keys() == {
        "slides/scanner-1/a.svs",
        "slides/scanner-1/a~r2.svs",
        "slides/scanner-1/a~r10.svs",
        "slides/scanner-1/b/c.tif",
    }
    assert items.slides[key("a.svs")] == Item(key("a.svs"), frozenset({key("a.svs")}), 5)


@pytest.mark.parametrize("kind", BY_HAND)
def test_a_folder_by_hand_gets_the_list_that_sync_would_write(kind: str) -> None:
    files, unit = BY_HAND[kind]
    shelf = Shelf()
    parts = shelf.put_all(files, "a/")
    item = only(look(shelf))
    assert item.key == f"slides/scanner-1/{unit}"
    assert item.parts == set(parts)
    assert item.size == sum(map(len, files.values()))
    assert item.unit is not None
    assert item.unit.kind == kind
    assert units.read(units.write(item.unit)) == item.unit
    assert set(units.member_keys(item.key, item.unit)) == set(parts)
    assert {(m.path, m.size) for m in item.unit.members} == {
        (f"a/{path}", len(data)) for path, data in files.items()
    }


def test_a_series_by_hand_is_found_by_its_heads() -> None:
    shelf = Shelf()
    shelf.put("d/1.dcm", coloured().content())
    shelf.put("d/2.dcm", coloured(instance="1.2.5").content())
    shelf.put("e/1.dcm", coloured().content())
    shelf.put("e/plain.dcm", b"no DICOM")
    items = look(shelf)
    assert items.slides[f"slides/scanner-1/{SERIES}"].parts == {key("d/1.dcm"), key("d/2.dcm")}
    assert len(items.slides) == 3
    assert items.slides[key("e/plain.dcm")].unit is None


def test_the_file_to_open_comes_first() -> None:
    shelf = Shelf()
    shelf.put_all(make_mrxs("s1"))
    unit = only(look(shelf)).unit
    assert unit is not None
    assert unit.members[0].path == "s1.mrxs"


def test_the_last_revisions_of_parts_count() -> None:
    shelf = Shelf()
    shelf.put_all(make_vms("v"))
    shelf.put_key(key("v_0.jpg", 3), b"newer")
    item = only(look(shelf))
    assert key("v_0.jpg", 3) in item.parts
    assert key("v_0.jpg") not in item.parts


def test_units_of_several_sources_stay_apart() -> None:
    shelf = Shelf()
    for source in ("one", "two"):
        for path, data in make_vms("v").items():
            shelf.put_key(f"slides/{source}/{path}", data)
    items = look(shelf)
    assert items.slides.keys() == {"slides/one/v/unit.json", "slides/two/v/unit.json"}
    assert {item.unit and item.unit.scanner for item in items.slides.values()} == {"one", "two"}


def test_a_unit_that_has_its_list_is_one_slide() -> None:
    shelf = Shelf()
    shelf.put("a/1.dcm")
    shelf.put("a/2.dcm")
    unit = shelf.close(key("a/series-1a2b3c4d") + "/unit.json", "dicom", "a/1.dcm", "a/2.dcm")
    item = only(look(shelf))
    assert item == Item(unit, frozenset({key("a/1.dcm"), key("a/2.dcm")}), 8)
    assert shelf.reads == 1


def test_revisions_of_a_unit_are_slides_each() -> None:
    shelf = Shelf()
    shelf.put("a/x.vms")
    first = shelf.close(f"{key('a/x')}/unit.json", "vms", "a/x.vms")
    second = shelf.close(f"{key('a/x', 2)}/unit.json", "vms", "a/x.vms")
    assert look(shelf).slides.keys() == {first, second}


def test_a_list_that_cannot_be_read_is_named_and_imported_all_the_same() -> None:
    shelf = Shelf()
    unit = shelf.put_key(f"{key('a')}/unit.json", b"{}")
    items = look(shelf)
    assert items.slides.keys() == {unit}
    assert [problem.path for problem in items.problems] == [unit]


def test_a_late_part_is_named() -> None:
    shelf = Shelf()
    shelf.put("d/1.dcm", coloured().content())
    shelf.put("d/2.dcm", coloured(instance="1.2.5").content())
    unit = shelf.close(f"slides/scanner-1/{SERIES}", "dicom", "d/1.dcm")
    items = look(shelf)
    assert items.slides.keys() == {unit}
    (problem,) = items.problems
    assert (problem.path, "does not name it" in problem.reason) == (key("d/2.dcm"), True)


def test_what_sync_will_close_is_left_to_it() -> None:
    shelf = Shelf()
    unit = f"slides/scanner-1/{SERIES}"
    shelf.put("d/1.dcm", coloured().content(), part_of(unit))
    items = look(shelf)
    assert items.slides == {}
    assert f"a part of {unit}" in items.problems[0].reason


def test_a_unit_that_lacks_something_is_named() -> None:
    shelf = Shelf()
    files = make_mrxs("s1")
    del files["s1/Slidedat.ini"]
    shelf.put_all(files, "a/")
    items = look(shelf)
    assert items.slides == {}
    assert items.problems[0].path == key("a/s1.mrxs")
    assert "lacks a/s1/Slidedat.ini" in items.problems[0].reason


def test_what_is_no_slide_is_passed_over() -> None:
    shelf = Shelf()
    shelf.put("a/notes.docx")
    items = look(shelf)
    assert (items.slides, items.problems) == ({}, [])
    assert items.skipped[0].path == key("a/notes.docx")


def test_keys_of_another_tool_are_taken_when_they_stand_alone() -> None:
    shelf = Shelf()
    odd = shelf.put_key("slides/scanner-1/a#1.svs", b"slide")
    shelf.put_key("slides/scanner-1/a#1.dcm", b"part")
    shelf.put_key("slides/odd.svs", b"without a source")
    items = look(shelf)
    assert odd in items.slides
    assert "slides/scanner-1/a#1.dcm" in [problem.path for problem in items.problems]
    assert "labsight sync" in items.problems[0].reason


@pytest.mark.parametrize("right", ["head", "read"])
def test_missing_rights_are_told(right: str) -> None:
    shelf = Shelf()
    shelf.put("d/1.dcm", coloured().content())
    objects = list(shelf.walk())
    shelf.denied = {right}
    with pytest.raises(SettingsError, match=r"s3:GetObject.*registrar"):
        found(Looker(shelf), objects)


def test_what_concerns_one_object_is_chosen() -> None:
    shelf = Shelf()
    shelf.put("a.svs")
    shelf.put_all(make_vms("v"))
    items = look(shelf)
    assert items.of(key("v_0.jpg")).slides.keys() == {"slides/scanner-1/v/unit.json"}
    assert items.of(key("a.svs")).slides.keys() == {key("a.svs")}
    assert items.of(key("b.svs")) == Items()
