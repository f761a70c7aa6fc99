"""MRXS and VSI: a file, and all that lies in the folder of its name."""

from pathlib import Path

import pytest

from tests.lab.sync.look.made import below, by_names, look, only, paths, told
from tests.support.mrxs import make_mrxs
from tests.support.vsi import make_vsi


def test_an_mrxs_slide_is_its_file_and_all_below_its_folder(tmp_path: Path) -> None:
    more = {"a/s1/sub/x.tif": b"", "a/s1/sub/deep/y.dcm": b"", "a/s1/done.complete": b""}
    found = look(tmp_path, below("a", make_mrxs()) | more | {"a/s2.svs": b"", "a/s1.svs": b""})
    kind, members = told(found)["a/s1/"]
    assert kind == "mrxs"
    assert members[0] == "a/s1.mrxs"
    assert members[1:] == sorted(
        [
            *(path for path in below("a", make_mrxs()) if path != "a/s1.mrxs"),
            "a/s1/sub/x.tif",
            "a/s1/sub/deep/y.dcm",
        ]
    )
    assert set(told(found)) == {"a/s1/", "a/s2.svs", "a/s1.svs"}
    assert not found.skipped


def test_capitals_of_a_suffix_do_not_keep_a_folder_from_its_file() -> None:
    found = by_names("A/Case.VSI", "A/_Case_/x.ETS", "a/_case_/y.ets")
    group = only(found)
    assert group.place == "A/_Case_/"
    assert paths(group) == ["A/Case.VSI", "A/_Case_/x.ETS"]
    assert [one.path for one in found.skipped] == ["a/_case_/y.ets"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("A/Case.mrxs", "A/CASE/Slidedat.ini", "A/CASE/x.dat"), ("'A/CASE/'", "'Case'")),
        (("A/Case.MRXS", "A/Case/Slidedat.ini"), ("'A/Case.MRXS'", "'Case.mrxs'")),
        (("Case.MRXS",), ("'Case.MRXS'", "'Case.mrxs'")),
        (("Case.mrxs", "Case/slidedat.INI"), ("'Case/slidedat.INI'", "'Slidedat.ini'")),
        (("a\u0308.mrxs", "\u00c4/SLIDEDAT.INI"), ("'\\xc4/'", "'a\\u0308'")),
        (("a.vsi", "_A_/s/frame.ets"), ("'_A_/'", "'_a_'")),
    ],
)
def test_what_is_not_found_where_capitals_count_is_refused_with_the_name_it_should_have(
    names: tuple[str, ...], told: tuple[str, str]
) -> None:
    found = by_names(*names, "b.svs")
    assert [group.place for group in found.groups] == ["b.svs"]
    assert not found.skipped
    (problem,) = found.problems
    assert problem.path == names[0]
    assert problem.reason.startswith(f"{told[0]} is not found by this name")
    assert problem.reason.endswith(f"rename it to {told[1]}")


def test_the_way_of_composing_a_folder_name_does_not_count() -> None:
    found = by_names("\u00e4.mrxs", "a\u0308/Slidedat.ini")
    assert paths(only(found)) == ["\u00e4.mrxs", "a\u0308/Slidedat.ini"]


def test_an_mrxs_file_without_its_folder_lacks_it() -> None:
    assert only(by_names("a/s1.mrxs")).missing == ("a/s1/",)
    assert only(by_names("a/s1.mrxs", "a/s1/Data0000.dat")).missing == ("a/s1/Slidedat.ini",)
    assert only(by_names("a/s1.mrxs", "a/s1/sub/Slidedat.ini")).missing == ("a/s1/Slidedat.ini",)


def test_two_files_for_one_folder_are_a_problem_and_neither_is_sent() -> None:
    found = by_names("s1.mrxs", "S1.MRXS", "s1/Slidedat.ini")
    assert not found.groups
    assert not found.skipped
    assert {one.path for one in found.problems} == {"s1.mrxs", "S1.MRXS"}
    assert "'s1.mrxs' and 'S1.MRXS' stand for the same folder" in found.problems[0].reason


def test_two_folders_for_one_file_are_a_problem() -> None:
    found = by_names("s1.mrxs", "s1/Slidedat.ini", "S1/Data0000.dat")
    assert [one.path for one in found.problems] == ["s1.mrxs"]
    assert "'S1/' and 's1/'" in found.problems[0].reason


def test_a_slide_within_another_slides_folder_is_a_part_of_it() -> None:
    found = by_names("s1.mrxs", "s1/Slidedat.ini", "s1/t.mrxs", "s1/t/Slidedat.ini", "s1/u.vsi")
    assert len(only(found).members) == 5


def test_a_vsi_slide_is_its_file_and_all_below_its_folder(tmp_path: Path) -> None:
    found = look(tmp_path, below("a", make_vsi("x")))
    assert told(found) == {"a/_x_/": ("vsi", ["a/x.vsi", "a/_x_/stack1/frame_t.ets"])}
    assert only(by_names("a/x.vsi", "a/x/frame_t.ets")).missing == ("a/_x_/",)
