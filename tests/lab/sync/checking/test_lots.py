import time
from dataclasses import replace
from typing import Any

import pytest

from labsight_lab.sync.checking import lots
from labsight_lab.sync.checking.lots import CHANGED, PARTLY, YOUNG, Lots
from labsight_lab.sync.journal.entries import State
from tests.lab.support import LONG_AGO, write
from tests.lab.sync.checking.lab import Lab

MRXS = [("a/s1.mrxs", b"index"), ("a/s1/Data0000.dat", b"data"), ("a/s1/Slidedat.ini", b"[x]")]
DICOM = [("d/1.dcm", b"one"), ("d/2.dcm", b"two")]
BEFORE = LONG_AGO + 100


def found(lab: Lab, before: float = BEFORE) -> Lots:
    return lots.find(lab.journal, lab.folder, before)


def places(lab: Lab, **about: Any) -> list[str]:
    return [lot.place for lot in found(lab, **about).found]


def test_files_and_whole_units_may_go(lab: Lab) -> None:
    lab.sent("b.svs", b"slide")
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    unit, lone = found(lab).found
    assert (lone.place, lone.proofs, lone.size) == ("b.svs", ("b.svs",), 5)
    assert unit.place == "a/s1/"
    assert [seen.path for seen in unit.files] == [path for path, _ in MRXS]
    assert unit.proofs == (*(path for path, _ in MRXS), "a/s1/")
    assert unit.size == 12


@pytest.mark.parametrize("state", [State.SEEN, State.UPLOADING, State.FAILED, State.CONFLICT])
def test_what_is_not_stored_stays(lab: Lab, state: State) -> None:
    lab.sent("b.svs", b"slide", state)
    assert found(lab).found == []


def test_what_is_not_old_enough_stays(lab: Lab) -> None:
    lab.sent("b.svs", b"slide")
    assert found(lab, LONG_AGO - 1).kept == {YOUNG: 1}
    assert places(lab, before=float(LONG_AGO)) == ["b.svs"]


def test_what_was_sent_lately_stays_however_old_it_is(lab: Lab) -> None:
    lab.noted(lab.sent("b.svs", b"slide"), changed=time.time())
    assert found(lab).kept == {YOUNG: 1}


def test_when_it_was_sent_counts_before_when_it_was_noted(lab: Lab) -> None:
    lab.noted(lab.sent("b.svs", b"slide", sent=LONG_AGO), changed=time.time())
    assert places(lab) == ["b.svs"]
    lab.noted(lab.sent("b.svs", b"slide", sent=time.time()))
    assert found(lab).kept == {YOUNG: 1}


def test_what_was_written_lately_stays_whenever_it_was_sent(lab: Lab) -> None:
    entry = lab.sent("b.svs", b"slide")
    write(lab.folder / "b.svs", b"slide", BEFORE + 1)
    status = (lab.folder / "b.svs").stat()
    fingerprint = replace(entry.fingerprint, mtime_ns=status.st_mtime_ns)
    lab.noted(replace(entry, fingerprint=fingerprint))
    assert found(lab).kept == {YOUNG: 1}


def test_what_changed_since_stays(lab: Lab) -> None:
    lab.sent("b.svs", b"slide")
    write(lab.folder / "b.svs", b"other")
    assert places(lab) == ["b.svs"]  # only its bytes tell, and they will be read
    write(lab.folder / "b.svs", b"longer")
    assert (found(lab).found, found(lab).kept) == ([], {CHANGED: 1})


def test_what_is_not_here_is_no_candidate(lab: Lab) -> None:
    lab.sent("b.svs", b"slide")
    (lab.folder / "b.svs").unlink()
    assert (found(lab).found, found(lab).kept) == ([], {})


def test_what_lies_behind_a_link_is_no_candidate(lab: Lab) -> None:
    lab.sent("a/b.svs", b"slide")
    (lab.folder / "a").rename(lab.place / "elsewhere")
    (lab.folder / "a").symlink_to(lab.place / "elsewhere")
    assert found(lab).found == []


def test_files_that_went_before_keep_the_rest_of_a_unit_from_nothing(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    (lab.folder / "a/s1.mrxs").unlink()
    (lot,) = found(lab).found
    assert [seen.path for seen in lot.files] == ["a/s1/Data0000.dat", "a/s1/Slidedat.ini"]
    assert "a/s1.mrxs" in lot.proofs


@pytest.mark.parametrize("path", ["a/s1.mrxs", "a/s1/Slidedat.ini", "a/s1/"])
def test_a_unit_goes_as_a_whole_or_stays(lab: Lab, path: str) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.noted(replace(lab.entry(path), state=State.SEEN))
    assert (found(lab).found, found(lab).kept.total()) == ([], 3)


def test_a_unit_with_a_file_that_changed_stays(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    write(lab.folder / "a/s1/Slidedat.ini", b"longer")
    assert (found(lab).found, found(lab).kept) == ([], {CHANGED: 3})


def test_a_unit_whose_list_names_older_revisions_stays(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.noted(replace(lab.entry("a/s1/Slidedat.ini"), revision=2))
    assert (found(lab).found, found(lab).kept) == ([], {PARTLY: 3})


def test_a_unit_of_which_not_all_is_old_enough_stays(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.journal.change(
        lambda db: db.execute("UPDATE file SET changed = ? WHERE path = ?", (BEFORE + 1, b"a/s1/"))
    )
    assert (found(lab).found, found(lab).kept) == ([], {YOUNG: 3})


def test_a_unit_with_something_new_in_its_folder_stays(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    write(lab.folder / "a/s1/Data0001.dat", b"late")
    assert (found(lab).found, found(lab).kept) == ([], {PARTLY: 3})


def test_a_series_with_something_new_beside_it_stays(lab: Lab) -> None:
    lab.sent_unit("d/series-1a2b3c4d/", "dicom", DICOM)
    write(lab.folder / "d/notes.txt", b"not meant for the archive")
    write(lab.folder / "d/deeper/3.dcm", b"of another folder")
    assert places(lab) == ["d/series-1a2b3c4d/"]
    write(lab.folder / "d/3.DCM", b"late")
    assert (found(lab).found, found(lab).kept) == ([], {PARTLY: 2})
