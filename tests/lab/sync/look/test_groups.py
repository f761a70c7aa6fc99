"""Each file is in one place: alone, in a unit, among the skipped or among the problems."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.slides import units
from labsight_lab.sync.look import groups as groups_module
from labsight_lab.sync.look.groups import Grouper, Grouping, grouped
from labsight_lab.sync.look.heads import Head, Heads
from tests.lab.sync.look.made import SERIES, SET, below, by_names, look, named, paths, told
from tests.support.dicom_samples import coloured
from tests.support.laid import lay
from tests.support.ome_sets import make_set
from tests.support.vms import make_vms


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
