from dataclasses import replace

import pytest
from awscrt.checksums import crc64nvme

from labsight.errors import SettingsError
from labsight_lab.sync.checking.asking import ListingAsker
from labsight_lab.sync.checking.check import check
from labsight_lab.sync.checking.findings import Checked, Finding, Here
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending.archive import Denied, Unreachable
from labsight_lab.sync.source import Fingerprint, written
from tests.lab.support import LONG_AGO, noise, write
from tests.lab.sync.checking.lab import NANO, Lab

DATA, OTHER = noise(3000), noise(3000, seed=1)
MRXS = [("a/s1.mrxs", b"index"), ("a/s1/Data0000.dat", DATA), ("a/s1/Slidedat.ini", b"[x]")]


def checked(lab: Lab, path: str = "a.svs", **about: bool) -> Checked:
    found = check(lab.means(**about), path)
    assert found is not None
    return found


@pytest.mark.parametrize("state", [State.UPLOADED, State.VERIFIED, State.EXISTS])
def test_what_the_archive_tells_the_same_of_is_proven(lab: Lab, state: State) -> None:
    entry = lab.sent("a.svs", DATA, state, reason="not proven")
    found = checked(lab)
    assert found.finding is Finding.PROVEN
    assert found.becomes == replace(entry, state=State.VERIFIED, reason="", verified=77.0)
    assert found.is_fine


def test_only_what_is_settled_is_checked(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.UPLOADING)
    assert check(lab.means(), "a.svs") is None
    assert check(lab.means(), "b.svs") is None


def test_the_revision_that_was_sent_last_is_checked(lab: Lab) -> None:
    lab.sent("a.svs", DATA, revision=3)
    found = checked(lab)
    assert found.key == "slides/scanner-1/a~r3.svs"
    assert found.finding is Finding.PROVEN


def test_what_is_missing_is_named_and_not_sent_again_by_itself(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.VERIFIED, verified=5.0)
    lab.shelf.objects.clear()
    found = checked(lab)
    assert (found.finding, found.reason) == (
        Finding.MISSING,
        "the archive does not hold slides/scanner-1/a.svs",
    )
    assert found.becomes is not None
    assert (found.becomes.state, found.becomes.verified) == (State.UPLOADED, None)
    assert "the archive does not hold" in found.becomes.reason
    assert not found.is_fine


def test_what_is_different_is_named_with_both_checksums(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects[lab.key("a.svs")] = OTHER
    found = checked(lab)
    assert found.finding is Finding.DIFFERENT
    assert written(crc64nvme(DATA)) in found.reason
    assert written(crc64nvme(OTHER)) in found.reason


def test_another_size_is_different_without_a_checksum(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects[lab.key("a.svs")] = DATA[:-1]
    lab.shelf.untold.add(lab.key("a.svs"))
    assert checked(lab).finding is Finding.DIFFERENT
    assert "2,999 bytes, 3,000 were sent" in checked(lab).reason


def test_without_a_checksum_in_the_archive_only_the_bytes_prove(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.untold.add(lab.key("a.svs"))
    found = checked(lab)
    assert (found.finding, found.becomes) == (Finding.UNTOLD, None)
    assert "--deep" in found.reason
    assert checked(lab, deep=True).finding is Finding.PROVEN


def test_a_journal_of_an_older_release_is_proven_by_the_file(lab: Lab) -> None:
    lab.sent("a.svs", DATA, crc64=None)
    found = checked(lab)
    assert found.finding is Finding.PROVEN
    assert found.becomes is not None
    assert found.becomes.crc64 == crc64nvme(DATA)


@pytest.mark.parametrize("deep", [False, True])
def test_without_any_checksum_of_ours_nothing_is_proven(lab: Lab, deep: bool) -> None:
    lab.sent("a.svs", DATA, crc64=None)
    (lab.folder / "a.svs").unlink()
    found = checked(lab, deep=deep)
    assert (found.finding, found.becomes) == (Finding.UNTOLD, None)
    assert "nothing to compare with" in found.reason


def test_a_flipped_byte_at_rest_is_named_by_a_deep_check_alone(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.flip(lab.key("a.svs"), 1234)
    assert checked(lab).finding is Finding.PROVEN
    found = checked(lab, deep=True)
    assert found.finding is Finding.DAMAGED
    assert found.key in found.reason
    assert written(crc64nvme(DATA)) in found.reason
    assert found.here is Here.SAME


def test_a_flipped_byte_without_a_checksum_in_the_archive_is_found(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.flip(lab.key("a.svs"))
    lab.shelf.untold.add(lab.key("a.svs"))
    assert checked(lab, deep=True).finding is Finding.DIFFERENT


def test_a_flipped_byte_here_is_named_apart_from_the_archive(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    write(lab.folder / "a.svs", bytes([DATA[0] ^ 1]) + DATA[1:])
    found = checked(lab, deep=True)
    assert (found.finding, found.here) == (Finding.PROVEN, Here.DAMAGED)
    assert "copy it back" in found.here_reason
    assert not found.is_fine
    assert found.becomes is not None
    assert found.becomes.state is State.VERIFIED


@pytest.mark.parametrize(
    ("data", "mtime", "here"),
    [
        (DATA, LONG_AGO + 9, Here.SAME),
        (OTHER, LONG_AGO + 9, Here.CHANGED),
        (DATA + b"x", LONG_AGO, Here.CHANGED),
    ],
)
def test_a_file_that_somebody_changed_is_no_damage(
    lab: Lab, data: bytes, mtime: int, here: Here
) -> None:
    lab.sent("a.svs", DATA)
    write(lab.folder / "a.svs", data, mtime)
    found = checked(lab, deep=True)
    assert (found.finding, found.here) == (Finding.PROVEN, here)
    assert found.is_fine


def test_a_file_that_went_is_no_damage(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    (lab.folder / "a.svs").unlink()
    found = checked(lab, deep=True)
    assert (found.finding, found.here, found.is_fine) == (Finding.PROVEN, Here.GONE, True)


def test_a_file_that_cannot_be_read_here_is_named(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    (lab.folder / "a.svs").unlink()
    (lab.folder / "a.svs").symlink_to(lab.folder)
    found = checked(lab, deep=True)
    assert (found.finding, found.here, found.is_fine) == (Finding.PROVEN, Here.UNREADABLE, False)


def test_an_object_that_cannot_be_read_back_is_not_proven(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    key = lab.key("a.svs")

    def goes(what: str) -> None:
        if what == "blocks":
            del lab.shelf.objects[key]

    lab.shelf.before = goes
    found = checked(lab, deep=True)
    assert found.finding is Finding.UNREADABLE
    assert "no such object" in found.reason


def test_exists_and_other_content_is_sent_as_the_next_revision(lab: Lab) -> None:
    entry = lab.sent("a.svs", DATA, State.EXISTS)
    lab.shelf.objects[lab.key("a.svs")] = OTHER
    found = checked(lab)
    assert found.finding is Finding.OTHER
    assert found.becomes == replace(
        entry, state=State.SEEN, revision=1, crc64=crc64nvme(OTHER), reason=""
    )


def test_exists_and_missing_stays_what_it_is(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.EXISTS)
    lab.shelf.objects.clear()
    found = checked(lab)
    assert found.finding is Finding.MISSING
    assert found.becomes is not None
    assert found.becomes.state is State.EXISTS


def test_a_conflict_over_the_same_content_is_none(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    found = checked(lab)
    assert found.finding is Finding.PROVEN
    assert found.becomes is not None
    assert (found.becomes.state, found.becomes.revision) == (State.VERIFIED, 1)
    assert found.becomes.crc64 == crc64nvme(DATA)


def test_a_conflict_over_other_content_is_sent_as_the_next_revision(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    lab.shelf.objects[lab.key("a.svs")] = OTHER
    found = checked(lab)
    assert found.finding is Finding.OTHER
    assert written(crc64nvme(OTHER)) in found.reason
    assert found.becomes is not None
    assert (found.becomes.state, found.becomes.revision) == (State.SEEN, 1)


def test_a_conflict_of_a_later_revision_is_about_that_one(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=1, crc64=crc64nvme(OTHER))
    lab.shelf.objects[lab.key("a.svs", 2)] = noise(10)
    found = checked(lab)
    assert found.key == "slides/scanner-1/a~r2.svs"
    assert found.becomes is not None
    assert found.becomes.revision == 2


def test_a_conflict_is_about_the_file_as_it_is_now(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    write(lab.folder / "a.svs", OTHER, LONG_AGO + 9)
    lab.shelf.objects[lab.key("a.svs")] = OTHER
    found = checked(lab)
    assert found.becomes is not None
    assert found.becomes.fingerprint == Fingerprint(3000, (LONG_AGO + 9) * NANO)
    assert found.becomes.state is State.VERIFIED


def test_a_conflict_that_went_frees_the_key(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    lab.shelf.objects.clear()
    found = checked(lab)
    assert found.finding is Finding.FREE
    assert found.becomes is not None
    assert (found.becomes.state, found.becomes.revision) == (State.SEEN, 0)


@pytest.mark.parametrize("deep", [False, True])
def test_a_conflict_with_something_without_a_checksum(lab: Lab, deep: bool) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    lab.shelf.untold.add(lab.key("a.svs"))
    assert checked(lab, deep=deep).finding is (Finding.PROVEN if deep else Finding.UNTOLD)


def test_a_conflict_without_the_file_cannot_be_decided(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    (lab.folder / "a.svs").unlink()
    found = checked(lab)
    assert (found.finding, found.becomes) == (Finding.UNREADABLE, None)
    assert "not here any more" in found.reason


@pytest.mark.parametrize("deep", [False, True])
def test_a_unit_is_proven_by_its_list_and_each_file_by_itself(lab: Lab, deep: bool) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    for path in ("a/s1/", *(path for path, _ in MRXS)):
        assert checked(lab, path, deep=deep).finding is Finding.PROVEN


def test_a_deep_check_of_a_unit_compares_what_it_names(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.noted(replace(lab.entry("a/s1/Data0000.dat"), crc64=5))
    assert checked(lab, "a/s1/").finding is Finding.PROVEN
    found = checked(lab, "a/s1/", deep=True)
    assert found.finding is Finding.DIFFERENT
    assert "a/s1/Data0000.dat" in found.reason


def test_a_deep_check_of_a_unit_waits_for_a_newer_revision_of_a_file(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.noted(replace(lab.entry("a/s1/Data0000.dat"), crc64=5, revision=2))
    assert checked(lab, "a/s1/", deep=True).finding is Finding.PROVEN


def test_a_deep_check_of_a_unit_misses_no_stranger(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.noted(replace(lab.entry("a/s1/Data0000.dat"), unit="b/"))
    assert "not sent as a part" in checked(lab, "a/s1/", deep=True).reason


def test_a_flipped_byte_in_a_list_is_found(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.shelf.flip(lab.key("a/s1/"), 40)
    assert checked(lab, "a/s1/", deep=True).finding is Finding.DAMAGED


def test_a_conflict_of_a_unit_is_about_what_it_names(lab: Lab) -> None:
    entry = lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.noted(replace(entry, state=State.CONFLICT, revision=0, crc64=None))
    found = checked(lab, "a/s1/")
    assert found.finding is Finding.PROVEN
    assert found.becomes is not None
    assert (found.becomes.revision, found.becomes.crc64) == (1, entry.crc64)
    lab.noted(replace(lab.entry("a/s1.mrxs"), revision=2))
    assert checked(lab, "a/s1/").finding is Finding.OTHER
    lab.shelf.objects[lab.key("a/s1/")] = b"{}"
    assert checked(lab, "a/s1/").finding is Finding.OTHER


def test_resending_takes_a_free_key_again(lab: Lab) -> None:
    lab.sent("a.svs", DATA, revision=2)
    lab.shelf.objects.clear()
    found = checked(lab, resend=True)
    assert found.finding is Finding.MISSING
    assert found.becomes is not None
    assert (found.becomes.state, found.becomes.revision) == (State.SEEN, 1)
    assert "the next sync sends it again" in found.reason


def test_resending_never_goes_over_what_is_there(lab: Lab) -> None:
    lab.sent("a.svs", DATA, revision=2)
    lab.shelf.objects[lab.key("a.svs", 2)] = OTHER
    found = checked(lab, resend=True)
    assert found.becomes is not None
    assert (found.becomes.state, found.becomes.revision) == (State.SEEN, 2)


@pytest.mark.parametrize("now", [None, OTHER, DATA + b"x"])
def test_resending_takes_what_was_sent_and_nothing_else(lab: Lab, now: bytes | None) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects.clear()
    (lab.folder / "a.svs").unlink()
    if now is not None:
        write(lab.folder / "a.svs", now)
    found = checked(lab, resend=True)
    assert found.becomes is not None
    assert (found.finding, found.becomes.state) == (Finding.MISSING, State.UPLOADED)
    assert "cannot be sent again" in found.becomes.reason


@pytest.mark.parametrize("path", ["a/s1/", "a/s1.mrxs"])
def test_resending_a_part_needs_the_whole_unit(lab: Lab, path: str) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    del lab.shelf.objects[lab.key(path)]
    found = checked(lab, path, resend=True)
    assert found.becomes is not None
    assert found.becomes.state is State.SEEN
    (lab.folder / "a/s1/Slidedat.ini").unlink()
    found = checked(lab, path, resend=True)
    assert found.becomes is not None
    assert found.becomes.state is State.UPLOADED
    assert "not all files of its unit" in found.becomes.reason


def test_what_concerns_every_object_is_raised(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.hidden.add(lab.key("a.svs"))
    with pytest.raises(Denied):
        checked(lab)
    lab.shelf.is_away = True
    with pytest.raises(Unreachable):
        checked(lab)


def test_what_is_missing_is_told_from_what_may_not_be_seen_by_the_list(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.hidden.add(lab.key("a.svs"))
    listed: list[str] = []
    asker = ListingAsker(lab.shelf, listed.__contains__)
    assert asker.head(lab.key("a.svs")) is None
    listed.append(lab.key("a.svs"))
    with pytest.raises(SettingsError):
        asker.head(lab.key("a.svs"))
