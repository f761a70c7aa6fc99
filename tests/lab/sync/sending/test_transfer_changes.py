"""Files that change, come back or are taken away, before and while they are sent."""

from contextlib import closing
from pathlib import Path

import pytest

from labsight_lab.sync import source
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending import transfer as transfer_module
from labsight_lab.sync.sending.archive import Refused
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.sending.transfer import transfer
from tests.lab.support import LONG_AGO, Killed, open_journal, unsettled, write
from tests.lab.sync.sending.lab import KEY, LARGE, SECOND, SMALL, Lab, on_request, unreadable


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_was_only_touched_is_not_sent_again(lab: Lab, data: bytes) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    lab.archive.requests.clear()
    write(lab.folder / "a.svs", data, LONG_AGO + 60)
    assert [outcome.result for outcome in lab.run()] == [Result.SAME]
    assert lab.run() == []
    assert lab.archive.requests == []


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_rescan_becomes_a_revision_and_both_stay(lab: Lab, data: bytes) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    for revision in (2, 3):
        write(lab.folder / "a.svs", data[:-1] + bytes([revision]), LONG_AGO + revision)
        assert [outcome.result for outcome in lab.run()] == [Result.UPLOADED]
    assert sorted(lab.archive.objects) == [
        KEY,
        "slides/scanner-1/a~r2.svs",
        "slides/scanner-1/a~r3.svs",
    ]
    assert lab.archive.objects[KEY] == data
    assert lab.run() == []


def test_content_that_came_back_is_sent_beside_what_may_be_other_content(lab: Lab) -> None:
    for turn, data in enumerate((SMALL, SMALL[::-1])):
        write(lab.folder / "a.svs", data, LONG_AGO + turn)
        lab.archive.before = on_request("put", Killed())
        lab.run_killed()
    lab.archive.objects[KEY] = b"one of the two, or somebody else's"
    write(lab.folder / "a.svs", SMALL, LONG_AGO + 9)
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects[SECOND] == SMALL


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_a_writer_opens_while_it_is_sent_is_not_stored(
    lab: Lab, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab.folder / "a.svs", data)
    writing: list[str] = []
    lab.moved = lambda path, position: writing.append(path) if position == 2000 else None
    monkeypatch.setattr(source, "held_by_a_writer", lambda _: bool(writing))
    assert [o.result for o in lab.run()] == [Result.CHANGED]
    assert lab.archive.objects == {}


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_changes_while_it_is_sent_is_not_stored(lab: Lab, data: bytes) -> None:
    file = write(lab.folder / "a.svs", data)

    def grow(_path: str, position: int) -> None:
        if position == 2000:
            with file.open("ab") as writer:
                writer.write(b"more")

    lab.moved = grow
    (outcome,) = lab.run()
    assert outcome.result is Result.CHANGED
    assert lab.archive.objects == {}
    assert lab.archive.uploads == {}
    assert lab.state() is State.SEEN
    lab.moved = lambda _path, _position: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects[KEY] == file.read_bytes()


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_is_taken_away_while_it_is_sent_is_not_stored(lab: Lab, data: bytes) -> None:
    file = write(lab.folder / "a.svs", data)
    lab.moved = lambda _path, position: file.unlink(missing_ok=True) if position == 2000 else None
    assert [o.result for o in lab.run()] == [Result.CHANGED]
    assert lab.archive.objects == {}
    assert lab.archive.uploads == {}


def test_a_link_put_in_the_place_of_a_file_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", SMALL)
    file = write(lab.folder / "a.svs", SMALL)
    journal = open_journal(lab.folder, lab.journal_file)
    (found,) = unsettled(lab.folder, journal)
    file.unlink()
    file.symlink_to(secret)
    outcome = transfer(lab.means(journal), found)
    journal.close()
    assert outcome.result in {Result.FAILED, Result.CHANGED}
    assert lab.archive.requests == []


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_was_only_touched_is_not_sent_again_after_a_failure_either(
    lab: Lab, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    write(lab.folder / "a.svs", data, LONG_AGO + 60)
    with monkeypatch.context() as away:
        away.setattr(transfer_module, "opened_content", unreadable)
        assert [o.result for o in lab.run()] == [Result.FAILED]
    assert [o.result for o in lab.run()] == [Result.SAME]
    assert lab.state() is State.UPLOADED
    assert lab.archive.objects == {KEY: data}
    assert lab.run() == []


@pytest.mark.parametrize(("data", "request_"), [(SMALL, "put"), (LARGE, "put_part")])
def test_content_that_came_back_before_other_content_arrived_is_not_sent_again(
    lab: Lab, data: bytes, request_: str
) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    write(lab.folder / "a.svs", data[::-1], LONG_AGO + 60)
    lab.archive.before = on_request(request_, Refused("no"))
    assert [o.result for o in lab.run()] == [Result.FAILED]
    write(lab.folder / "a.svs", data, LONG_AGO + 70)
    assert [o.result for o in lab.run()] == [Result.SAME]
    assert lab.archive.objects == {KEY: data}
    assert lab.archive.uploads == {}
    assert lab.run() == []


def test_content_that_came_back_after_other_content_may_have_arrived_is_sent(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.run()
    write(lab.folder / "a.svs", SMALL[::-1], LONG_AGO + 60)
    lab.archive.after = on_request("put", Killed())
    lab.run_killed()
    write(lab.folder / "a.svs", SMALL, LONG_AGO + 70)
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects["slides/scanner-1/a~r3.svs"] == SMALL


@pytest.mark.parametrize("linked", ["1", "1/2"])
def test_a_link_put_in_the_place_of_a_folder_is_not_followed(
    lab: Lab, tmp_path: Path, linked: str
) -> None:
    write(lab.folder / "1/2/a.svs", SMALL)
    write(tmp_path / "private/1/2/a.svs", SMALL[::-1])
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        (found,) = unsettled(lab.folder, journal)
        (lab.folder / linked).rename(tmp_path / "elsewhere")
        (lab.folder / linked).symlink_to(tmp_path / "private" / linked)
        outcome = transfer(lab.means(journal), found)
    assert outcome.result is Result.FAILED
    assert "there is a link in its place, or on the way to it" in outcome.reason
    assert lab.archive.requests == []
