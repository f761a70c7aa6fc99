"""What a scanner's software declares finished: by markers and by manifests."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from labsight.slides import units
from labsight_lab.sync.finished import manifests
from labsight_lab.sync.finished.manifest import Manifest
from labsight_lab.sync.finished.manifests import Declarations, Doubt
from labsight_lab.sync.look.groups import Group, Grouper
from labsight_lab.sync.look.scan import Seen
from tests.support.dicom_samples import coloured
from tests.support.laid import LONG_AGO, lay
from tests.support.micro_manager import make_folder
from tests.support.mrxs import make_mrxs
from tests.support.ome_sets import make_set
from tests.support.vms import make_vms
from tests.support.vsi import make_vsi

DICOM = coloured().content()
OTHER = coloured(more={0x0020000E: ("UI", b"9.9\0")}).content()
SERIES = units.series_folder("d", "1.2.3") + "/"
CRC = 0x0123456789ABCDEF


def below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": content for path, content in files.items()}


def declared(folder: Path, files: Mapping[str, bytes]) -> dict[str, Mapping[str, int]]:
    """Return what is declared of the groups that these files make, by place."""
    seen = lay(folder, files)
    found = Grouper(folder).grouped(seen, lambda _: None).groups
    declarations = Declarations(folder)
    declarations.look(seen)
    told = {group.place: declarations.of(group) for group in found}
    return {place: one for place, one in told.items() if one is not None}


def doubted(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Return why the groups that these files make are not finished, by their writer."""
    seen = lay(folder, files)
    declarations = Declarations(folder)
    declarations.look(seen)
    found = Grouper(folder).grouped(seen, lambda _: None).groups
    told = {group.place: declarations.doubt(group) for group in found}
    assert all(told[group.place] is None or declarations.of(group) is None for group in found)
    return {place: one.reason for place, one in told.items() if one is not None}


def line(path: str, data: bytes | None = None, **more: object) -> bytes:
    size = {} if data is None else {"size": len(data)}
    return json.dumps({"path": path, "state": "complete"} | size | more).encode() + b"\n"


def test_nothing_is_declared_without_a_sign(tmp_path: Path) -> None:
    assert declared(tmp_path, {"a.svs": b"1"} | make_mrxs()) == {}


@pytest.mark.parametrize("marker", ["a.svs.complete", "a.complete", "A.SVS.COMPLETE"])
def test_a_marker_beside_a_slide_declares_it(tmp_path: Path, marker: str) -> None:
    files = {"x/a.svs": b"1", "x/b.svs": b"1", "a.svs": b"1", f"x/{marker}": b""}
    assert declared(tmp_path, files) == {"x/a.svs": {}}


@pytest.mark.parametrize("marker", ["a.ome.tif.complete", "a.ome.complete", "a.complete"])
def test_both_suffixes_of_an_ome_tiff_may_be_left_out(tmp_path: Path, marker: str) -> None:
    assert declared(tmp_path, {"a.ome.tif": b"1", marker: b""}) == {"a.ome.tif": {}}


@pytest.mark.parametrize(
    ("files", "place", "markers"),
    [
        (make_mrxs(), "s1/", ["s1.mrxs", "s1", "s1/done", "s1/complete"]),
        (make_vsi("x"), "_x_/", ["x.vsi", "x", "_x_", "_x_/done"]),
        (make_vms("x"), "x/", ["x.vms", "x"]),
        (make_set(["p.ome.tif", "q.ome.tif"]), "p/", ["p"]),
        (below("run", make_folder()), "run/", ["run", "run/done"]),
        ({"d/1.dcm": DICOM, "d/2.dcm": DICOM}, SERIES, ["d", "d/export", SERIES[:-1]]),
    ],
    ids=["mrxs", "vsi", "vms", "ome-tiff", "tif-folder", "dicom"],
)
def test_one_marker_declares_a_unit(
    tmp_path: Path, files: dict[str, bytes], place: str, markers: list[str]
) -> None:
    for number, marker in enumerate(markers):
        folder = tmp_path / str(number)
        assert declared(folder, files | {f"{marker}.complete": b""}) == {place: {}}, marker


@pytest.mark.parametrize("marker", ["1.dcm", "1", "2.dcm", "notes", "sub"])
def test_a_marker_for_something_else_does_not_declare_a_series(tmp_path: Path, marker: str) -> None:
    files = {"d/1.dcm": DICOM, "d/2.dcm": DICOM, "d/notes.pdf": b"1", "d/sub/x.svs": b"1"}
    assert declared(tmp_path, files | {f"d/{marker}.complete": b""}) == {}


def test_a_marker_for_one_series_does_not_declare_its_neighbour(tmp_path: Path) -> None:
    files = {"d/1.dcm": DICOM, "d/2.dcm": OTHER, f"{SERIES[:-1]}.complete": b""}
    assert declared(tmp_path, files) == {SERIES: {}}
    assert len(declared(tmp_path, files | {"d.complete": b""})) == 2


def test_a_marker_in_the_uppermost_folder_declares_no_series(tmp_path: Path) -> None:
    assert declared(tmp_path, {"1.dcm": DICOM, "done.complete": b""}) == {}


def test_a_unit_is_declared_when_each_of_its_files_is(tmp_path: Path) -> None:
    one = {"d/1.dcm": DICOM, "d/2.dcm": DICOM, "d/1.dcm.complete": b""}
    assert declared(tmp_path, one) == {}
    assert declared(tmp_path, one | {"d/2.dcm.complete": b""}) == {SERIES: {}}


def test_a_marker_that_is_older_than_the_data_says_nothing(tmp_path: Path) -> None:
    lay(tmp_path, {"a.svs": b"1", "b.svs": b"1"}, LONG_AGO + 60)
    lay(tmp_path, {"a.svs.complete": b""}, LONG_AGO + 57)
    lay(tmp_path, {"b.svs.complete": b""}, LONG_AGO + 58.5)
    assert declared(tmp_path, {}) == {"b.svs": {}}


def test_the_newest_file_of_a_unit_counts(tmp_path: Path) -> None:
    lay(tmp_path, make_mrxs() | {"s1.complete": b""}, LONG_AGO)
    assert declared(tmp_path, {}) == {"s1/": {}}
    os.utime(tmp_path / "s1/Data0001.dat", (LONG_AGO + 60, LONG_AGO + 60))
    assert declared(tmp_path, {}) == {}


def test_a_unit_that_lacks_a_file_is_never_declared(tmp_path: Path) -> None:
    assert declared(tmp_path, {"s1.mrxs": b"1", "s1.mrxs.complete": b""}) == {}


def test_a_manifest_declares_what_it_lists(tmp_path: Path) -> None:
    text = b"garbage\n" + line("a.svs", b"12") + line("sub/b.svs", b"123")
    files = {"run/a.svs": b"12", "run/sub/b.svs": b"123", "run/c.svs": b"1", "a.svs": b"12"}
    assert declared(tmp_path, files | {"run/transfer_manifest.jsonl": text}) == {
        "run/a.svs": {},
        "run/sub/b.svs": {},
    }


def test_checksums_are_told(tmp_path: Path) -> None:
    files = {"a.svs": b"12", "b.svs": b"1"}
    text = line("a.svs", b"12", crc64nvme=f"{CRC:016x}") + line("b.svs", b"1")
    found = declared(tmp_path, files | {"x.manifest.jsonl": text, "b.svs.complete": b""})
    assert found == {"a.svs": {"a.svs": CRC}, "b.svs": {}}


def test_a_file_of_another_size_is_not_declared(tmp_path: Path) -> None:
    files = {"a.svs": b"123", "x.manifest.jsonl": line("a.svs", b"12")}
    assert declared(tmp_path, files) == {}


def test_a_file_of_another_size_is_doubted(tmp_path: Path) -> None:
    files = {"a.svs": b"123", "x.manifest.jsonl": line("a.svs", b"12")}
    told = "x.manifest.jsonl says that it has 2 bytes, and it has 3"
    assert doubted(tmp_path, files) == {"a.svs": told}
    assert doubted(tmp_path, {"x.manifest.jsonl": line("a.svs", b"123")}) == {}


def test_a_file_that_is_still_being_written_is_doubted(tmp_path: Path) -> None:
    text = line("a.svs", state="writing") + line("b.svs", b"1")
    files = {"run/a.svs": b"1", "run/b.svs": b"1", "run/x.manifest.jsonl": text, "a.svs": b"1"}
    told = "run/x.manifest.jsonl says 'writing' of it, not 'complete'"
    assert doubted(tmp_path, files) == {"run/a.svs": told}
    (tmp_path / "run/x.manifest.jsonl").unlink()
    assert doubted(tmp_path, {}) == {}


def test_a_unit_is_doubted_with_any_of_its_files(tmp_path: Path) -> None:
    files = make_mrxs() | {"x.manifest.jsonl": line("s1/Data0001.dat", state="writing")}
    (reason,) = doubted(tmp_path, files).values()
    assert reason.startswith("s1/Data0001.dat: x.manifest.jsonl says 'writing'")


def test_a_folder_is_doubted_but_for_files_of_which_more_is_known(tmp_path: Path) -> None:
    text = line("a", state="writing", kind="dir") + line("a/x.svs", b"1") + line("a/c", kind="dir")
    files = {"a/b/y.svs": b"1", "a/c/z.svs": b"1", "a/x.svs": b"1", "b/y.svs": b"1"}
    assert set(doubted(tmp_path, files | {"x.manifest.jsonl": text})) == {"a/b/y.svs", "a/c/z.svs"}


@pytest.mark.parametrize("other", ["x.svs.complete", "a.complete", "z.manifest.jsonl"])
def test_who_doubts_wins_over_who_does_not(tmp_path: Path, other: str) -> None:
    said = line("x.svs", b"1") if other.endswith("l") else b""
    files = {"a/x.svs": b"1", "a/t.manifest.jsonl": line("x.svs", state="writing")}
    files |= {f"a/{other}": said}
    assert set(doubted(tmp_path, files)) == {"a/x.svs"}
    assert declared(tmp_path, {}) == {}


def test_a_manifest_that_cannot_be_read_for_a_while_says_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = lay(
        tmp_path, {"a.svs": b"1", "x.manifest.jsonl": line("a.svs", state="writing")}, LONG_AGO
    )
    group = Group(place="a.svs", kind="file", members=(seen[0],))
    declarations = Declarations(tmp_path)
    declarations.look(seen)
    assert declarations.doubt(group) == Doubt(
        "x.manifest.jsonl says 'writing' of it, not 'complete'", LONG_AGO * 10**9
    )

    def locked(_: Path) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(manifests, "opened", locked)
    declarations.look(seen)
    assert declarations.doubt(group) is not None


def test_a_manifest_reaches_no_further_than_its_folder(tmp_path: Path) -> None:
    text = line("../a.svs", b"1") + line("/a.svs", b"1") + line(str(tmp_path / "a.svs"), b"1")
    assert declared(tmp_path, {"a.svs": b"1", "run/x.manifest.jsonl": text}) == {}


def test_all_files_of_a_unit_have_to_be_listed(tmp_path: Path) -> None:
    files = make_mrxs()
    some = b"".join(line(path, data) for path, data in files.items() if "0002" not in path)
    assert declared(tmp_path, files | {"x.manifest.jsonl": some}) == {}
    rest = line("s1/Data0002.dat", files["s1/Data0002.dat"], crc64nvme=f"{CRC:016x}")
    found = declared(tmp_path, files | {"x.manifest.jsonl": some + rest})
    assert found == {"s1/": {"s1/Data0002.dat": CRC}}


def test_files_without_a_size_are_declared_by_a_manifest_that_is_newer(tmp_path: Path) -> None:
    squid = b'{"event":"complete","path":"a.svs","kind":"file","bytes":null}\n'
    squid += b'{"event":"complete","path":"sub/deep","kind":"dir","bytes":null}\n'
    files = {"a.svs": b"1", "sub/deep/er/b.svs": b"1", "sub/c.svs": b"1"}
    lay(tmp_path, {"transfer_manifest.jsonl": squid}, LONG_AGO)
    assert declared(tmp_path, files) == {"a.svs": {}, "sub/deep/er/b.svs": {}}
    lay(tmp_path, {"a.svs": b"1"}, LONG_AGO + 60)
    lay(tmp_path, {"sub/deep/er/b.svs": b"1"}, LONG_AGO + 60)
    assert declared(tmp_path, {}) == {}


def test_several_manifests_may_declare(tmp_path: Path) -> None:
    files = {"a/b/x.svs": b"1", "a/y.svs": b"1", "a/b/1.manifest.jsonl": line("x.svs", b"1")}
    files |= {
        "2.manifest.jsonl": line("a/y.svs", b"1"),
        "a/b/2.manifest.jsonl": line("x.svs", b"9"),
    }
    assert set(declared(tmp_path, files)) == {"a/b/x.svs", "a/y.svs"}


def test_a_manifest_is_read_again_only_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = Manifest.read

    def noted(self: Manifest, file: object, size: int) -> None:
        reads.append(size)
        read(self, file, size)  # type: ignore[arg-type] # what it was given

    monkeypatch.setattr(Manifest, "read", noted)
    group = Group(place="b.svs", kind="file", members=(Seen("b.svs", 1, LONG_AGO * 10**9),))
    declarations = Declarations(tmp_path)
    files = {"a.svs": b"1", "b.svs": b"1", "x.manifest.jsonl": line("a.svs", b"1")}
    for _ in range(3):
        declarations.look(lay(tmp_path, files))
    assert len(reads) == 1
    assert declarations.of(group) is None
    with (tmp_path / "x.manifest.jsonl").open("ab") as file:
        file.write(line("b.svs", b"1"))
    declarations.look(lay(tmp_path, {}))
    assert len(reads) == 2
    assert declarations.of(group) == {}


def test_a_manifest_that_is_gone_or_unreadable_declares_nothing(tmp_path: Path) -> None:
    seen = lay(tmp_path, {"a.svs": b"1", "x.manifest.jsonl": line("a.svs", b"1")})
    group = Group(place="a.svs", kind="file", members=(seen[0],))
    declarations = Declarations(tmp_path)
    declarations.look(seen)
    assert declarations.of(group) == {}
    (tmp_path / "x.manifest.jsonl").unlink()
    declarations.look(seen)
    assert declarations.of(group) is None


def test_signs_of_a_look_are_forgotten_at_the_next(tmp_path: Path) -> None:
    seen = lay(tmp_path, {"a.svs": b"1", "a.svs.complete": b""})
    group = Group(place="a.svs", kind="file", members=(seen[0],))
    declarations = Declarations(tmp_path)
    declarations.look(seen)
    assert declarations.of(group) == {}
    declarations.look(seen[:1])
    assert declarations.of(group) is None
