"""A group is finished when all its files are, and all that they say is there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from labsight_lab.sync.finished.check import unfinished
from labsight_lab.sync.look.groups import Group, Grouper
from labsight_lab.sync.look.scan import Seen
from tests.support.dicom_samples import coloured
from tests.support.laid import lay
from tests.support.micro_manager import make_folder
from tests.support.mrxs import make_mrxs
from tests.support.ome_sets import described, make_set
from tests.support.vms import make_vms
from tests.support.vmu import make_vmu
from tests.support.vsi import make_vsi

MAKERS: dict[str, Callable[[], dict[str, bytes]]] = {
    "mrxs": make_mrxs,
    "vms": make_vms,
    "vmu": make_vmu,
    "vsi": make_vsi,
    "ome-tiff": lambda: make_set(["a.ome.tif", "b.ome.tif"]),
    "tif-folder": lambda: {f"p/{name}": content for name, content in make_folder().items()},
    "dicom": lambda: {"1.dcm": coloured().content(), "2.dcm": coloured(instance="8").content()},
}
NOT_CHECKED = {"s1.mrxs", "p/display_and_comments.txt"}  # a preview; what people wrote


def group_of(folder: Path, files: dict[str, bytes]) -> Group:
    (group,) = Grouper(folder).grouped(lay(folder, files), lambda _: None).groups
    return group


@pytest.mark.parametrize("kind", MAKERS)
def test_a_whole_unit_is_finished(tmp_path: Path, kind: str) -> None:
    group = group_of(tmp_path, MAKERS[kind]())
    assert group.kind == ("vms" if kind == "vmu" else kind)
    assert unfinished(tmp_path, group) is None


@pytest.mark.parametrize("kind", MAKERS)
def test_a_unit_with_a_file_that_is_cut_off_is_unfinished(tmp_path: Path, kind: str) -> None:
    files = MAKERS[kind]()
    group = group_of(tmp_path, files)
    for path in set(files) - NOT_CHECKED:
        (tmp_path / path).write_bytes(files[path][: len(files[path]) // 2])
        now = group_of(tmp_path, {}) if kind != "dicom" else group
        assert unfinished(tmp_path, now), path
        (tmp_path / path).write_bytes(files[path])


@pytest.mark.parametrize("kind", ["mrxs", "vms", "vmu", "vsi", "ome-tiff", "tif-folder"])
def test_a_unit_that_lacks_a_file_is_unfinished(tmp_path: Path, kind: str) -> None:
    files = MAKERS[kind]()
    for path in sorted(set(files) - NOT_CHECKED - {"p/metadata.txt"})[1:]:
        folder = tmp_path / path.replace("/", "-")
        found = Grouper(folder).grouped(
            lay(folder, {name: one for name, one in files.items() if name != path}), lambda _: None
        )
        for group in found.groups:
            assert unfinished(folder, group), path


def test_the_reason_names_the_file_of_a_unit(tmp_path: Path) -> None:
    files = MAKERS["dicom"]()
    files["2.dcm"] = files["2.dcm"][:-1]
    assert str(unfinished(tmp_path, group_of(tmp_path, files))).startswith("2.dcm: it ends inside ")
    alone = Group(place="2.dcm", kind="file", members=(Seen("2.dcm", 1, 1),))
    assert str(unfinished(tmp_path, alone)).startswith("it ends inside ")


def test_what_is_missing_comes_first_and_is_counted(tmp_path: Path) -> None:
    seen = Seen("not there", 1, 1)
    one = Group(place="s/", kind="mrxs", members=(seen,), missing=("s/Data0003.dat",))
    assert unfinished(tmp_path, one) == "it lacks s/Data0003.dat"
    many = Group(place="s/", kind="mrxs", members=(seen,), missing=("a", "b", "c"))
    assert unfinished(tmp_path, many) == "it lacks a and 2 more"


@pytest.mark.parametrize(
    ("index", "place", "needed"),
    [("case9.mrxs", "case9/", "Slidedat.ini is"), ("case9.vsi", "_case9_/", ".ets files are")],
)
def test_a_folder_that_is_empty_is_told_apart_from_one_that_is_missing(
    tmp_path: Path, index: str, place: str, needed: str
) -> None:
    group = group_of(tmp_path, {index: b"1"})
    assert unfinished(tmp_path, group) == f"the folder {place} is missing"
    (tmp_path / place).mkdir()
    assert unfinished(tmp_path, group) == f"the folder {place} is empty: {needed} missing"


@pytest.mark.parametrize("name", ["a.czi", "a.svs", "a.ndpi", "a.tif", "a.dcm"])
def test_an_empty_slide_is_unfinished(tmp_path: Path, name: str) -> None:
    assert unfinished(tmp_path, group_of(tmp_path, {name: b""})) == "it is empty"


def test_a_format_without_a_check_is_finished(tmp_path: Path) -> None:
    assert unfinished(tmp_path, group_of(tmp_path, {"a.czi": b"anything"})) is None


def test_a_file_that_grew_since_the_look_is_judged_as_it_is(tmp_path: Path) -> None:
    whole = described("a picture")
    (tmp_path / "a.tif").write_bytes(whole)
    seen = Seen("a.tif", len(whole) // 2, 1)
    assert unfinished(tmp_path, Group(place="a.tif", kind="file", members=(seen,))) is None


def test_a_file_that_is_gone_raises(tmp_path: Path) -> None:
    gone = Group(place="a.tif", kind="file", members=(Seen("a.tif", 1, 1),))
    with pytest.raises(FileNotFoundError):
        unfinished(tmp_path, gone)


def test_the_real_folders_are_finished(real_data: Path) -> None:
    grouper = Grouper(real_data)
    files = [
        Seen(path.relative_to(real_data).as_posix(), path.stat().st_size, 1)
        for path in sorted(real_data.rglob("*"))
        if path.is_file() and path.suffix in {".svs", ".ndpi", ".dcm", ".tif", ".tiff"}
    ]
    found = grouper.grouped(files, lambda _: None)
    assert not found.problems
    kinds = {group.kind for group in found.groups}
    assert {"dicom", "file"} <= kinds
    cut = [group for group in found.groups if unfinished(real_data, group)]
    assert all(
        "MR_truncated.dcm" in [seen.path.rpartition("/")[2] for seen in group.members]
        for group in cut
    )
    assert len(cut) <= 1
