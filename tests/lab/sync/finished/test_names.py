"""What OpenSlide finds where capitals count is sent; what it does not find is refused by name."""

import sys
from collections.abc import Mapping
from pathlib import Path

import openslide
import pytest

from labsight_lab.sync.finished.names import misnamed
from labsight_lab.sync.look.groups import Grouper
from tests.support.laid import lay
from tests.support.mrxs import make_mrxs
from tests.support.vms import make_vms
from tests.support.vmu import make_vmu

MRXS, VMS, VMU = make_mrxs(), make_vms("x"), make_vmu("x")


def refused(folder: Path, files: Mapping[str, bytes]) -> str | None:
    """Return why a slide is refused, by the looks or for what its list names."""
    found = Grouper(folder).grouped(lay(folder, files), lambda _: None)
    if found.problems:
        return found.problems[0].reason
    (group,) = found.groups
    assert not group.missing
    return misnamed(folder, group)


def renamed(files: Mapping[str, bytes], old: str, new: str) -> dict[str, bytes]:
    assert old in files
    return {path.replace(old, new): content for path, content in files.items()}


def opens(file: Path) -> bool:
    try:
        openslide.OpenSlide(file).close()
    except openslide.OpenSlideError:
        return False
    return True


@pytest.mark.parametrize("files", [MRXS, VMS, VMU], ids=["mrxs", "vms", "vmu"])
def test_a_slide_of_the_names_in_its_list_is_opened_and_sent(
    tmp_path: Path, files: Mapping[str, bytes]
) -> None:
    assert refused(tmp_path, files) is None
    assert opens(tmp_path / next(iter(files)))


@pytest.mark.skipif(sys.platform != "linux", reason="capitals may not count here")
@pytest.mark.parametrize(
    ("files", "old", "new"),
    [
        (MRXS, "s1.mrxs", "s1.MRXS"),
        (MRXS, "s1.mrxs", "s1.Mrxs"),
        (MRXS, "s1/Slidedat.ini", "s1/SLIDEDAT.INI"),
        (MRXS, "s1/Index.dat", "s1/INDEX.DAT"),
        (MRXS, "s1/Data0000.dat", "s1/Data0000.DAT"),
        (MRXS, "s1/Data0002.dat", "s1/data0002.dat"),
        (VMS, "x_0.jpg", "X_0.jpg"),
        (VMS, "x_map.jpg", "x_map.JPG"),
        (VMU, "x_0.ngr", "x_0.NGR"),
    ],
)
def test_what_is_not_opened_is_refused_with_the_name_it_should_have(
    tmp_path: Path, files: Mapping[str, bytes], old: str, new: str
) -> None:
    laid = renamed(files, old, new)
    told = refused(tmp_path, laid)
    name = old.rpartition("/")[2]
    assert told == (
        f"{new!r} is not found by this name where capitals count, as in the archive; rename it to "
        f"{name!r}"
    )
    assert not opens(tmp_path / next(iter(laid)))


@pytest.mark.parametrize(("files", "suffix"), [(VMS, ".vms"), (VMU, ".vmu")])
def test_the_suffix_of_a_list_is_opened_and_sent_in_capitals(
    tmp_path: Path, files: Mapping[str, bytes], suffix: str
) -> None:
    laid = renamed(files, f"x{suffix}", f"x{suffix.upper()}")
    assert refused(tmp_path, laid) is None
    assert opens(tmp_path / next(iter(laid)))


def test_several_names_are_told_by_the_first_and_their_number(tmp_path: Path) -> None:
    laid = {path.replace(".dat", ".DAT"): content for path, content in MRXS.items()}
    told = refused(tmp_path, laid)
    assert told is not None
    assert told.startswith("'s1/Index.DAT' is not found by this name")
    assert told.endswith("rename it to 'Index.dat', and 3 more as the slide's list calls them")


def test_the_way_of_composing_a_name_does_not_count(tmp_path: Path) -> None:
    listing = MRXS["s1/Slidedat.ini"].replace(b"Data0001", "D\u00e4ta1".encode())
    laid = renamed(MRXS, "s1/Data0001.dat", "s1/Da\u0308ta1.dat") | {"s1/Slidedat.ini": listing}
    assert refused(tmp_path, laid) is None


@pytest.mark.parametrize("listing", [b"", b"[DATAFILE]\nFILE_COUNT=999999999\n", b"\xff\x00["])
def test_a_list_that_names_nothing_refuses_nothing(tmp_path: Path, listing: bytes) -> None:
    assert refused(tmp_path, MRXS | {"s1/Slidedat.ini": listing}) is None


def test_what_lacks_its_list_or_has_none_is_not_opened(tmp_path: Path) -> None:
    laid = {path: content for path, content in MRXS.items() if not path.endswith(".ini")}
    groups = Grouper(tmp_path).grouped(lay(tmp_path, laid), lambda _: None).groups
    assert [misnamed(tmp_path / "away", group) for group in groups] == [None]
    other = Grouper(tmp_path).grouped(lay(tmp_path / "b", {"x.svs": b"1"}), lambda _: None).groups
    assert [misnamed(tmp_path / "away", group) for group in other] == [None]
