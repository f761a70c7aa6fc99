"""VMS: a list, and the images that it names."""

from pathlib import Path

from tests.lab.sync.look.made import below, look, only, paths, told
from tests.support.vms import make_vms


def test_a_vms_slide_is_its_file_and_those_that_it_names(tmp_path: Path) -> None:
    found = look(tmp_path, below("a", make_vms("x")) | {"a/other.jpg": b"", "a/b/x_0.jpg": b""})
    assert told(found) == {"a/x/": ("vms", ["a/x.vms", "a/x_0.jpg", "a/x_map.jpg"])}
    assert {one.path for one in found.skipped} == {"a/other.jpg", "a/b/x_0.jpg"}


def test_a_vms_slide_lacks_what_it_names_and_is_not_there(tmp_path: Path) -> None:
    files = make_vms("x")
    del files["x_map.jpg"]
    assert only(look(tmp_path, files)).missing == ("x_map.jpg",)


def test_a_vms_slide_takes_what_helps_and_does_not_need_it(tmp_path: Path) -> None:
    files = make_vms("x")
    files["x.vms"] += b"OptimisationFile=x.opt\n"
    assert only(look(tmp_path, files)).missing == ()
    assert "x.opt" in paths(only(look(tmp_path, files | {"x.opt": b"1"})))


def test_a_vms_list_does_not_take_slides_or_files_elsewhere(tmp_path: Path) -> None:
    text = b"[Virtual Microscope Specimen]\nImageFile=y.svs\nMapFile=../b/z.jpg\nMacroImage=\x07\n"
    found = look(tmp_path, {"a/x.vms": text, "a/y.svs": b"1", "b/z.jpg": b"1"})
    assert {group.place for group in found.groups} == {"a/x/", "a/y.svs"}
    (unit,) = (group for group in found.groups if group.kind == "vms")
    assert unit.missing[:2] == ("a/y.svs", "a/../b/z.jpg")
    assert unit.missing[2].endswith("\ufffd")


def test_two_lists_that_name_one_image_are_a_problem(tmp_path: Path) -> None:
    files = make_vms("x")
    found = look(tmp_path, files | {"y.vms": files["x.vms"]} | make_vms("z"))
    assert set(told(found)) == {"z/"}
    assert {one.path for one in found.problems} == {"x.vms", "y.vms"}
    assert "'x.vms' and 'y.vms' both name 'x_0.jpg'" in found.problems[0].reason
