"""Which files belong together: by their names, and by what their heads say of each other."""

import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.slides import units
from labsight_lab.sync.look import groups as groups_module
from labsight_lab.sync.look.groups import Group, Grouper, Grouping, grouped
from labsight_lab.sync.look.heads import Head, Heads
from labsight_lab.sync.look.scan import Seen
from tests.support.dicom_samples import coloured, grey, native
from tests.support.laid import lay
from tests.support.micro_manager import NAMES as PLANES
from tests.support.micro_manager import make_folder
from tests.support.mrxs import make_mrxs
from tests.support.ome_sets import binary_only, described, make_set, ome_xml
from tests.support.vms import make_vms
from tests.support.vsi import make_vsi

SET = ["s_0.ome.tif", "s_1.ome.tif", "s_2.ome.tif"]
SERIES = units.series_folder("a", "1.2.3") + "/"
ALIKE = ["1.2.91718", "1.2.115248"]  # two series of one name: their SHA-256 begin alike


def below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": content for path, content in files.items()}


def look(folder: Path, files: Mapping[str, bytes]) -> Grouping:
    return Grouper(folder).grouped(lay(folder, files), lambda _: None)


def paths(group: Group) -> list[str]:
    return [seen.path for seen in group.members]


def told(found: Grouping) -> dict[str, tuple[str, list[str]]]:
    return {group.place: (group.kind, paths(group)) for group in found.groups}


def only(found: Grouping) -> Group:
    (group,) = found.groups
    return group


def named(*names: str) -> list[Seen]:
    return [Seen(name, 1, 1) for name in names]


def by_names(*names: str) -> Grouping:
    """Group files of these names that have no content worth reading."""
    return grouped(named(*names), no_heads, lambda _: None)


def no_heads(files: Sequence[Seen]) -> Heads:
    return {seen.path: Head() for seen in files}


@pytest.mark.parametrize(
    "name",
    [
        "a.svs",
        "a/B.SVS",
        "x.ndpi",
        "x.scn",
        "x.bif",
        "x.czi",
        "x.tif",
        "x.TIFF",
        "x.btf",
        "x.qptiff",
        "x.svslide",
        "x.ome.tif",
        "x.ome.btf",
        "x.y/z.dcm",
        "unit.json.svs",
    ],
)
def test_a_slide_of_one_file_goes_alone(name: str) -> None:
    assert told(by_names(name)) == {name: ("file", [name])}


@pytest.mark.parametrize(
    "name",
    [
        "svs",
        "a/svs",
        "a.svs/notes",
        "a.txt",
        "a.svs.part",
        "a.jsonl",
        "a.ome",
        "DICOMDIR",
        "a.",
        "metadata.txt",
        "x.jpg",
        "x.ini",
        "unit.json",
        "x.companion.ome",
    ],
)
def test_what_is_no_slide_is_named_as_skipped(name: str) -> None:
    found = by_names(name)
    assert [(one.path, one.reason) for one in found.skipped] == [
        (name, "not a slide by its suffix")
    ]
    assert not found.groups


@pytest.mark.parametrize(
    "name",
    [
        "a.svs.complete",
        "a/b/done.COMPLETE",
        "transfer_manifest.jsonl",
        "a/transfer_manifest.jsonl",
        "a/run 5.Manifest.jsonl",
    ],
)
def test_signs_are_neither_sent_nor_skipped(name: str) -> None:
    assert by_names(name) == Grouping()


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


def test_capitals_do_not_keep_a_folder_from_its_file() -> None:
    found = by_names("A/Case.MRXS", "A/Case/Slidedat.ini", "A/Case/x.DAT", "a/case/y.dat")
    group = only(found)
    assert group.place == "A/Case/"
    assert paths(group) == ["A/Case.MRXS", "A/Case/Slidedat.ini", "A/Case/x.DAT"]
    assert [one.path for one in found.skipped] == ["a/case/y.dat"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("A/Case.mrxs", "A/CASE/Slidedat.ini", "A/CASE/x.dat"), ("'A/CASE/'", "'Case'")),
        (("Case.MRXS", "Case/slidedat.INI"), ("'Case/slidedat.INI'", "'Slidedat.ini'")),
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


def test_two_units_in_one_place_are_a_problem(tmp_path: Path) -> None:
    files = make_vms("x") | {"x.mrxs": b"1", "x/Slidedat.ini": b"1"}
    found = look(tmp_path, files)
    assert not found.groups
    assert {one.path for one in found.problems} == {"x.mrxs", "x.vms"}
    assert "'x.mrxs' and 'x.vms' would both be stored as x/" in found.problems[0].reason


def test_a_unit_of_too_many_files_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_module, "MAX_MEMBERS", 2)
    found = by_names("s.mrxs", "s/Slidedat.ini", "s/1.dat", "t.svs")
    assert set(told(found)) == {"t.svs"}
    assert found.problems[0].reason == "3 files belong to it; at most 2 can"


def test_a_file_that_cannot_be_read_is_a_problem_and_its_unit_waits(tmp_path: Path) -> None:
    one = coloured().content()
    elsewhere = below("b", make_set(SET)) | {"c/1.dcm": one, "d.vms": b"1", "e.svs": b"1"}
    files = lay(tmp_path, {"a/1.dcm": one, "a/2.dcm": one} | elsewhere)
    for path in ("a/2.dcm", "b/s_1.ome.tif", "d.vms"):
        (tmp_path / path).unlink()
    found = Grouper(tmp_path).grouped(files, lambda _: None)
    assert {one.path for one in found.problems} == {"a/2.dcm", "b/s_1.ome.tif", "d.vms"}
    assert all(one.reason.startswith("cannot be read: ") for one in found.problems)
    waiting = {group.place: group.missing for group in found.groups if group.missing}
    assert waiting == {SERIES: ("a/2.dcm",), "b/s_0/": ("b/s_1.ome.tif",)}
    assert {group.place for group in found.groups if not group.missing} == {
        units.series_folder("c", "1.2.3") + "/",
        "e.svs",
    }


def test_what_the_journal_knows_is_not_opened(tmp_path: Path) -> None:
    one = {"a/1.dcm": coloured().content(), "a/2.dcm": coloured().content()}
    files = one | below("b", make_set(SET)) | below("c", make_vms("x")) | {"d/lone.ome.tif": b"1"}
    seen = lay(tmp_path, files)
    first = Grouper(tmp_path).grouped(seen, lambda _: None)
    journal = {
        member.path: "" if group.kind == "file" else group.place
        for group in first.groups
        for member in group.members
    }
    for path in files:
        (tmp_path / path).unlink()
    again = Grouper(tmp_path).grouped(seen, lambda one: journal.get(one.path))
    assert again.problems == []
    assert told(again) == told(first)


def test_a_new_file_of_a_known_set_has_all_of_it_read_again(tmp_path: Path) -> None:
    four = [*SET, "s_3.ome.tif"]
    seen = lay(tmp_path, below("a", make_set(four)))
    journal = {f"a/{name}": "a/s_0/" for name in SET}
    asked: list[str] = []

    def read(files: Sequence[Seen]) -> Heads:
        asked.extend(one.path for one in files)
        return {one.path: Head(needs=tuple(four)) for one in files}

    found = grouped(seen, read, lambda one: journal.get(one.path))
    assert sorted(asked) == [f"a/{name}" for name in four]
    assert paths(only(found)) == [f"a/{name}" for name in four]


def test_a_changed_image_of_a_known_list_has_the_list_read_again(tmp_path: Path) -> None:
    seen = lay(tmp_path, make_vms("x"))
    journal = {"x.vms": "x/", "x_map.jpg": "x/"}
    found = Grouper(tmp_path).grouped(seen, lambda one: journal.get(one.path))
    assert paths(only(found)) == ["x.vms", "x_0.jpg", "x_map.jpg"]


def test_a_known_series_goes_on_while_a_new_file_cannot_be_read(tmp_path: Path) -> None:
    seen = named("a/1.dcm", "a/2.dcm")
    found = Grouper(tmp_path).grouped(seen, {seen[0]: SERIES}.get)
    assert only(found).missing == ()
    assert [one.path for one in found.problems] == ["a/2.dcm"]


def test_parts_of_a_unit_whose_index_is_gone_are_no_news() -> None:
    found = grouped(named("y.vms", "x_0.jpg"), no_heads, lambda one: one.path[0] + "/")
    assert told(found) == {"y/": ("vms", ["y.vms"])}


NAMES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "a/", "a/b/", "a/s/", "A/S/", "a/_s_/", "s/"]),
        st.sampled_from(["s", "S", "t", "img_1", "metadata", "é", "e\u0301", ".", "s.companion"]),
        st.sampled_from(
            [
                "",
                ".svs",
                ".mrxs",
                ".MRXS",
                ".vsi",
                ".vms",
                ".vmu",
                ".dcm",
                ".ome.tif",
                ".tif",
                ".txt",
                ".jpg",
                ".ini",
                ".complete",
                ".ome",
            ]
        ),
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.sets(NAMES, max_size=25), st.data())
def test_each_file_is_in_one_place_only(paths_: set[str], draw: st.DataObject) -> None:
    files = named(*sorted(paths_))
    names = st.lists(st.sampled_from(sorted({path.rpartition("/")[2] for path in paths_} or {"x"})))
    uid = st.sampled_from(["", "1.2", "3.4"])
    heads: Heads = {
        seen.path: OSError(13, "no")
        if draw.draw(st.integers(0, 9)) == 0
        else Head(draw.draw(uid), tuple(draw.draw(names)), tuple(draw.draw(names)))
        for seen in files
    }
    known = {path: draw.draw(st.sampled_from([None, None, "", "a/u/"])) for path in paths_}
    found = grouped(files, lambda _: heads, lambda seen: known[seen.path])
    members = [seen.path for group in found.groups for seen in group.members]
    skipped = [one.path for one in found.skipped]
    assert len(members) == len(set(members))
    assert not set(members) & set(skipped)
    assert len(skipped) == len(set(skipped))
    assert set(members) | set(skipped) <= paths_
    places = [group.place for group in found.groups]
    assert len(places) == len(set(places))
    for group in found.groups:
        assert group.members
        assert group.place.endswith("/") == (group.kind != "file")
        assert paths(group)[1:] == sorted(paths(group)[1:])
        assert group.kind == "file" or group.kind in units.KINDS
    if not found.problems:
        signs = {path for path in paths_ if path.lower().endswith(".complete")}
        assert set(members) | set(skipped) | signs == paths_
