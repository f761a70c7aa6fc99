"""One file into the archive: whole, or named with the reason why not."""

import os
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from labsight.errors import SettingsError, StorageUnavailable
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending.archive import Denied, Unreachable
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.sending.transfer import transfer
from labsight_lab.sync.source import Stopped
from tests.lab.support import Killed, candidate, open_journal, unsettled, write
from tests.lab.sync.sending.lab import KEY, LARGE, SMALL, Lab, on_request


@pytest.mark.parametrize(
    ("data", "requests"),
    [
        (SMALL, ["put"]),
        (LARGE, ["holds", "begin", *["put_part"] * 11, "complete"]),
    ],
)
def test_a_file_arrives_with_its_description(lab: Lab, data: bytes, requests: list[str]) -> None:
    write(lab.folder / "Müller 1.svs", data)
    (outcome,) = lab.run()
    assert outcome.result is Result.UPLOADED
    key = "slides/scanner-1/Müller 1.svs"
    assert lab.archive.objects == {key: data}
    assert lab.archive.requests == requests


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_second_run_asks_for_nothing(lab: Lab, data: bytes) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    lab.archive.requests.clear()
    assert lab.run() == []
    assert lab.archive.requests == []


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_key_that_is_taken_is_a_conflict_and_is_not_overwritten(lab: Lab, data: bytes) -> None:
    lab.archive.objects[KEY] = b"somebody else's"
    write(lab.folder / "a.svs", data)
    (outcome,) = lab.run()
    assert outcome.result is Result.CONFLICT
    assert "nothing was overwritten" in outcome.reason
    assert lab.archive.objects == {KEY: b"somebody else's"}
    assert lab.archive.uploads == {}
    assert lab.run() == [], "a conflict is remembered"


def test_a_taken_key_is_found_before_a_large_file_is_sent_if_the_rights_allow_it(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.may_look = True
    lab.archive.objects[KEY] = LARGE
    assert [o.result for o in lab.run()] == [Result.CONFLICT]
    assert lab.archive.requests == ["holds"]


def test_small_files_and_uploads_that_go_on_need_no_look(lab: Lab) -> None:
    write(lab.folder / "small.svs", SMALL)
    write(lab.folder / "large.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    lab.archive.requests.clear()
    assert {o.result for o in lab.run()} == {Result.UPLOADED}
    assert "holds" not in lab.archive.requests


@pytest.mark.parametrize("denied", ["open_uploads", "parts", "abort"])
@pytest.mark.parametrize("killed", ["begin", "put_part"])
def test_a_right_that_is_missing_for_tidying_stops_nothing(
    lab: Lab, denied: str, killed: str
) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.after = on_request(killed, Killed())
    lab.run_killed()
    lab.archive.before = on_request(denied, Denied("no"))
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: LARGE}


def test_one_bad_file_does_not_stop_the_others(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    write(lab.folder / "b.svs", SMALL)
    lab.archive.before = on_request("put", StorageUnavailable("the archive failed: 503"))
    assert [(o.result, o.reason) for o in lab.run()] == [
        (Result.FAILED, "the archive failed: 503"),
        (Result.UPLOADED, ""),
    ]
    assert lab.state() is State.FAILED


@pytest.mark.parametrize("error", [SettingsError("no bucket"), Unreachable("offline")])
@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_what_concerns_every_file_ends_the_run(lab: Lab, data: bytes, error: Exception) -> None:
    write(lab.folder / "a.svs", data)
    lab.archive.before = lambda _: (_ for _ in ()).throw(error)
    with pytest.raises(type(error)):
        lab.run()
    lab.archive.before = lambda _: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]


def test_what_another_thread_still_sends_is_left_to_it(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        (found,) = unsettled(lab.folder, journal)
        second: list[Outcome] = []

        def begin_again(request: str) -> None:
            if request == "put" and not second:
                second.append(transfer(lab.means(journal), found))

        lab.archive.before = begin_again
        assert transfer(lab.means(journal), found).result is Result.UPLOADED
        assert [o.result for o in second] == [Result.UNFINISHED]
        assert lab.archive.requests == ["put"]
        entry = journal.entry("a.svs")
        assert entry is not None
        assert entry.state is State.UPLOADED
        assert transfer(lab.means(journal), found).result is Result.SAME


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all names are text")
def test_a_name_that_is_no_text_may_be_in_a_reason(lab: Lab) -> None:
    name = os.fsdecode(b"\xff.svs")
    file = write(lab.folder / name, SMALL)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        (found,) = unsettled(lab.folder, journal)
        file.unlink()
        os.mkfifo(file)
        assert transfer(lab.means(journal), found).result is Result.FAILED
        entry = journal.entry(name)
        assert entry is not None
        assert "is not a regular file" in entry.reason


def test_a_large_file_whose_turn_comes_after_the_end_asks_for_nothing(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        means = lab.means(journal)
        (found,) = unsettled(lab.folder, journal)

        def stopped(_path: str, _position: int) -> None:
            raise Stopped

        with pytest.raises(Stopped):
            transfer(replace(means, moved=stopped), found)
    assert lab.archive.requests == []


def test_what_cannot_be_sent_is_named_and_asks_for_nothing(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        found = candidate(lab.folder, "a.svs", refused="it is too long")
        outcome = transfer(lab.means(journal), found)
    assert (outcome.result, outcome.reason) == (Result.FAILED, "it is too long")
    assert lab.state() is State.FAILED
    assert lab.archive.requests == []
