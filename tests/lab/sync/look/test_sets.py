"""OME-TIFF: files that name each other."""

import tracemalloc
from pathlib import Path

from labsight_lab.sync.look.groups import grouped
from labsight_lab.sync.look.heads import Head
from tests.lab.sync.look.made import (
    SET,
    below,
    look,
    named,
    only,
    paths,
    told,
)
from tests.support.ome_sets import binary_only, described, make_set, ome_xml


def test_the_files_of_an_ome_tiff_set_are_one_unit(tmp_path: Path) -> None:
    lone = {"a/t.ome.tif": described(ome_xml(["t.ome.tif"], 0)), "a/u.tif": described("no XML")}
    found = told(look(tmp_path, below("a", make_set(SET)) | lone))
    assert found["a/s_0/"] == ("ome-tiff", [f"a/{name}" for name in SET])
    assert set(found) == {"a/s_0/", "a/t.ome.tif", "a/u.tif"}


def test_a_set_lacks_what_is_named_and_its_place_stays_the_same(tmp_path: Path) -> None:
    files = below("a", make_set(SET))
    del files["a/s_0.ome.tif"]
    group = only(look(tmp_path, files))
    assert group.place == "a/s_0/"
    assert group.missing == ("a/s_0.ome.tif",)
    assert paths(group) == ["a/s_1.ome.tif", "a/s_2.ome.tif"]


def test_a_file_that_is_only_named_belongs_to_the_set(tmp_path: Path) -> None:
    names = ["a.ome.tif", "plain.tif", "B.OME.TIF"]
    files = {"a.ome.tif": described(ome_xml(names, 0)), "plain.tif": described("nothing")}
    group = only(look(tmp_path, files | {"b.ome.tif": described("nothing either")}))
    assert paths(group) == ["a.ome.tif", "b.ome.tif", "plain.tif"]
    assert group.missing == ()


def test_a_set_whose_files_were_renamed_is_whole(tmp_path: Path) -> None:
    files = make_set(SET)
    renamed = {f"mine {at}.ome.tif": files[name] for at, name in enumerate(SET)}
    group = only(look(tmp_path, renamed))
    assert group.missing == ()
    assert paths(group) == sorted(renamed)
    assert group.place == "s_0/"


def test_a_file_that_was_renamed_and_does_not_know_itself_leaves_a_gap(tmp_path: Path) -> None:
    text = ome_xml(SET, None, uuids=False)
    files = {name: described(text) for name in ("s_0.ome.tif", "mine.ome.tif", "s_2.ome.tif")}
    group = only(look(tmp_path, files))
    assert group.missing == ("s_1.ome.tif",)
    assert paths(group) == ["mine.ome.tif", "s_0.ome.tif", "s_2.ome.tif"]


def test_a_file_that_names_itself_in_other_letters_is_no_set(tmp_path: Path) -> None:
    text = ome_xml(["A.OME.TIF", "a.ome.tif"], None, uuids=False)
    assert told(look(tmp_path, {"a.ome.tif": described(text)})) == {
        "a.ome.tif": ("file", ["a.ome.tif"])
    }


def test_large_sets_take_little_time_and_memory() -> None:
    names = tuple(f"{number}.ome.tif" for number in range(5000))
    head = Head(needs=names)
    tracemalloc.start()
    found = grouped(named(*names), lambda files: {one.path: head for one in files}, lambda _: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(only(found).members) == 5000
    assert peak < 30_000_000


def test_a_set_does_not_reach_into_other_folders(tmp_path: Path) -> None:
    names = ["a.ome.tif", "b.ome.tif"]
    files = make_set(names)
    found = look(tmp_path, {"x/a.ome.tif": files["a.ome.tif"], "y/b.ome.tif": files["b.ome.tif"]})
    assert {group.place: group.missing for group in found.groups} == {
        "x/a/": ("x/b.ome.tif",),
        "y/a/": ("y/a.ome.tif",),
    }


def test_hostile_names_are_passed_over(tmp_path: Path) -> None:
    names = ["a.ome.tif", "../b.ome.tif", "/etc/passwd", "C:\\b.ome.tif"]
    assert told(look(tmp_path, {"a.ome.tif": described(ome_xml(names, 0))})) == {
        "a.ome.tif": ("file", ["a.ome.tif"])
    }


def test_a_companion_leads_to_its_files(tmp_path: Path) -> None:
    images = ["p_0.ome.tiff", "p_1.ome.tiff"]
    files = {name: described(binary_only("p.companion.ome")) for name in images}
    files["p.companion.ome"] = ome_xml(images, None).encode()
    group = only(look(tmp_path, below("a", files)))
    assert group.place == "a/p_0/"
    assert paths(group) == ["a/p_0.ome.tiff", "a/p.companion.ome", "a/p_1.ome.tiff"]


def test_the_file_that_describes_the_others_is_the_one_to_open(tmp_path: Path) -> None:
    names = ["p_0.ome.tif", "p_1.ome.tif"]
    files = {
        "p_0.ome.tif": described(binary_only("p_1.ome.tif")),
        "p_1.ome.tif": described(ome_xml(names, 1)),
    }
    group = only(look(tmp_path, files))
    assert group.place == "p_0/"
    assert paths(group) == ["p_1.ome.tif", "p_0.ome.tif"]


def test_a_companion_waits_for_its_files(tmp_path: Path) -> None:
    group = only(look(tmp_path, {"p.companion.ome": ome_xml(["p_0.ome.tif"], None).encode()}))
    assert group.place == "p_0/"
    assert group.missing == ("p_0.ome.tif",)
