"""What sync does after verifying or cleaning noted something in its journal."""

import threading
from dataclasses import replace

from labsight_lab.sync.checking import clean, verify
from labsight_lab.sync.checking.clean import CleanOptions
from labsight_lab.sync.checking.verify import VerifyOptions
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending.memory import Memory
from labsight_lab.sync.sending.one_file import Means
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.sending.transfer import transfer
from labsight_lab.sync.telling import status
from labsight_lab.sync.telling.status import StatusOptions
from tests.lab.support import LONG_AGO, candidate, noise, unsettled, write
from tests.lab.sync.checking.lab import Lab

DATA, OTHER = noise(3000), noise(3000, seed=1)


def sync(lab: Lab) -> list[Result]:
    """Send what the journal does not call settled."""
    means = Means(
        archive=lab.shelf,
        journal=lab.journal,
        moved=lambda *_: None,
        stop=threading.Event(),
        memory=Memory(1 << 20),
        large=threading.Semaphore(1),
    )
    return [transfer(means, one).result for one in unsettled(lab.folder, lab.journal)]


def verified(lab: Lab, *, resend: bool = False) -> int:
    return verify.run(VerifyOptions(target=lab.target, resend=resend), lab.connect)


def test_a_conflict_that_verifying_found_becomes_a_revision(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    lab.shelf.objects[lab.key("a.svs")] = OTHER
    assert sync(lab) == []
    assert verified(lab) == 1
    assert sync(lab) == [Result.UPLOADED]
    assert lab.shelf.objects == {lab.key("a.svs"): OTHER, lab.key("a.svs", 2): DATA}
    assert verified(lab) == 0
    assert sync(lab) == []


def test_what_was_never_certain_and_is_foreign_becomes_a_revision(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.EXISTS)
    lab.shelf.objects[lab.key("a.svs")] = OTHER
    assert verified(lab) == 1
    assert sync(lab) == [Result.UPLOADED]
    assert lab.shelf.objects == {lab.key("a.svs"): OTHER, lab.key("a.svs", 2): DATA}


def test_a_key_that_became_free_is_taken(lab: Lab) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    lab.shelf.objects.clear()
    assert verified(lab) == 1
    assert sync(lab) == [Result.UPLOADED]
    assert lab.shelf.objects == {lab.key("a.svs"): DATA}


def test_what_is_missing_is_sent_again_when_it_is_asked_for(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects.clear()
    assert verified(lab) == 1
    assert sync(lab) == []
    assert verified(lab, resend=True) == 1
    assert sync(lab) == [Result.UPLOADED]
    assert lab.shelf.objects == {lab.key("a.svs"): DATA}
    assert verified(lab) == 0


def test_what_is_different_is_sent_again_beside_it(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects[lab.key("a.svs")] = OTHER
    assert verified(lab, resend=True) == 1
    assert sync(lab) == [Result.UPLOADED]
    assert lab.shelf.objects == {lab.key("a.svs"): OTHER, lab.key("a.svs", 2): DATA}


def test_a_removed_file_that_comes_back_touched_is_not_sent_again(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    options = CleanOptions(target=lab.target, older_than=1.0, yes=True)
    assert clean.run(options, lab.connect) == 0
    assert sync(lab) == []
    write(lab.folder / "a.svs", DATA, LONG_AGO + 50)
    assert sync(lab) == [Result.SAME]
    assert lab.entry("a.svs").removed is None
    assert candidate(lab.folder, "a.svs").fingerprint == lab.entry("a.svs").fingerprint


def status_of(lab: Lab) -> int:
    return status.run(StatusOptions(target=lab.target))


def test_somebody_has_to_look_until_what_was_missed_is_sent_again(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.sent("b.svs", DATA)
    del lab.shelf.objects[lab.key("a.svs")]
    lab.shelf.objects[lab.key("b.svs")] = OTHER
    assert (status_of(lab), verified(lab), status_of(lab)) == (0, 1, 1)
    verified(lab, resend=True)
    sync(lab)
    assert (status_of(lab), verified(lab), status_of(lab)) == (0, 0, 0)


def test_somebody_has_to_look_until_what_was_missed_is_back(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    kept = lab.shelf.objects.pop(lab.key("a.svs"))
    assert (verified(lab), status_of(lab)) == (1, 1)
    lab.shelf.objects[lab.key("a.svs")] = kept
    assert (verified(lab), status_of(lab)) == (0, 0)


def test_what_cannot_be_sent_again_is_to_be_looked_at(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects.clear()
    (lab.folder / "a.svs").unlink()
    assert (verified(lab, resend=True), status_of(lab)) == (1, 1)


def test_a_unit_that_names_other_files_than_were_sent_is_to_be_looked_at(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", [("a/s1.mrxs", DATA), ("a/s1/Data0000.dat", OTHER)])
    lab.noted(replace(lab.entry("a/s1.mrxs"), unit=""))
    options = VerifyOptions(target=lab.target, deep=True)
    assert (verify.run(options, lab.connect), status_of(lab)) == (1, 1)


def test_a_file_that_is_missed_there_stays_so_when_only_its_time_changes(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects.clear()
    assert verified(lab) == 1
    write(lab.folder / "a.svs", DATA, LONG_AGO + 50)
    assert sync(lab) == [Result.SAME]
    assert status_of(lab) == 1
