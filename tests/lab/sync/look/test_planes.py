"""A folder of planes, and what describes them."""

from pathlib import Path

from tests.lab.sync.look.made import below, by_names, look, told
from tests.support.micro_manager import NAMES as PLANES
from tests.support.micro_manager import make_folder


def test_a_folder_of_planes_is_one_unit(tmp_path: Path) -> None:
    more = {"run/Pos0/other.TIF": b"1", "run/Pos0/s.svs": b"1", "run/Pos0/notes.txt": b"1"}
    found = look(tmp_path, below("run/Pos0", make_folder()) | more | {"run/x.tif": b"1"})
    kind, members = told(found)["run/Pos0/"]
    assert kind == "tif-folder"
    assert members[0] == f"run/Pos0/{PLANES[0]}"
    assert members[1:] == sorted(
        f"run/Pos0/{name}"
        for name in [*PLANES[1:], "metadata.txt", "display_and_comments.txt", "other.TIF"]
    )
    assert set(told(found)) == {"run/Pos0/", "run/Pos0/s.svs", "run/x.tif"}
    assert [one.path for one in found.skipped] == ["run/Pos0/notes.txt"]


def test_a_folder_needs_both_planes_and_their_description() -> None:
    assert set(told(by_names("a/img_0.tif"))) == {"a/img_0.tif"}
    assert set(told(by_names("a/metadata.txt", "a/plane.tif"))) == {"a/plane.tif"}
    assert set(told(by_names("a/metadata.txt", "a/b/img_0.tif"))) == {"a/b/img_0.tif"}


def test_the_uppermost_folder_cannot_be_a_unit() -> None:
    found = by_names("metadata.txt", "img_1.tif", "img_2.tif", "x.svs")
    assert set(told(found)) == {"x.svs"}
    assert [one.path for one in found.problems] == ["img_1.tif"]
    assert "move these files into a folder of their own" in found.problems[0].reason
