"""Large files in parts: uploads that go on, that are begun anew, and that are tidied up."""

from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

import pytest

from labsight.errors import LabsightError, StorageUnavailable
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending import transfer as transfer_module
from labsight_lab.sync.sending.archive import Refused
from labsight_lab.sync.sending.one_file import part_size
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.sending.transfer import abandon, transfer
from tests.lab.support import LONG_AGO, Killed, candidate, open_journal, write
from tests.lab.sync.sending.lab import KEY, LARGE, SMALL, Lab, on_request, unreadable


def test_an_upload_that_expired_is_begun_anew(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    lab.archive.uploads.clear()
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: LARGE}


def test_an_upload_that_vanishes_meanwhile_fails_once(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.after = lambda name: lab.archive.uploads.clear() if name == "put_part" else None
    assert [o.result for o in lab.run()] == [Result.FAILED]
    lab.archive.after = lambda _: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]


def test_parts_of_other_content_are_not_used(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    write(lab.folder / "a.svs", LARGE[::-1], LONG_AGO + 5)
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: LARGE[::-1]}
    assert lab.archive.uploads == {}


def test_bytes_changed_behind_an_old_time_stamp_are_sent_as_they_are(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    other = b"changed" + LARGE[7:]
    write(lab.folder / "a.svs", other)
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: other}


def test_uploads_of_the_same_file_that_nobody_noted_are_aborted(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.after = on_request("begin", Killed())
    lab.run_killed()
    assert len(lab.archive.uploads) == 1
    lab.run()
    assert lab.archive.uploads == {}


def test_the_upload_of_a_file_that_is_gone_is_dropped(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=3)
    lab.run_killed()
    journal = open_journal(lab.folder, lab.journal_file)
    entry = journal.entry("a.svs")
    assert entry is not None
    abandon(lab.archive, journal, "scanner-1", entry)
    assert lab.archive.uploads == {}
    assert journal.entry("a.svs") == replace(entry, state=State.SEEN, upload=None)
    journal.close()


def test_parts_grow_with_the_file_so_that_their_number_stays_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    mib = 1 << 20
    assert part_size(100 * mib) == 16 * mib
    for size in (160_000 * mib, 160_000 * mib + 1, 5 << 40):
        assert part_size(size) % mib == 0
        assert -(-size // part_size(size)) <= 10_000


@pytest.mark.parametrize("error", [StorageUnavailable("503"), Refused("400")])
def test_an_upload_that_cannot_be_dropped_stops_no_other_file(
    lab: Lab, error: LabsightError
) -> None:
    file = write(lab.folder / "a.svs", LARGE)
    write(lab.folder / "b.svs", SMALL, LONG_AGO + 1)

    def grow(path: str, position: int) -> None:
        if (path, position) == ("a.svs", 2000):
            file.write_bytes(LARGE + b"more")

    lab.moved = grow
    lab.archive.before = on_request("abort", error)
    assert [o.result for o in lab.run()] == [Result.CHANGED, Result.UPLOADED]
    assert len(lab.archive.uploads) == 1
    lab.moved = lambda _path, _position: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.uploads == {}


@pytest.mark.parametrize("error", [StorageUnavailable("503"), Refused("400")])
def test_the_upload_of_a_file_that_is_gone_is_dropped_later_when_it_cannot_be_now(
    lab: Lab, error: LabsightError
) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=3)
    lab.run_killed()
    lab.archive.before = on_request("abort", error)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        for uploads in (1, 0):
            (entry,) = journal.open_uploads()
            abandon(lab.archive, journal, "scanner-1", entry)
            assert len(lab.archive.uploads) == uploads
        assert journal.open_uploads() == []


PART = {"labsight-unit": "slides/scanner-1/s1/unit.json"}


@pytest.mark.parametrize("fails_between", [False, True])
@pytest.mark.parametrize("joins", [True, False])
def test_an_upload_is_begun_anew_for_a_file_that_joins_or_leaves_a_unit(
    lab: Lab, joins: bool, fails_between: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab.folder / "a.svs", LARGE)
    alone: dict[str, Any] = {}
    part: dict[str, Any] = {"unit": "s1/", "metadata": PART}
    before, after = (alone, part) if joins else (part, alone)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal, suppress(Killed):
        transfer(lab.means(journal), candidate(lab.folder, "a.svs", **before))
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        means, found = lab.means(journal), candidate(lab.folder, "a.svs", **after)
        if fails_between:
            with monkeypatch.context() as away:
                away.setattr(transfer_module, "opened_content", unreadable)
                assert transfer(means, found).result is Result.FAILED
        assert transfer(means, found).result is Result.UPLOADED
        entry = journal.entry("a.svs")
    assert entry is not None
    assert entry.unit == found.unit
    assert lab.archive.objects == {KEY: LARGE}
    assert lab.archive.described[KEY].metadata == found.metadata
    assert lab.archive.uploads == {}


def test_an_upload_goes_on_after_an_attempt_that_could_not_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    with monkeypatch.context() as away:
        away.setattr(transfer_module, "opened_content", unreadable)
        assert [o.result for o in lab.run()] == [Result.FAILED]
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.bytes_received == len(LARGE)


def test_an_upload_is_begun_anew_for_other_content_after_an_attempt_that_could_not_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    write(file, LARGE, LONG_AGO + 5)
    found = candidate(lab.folder, "a.svs", metadata={"mtime-ns": str(file.stat().st_mtime_ns)})
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        with monkeypatch.context() as away:
            away.setattr(transfer_module, "opened_content", unreadable)
            assert transfer(lab.means(journal), found).result is Result.FAILED
        assert transfer(lab.means(journal), found).result is Result.UPLOADED
    assert lab.archive.described[KEY].metadata == found.metadata
