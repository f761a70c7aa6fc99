import io
import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from labsight.errors import Conflict, InvalidInput, SettingsError, StorageUnavailable
from labsight_lab.sync.checking import clean, removing, verify
from labsight_lab.sync.checking.clean import CleanOptions
from labsight_lab.sync.checking.held import held
from labsight_lab.sync.checking.record import Record, place_beside
from labsight_lab.sync.checking.verify import VerifyOptions
from labsight_lab.sync.journal.entries import State
from tests.lab.support import LONG_AGO, noise, unsettled, write
from tests.lab.sync.checking.lab import Lab

DATA, OTHER = noise(3000), noise(3000, seed=1)
MRXS = [("a/s1.mrxs", b"index"), ("a/s1/Data0000.dat", DATA), ("a/s1/Slidedat.ini", b"[x]")]
DAY = 86_400.0


def run(lab: Lab, *, yes: bool = True, **about: Any) -> int:
    return clean.run(
        CleanOptions(target=lab.target, older_than=about.pop("older_than", DAY), yes=yes, **about),
        lab.connect,
    )


def document(lab: Lab, capsys: pytest.CaptureFixture[str], **about: Any) -> Any:
    code = run(lab, as_json=True, **about)
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == code
    return told


def record(lab: Lab) -> list[Any]:
    return list(map(json.loads, place_beside(lab.journal_file).read_text().splitlines()))


def answers(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(text))


def test_what_is_proven_goes_and_is_recorded(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.sent("b.svs", DATA)
    assert run(lab) == 0
    assert lab.here() == set()
    announced, removed = record(lab)
    assert (announced["what"], announced["path"]) == ("removing", "b.svs")
    assert (announced["key"], announced["size"]) == ("slides/scanner-1/b.svs", 3000)
    assert (removed["what"], removed["path"]) == ("removed", "b.svs")
    assert lab.entry("b.svs").state is State.VERIFIED
    assert lab.entry("b.svs").removed == datetime.fromisoformat(announced["at"]).timestamp()
    assert lab.shelf.objects[lab.key("b.svs")] == DATA
    assert "removed 1 file, 3.0 kB; record: " in capsys.readouterr().out


def test_a_unit_goes_with_its_folder(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    assert run(lab) == 0
    assert lab.here() == set()
    assert (lab.folder / "a").is_dir()
    assert not (lab.folder / "a/s1").exists()
    removed = [line["path"] for line in record(lab) if line["what"] == "removed"]
    assert removed == [path for path, _ in MRXS]


def test_all_is_listed_with_sizes_before_anything_goes(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.sent("b.svs", DATA)
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    answers(monkeypatch, "n\n")
    assert run(lab, yes=False) == 0
    told = capsys.readouterr()
    assert "3.0 kB  a/s1/ (a unit of 3 files here)\n     3.0 kB  b.svs\n" in told.out
    assert "proven to be in the archive and old enough: 4 files, 6.0 kB, in" in told.out
    assert told.out.endswith("nothing was removed\n")
    assert "[y/N]" in told.err
    assert len(lab.here()) == 4
    answers(monkeypatch, "y\n")
    assert run(lab, yes=False) == 0
    assert lab.here() == set()


def test_the_list_is_shown_beside_the_document_to_who_is_asked(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.sent("b.svs", DATA)
    answers(monkeypatch, "n\n")
    assert run(lab, yes=False, as_json=True) == 0
    told = capsys.readouterr()
    assert "3.0 kB  b.svs" in told.err
    assert json.loads(told.out)["declined"] is True


def test_nobody_to_ask_is_told_before_anything_is_done(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.sent("b.svs", DATA)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(InvalidInput, match="--yes"):
        run(lab, yes=False)
    assert lab.shelf.requests == []


def test_a_dry_run_removes_and_records_nothing(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("b.svs", DATA)
    told = document(lab, capsys, dry_run=True, yes=False)
    assert [one["path"] for one in told["proven"]] == ["b.svs"]
    assert (told["removed"], told["dry_run"]) == ([], True)
    assert lab.here() == {"b.svs"}
    assert not place_beside(lab.journal_file).exists()


def test_the_document_tells_all(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.sent("b.svs", DATA)
    lab.sent("young.svs", DATA)
    write(lab.folder / "young.svs", DATA + b"x")
    lab.sent("lost.svs", DATA)
    del lab.shelf.objects[lab.key("lost.svs")]
    told = document(lab, capsys)
    assert told["removed"] == [{"path": "b.svs", "bytes": 3000}]
    assert told["bytes_removed"] == 3000
    assert told["stay"] == [
        {"path": "lost.svs", "reason": "the archive does not hold slides/scanner-1/lost.svs"}
    ]
    assert told["not_looked_at"] == {"changed since, so not archived as now": 1}
    assert told["record"].endswith(".removed.jsonl")
    assert told["exit_code"] == 1


def test_what_was_sent_lately_stays(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    assert run(lab, older_than=1e11) == 0
    assert lab.here() == {"b.svs"}
    assert lab.shelf.requests == []


@pytest.mark.parametrize("in_archive", [None, OTHER, DATA[:-1]])
def test_what_the_archive_does_not_have_stays(lab: Lab, in_archive: bytes | None) -> None:
    lab.sent("b.svs", DATA)
    del lab.shelf.objects[lab.key("b.svs")]
    if in_archive is not None:
        lab.shelf.objects[lab.key("b.svs")] = in_archive
    assert run(lab) == 1
    assert lab.here() == {"b.svs"}


def test_what_the_archive_keeps_no_checksum_of_stays(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    lab.shelf.untold.add(lab.key("b.svs"))
    assert run(lab) == 1
    assert lab.here() == {"b.svs"}


def test_what_is_damaged_here_stays_and_is_told(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("b.svs", DATA)
    write(lab.folder / "b.svs", OTHER)
    assert run(lab) == 1
    assert lab.here() == {"b.svs"}
    assert "the file here is damaged" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["a/s1.mrxs", "a/s1/Data0000.dat", "a/s1/"])
def test_a_unit_of_which_one_thing_is_not_proven_stays_whole(lab: Lab, path: str) -> None:
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    del lab.shelf.objects[lab.key(path)]
    assert run(lab) == 1
    assert lab.here() == {path for path, _ in MRXS}


def test_what_is_doubtful_is_proven_first(lab: Lab) -> None:
    lab.sent("b.svs", DATA, State.EXISTS)
    lab.sent("c.svs", DATA, State.EXISTS)
    lab.shelf.objects[lab.key("c.svs")] = OTHER
    assert run(lab) == 1
    assert lab.here() == {"c.svs"}


def test_a_file_that_changes_while_somebody_thinks_stays(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("b.svs", DATA)

    def think() -> bool:
        write(lab.folder / "b.svs", OTHER, LONG_AGO)
        return True

    monkeypatch.setattr(clean, "_may_remove", think)
    answers(monkeypatch, "")
    told = document(lab, capsys, yes=False)
    assert "not the file any more that was checked" in told["stay"][0]["reason"]
    assert lab.here() == {"b.svs"}
    assert lab.entry("b.svs").removed is None
    assert [line["what"] for line in record(lab)] == ["removing", "kept"]


def test_an_object_that_goes_while_somebody_thinks_keeps_the_file(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.sent("b.svs", DATA)

    def think() -> bool:
        lab.shelf.objects.clear()
        return True

    monkeypatch.setattr(clean, "_may_remove", think)
    answers(monkeypatch, "")
    assert run(lab, yes=False) == 1
    assert lab.here() == {"b.svs"}


def test_a_file_that_sync_begins_with_stays(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = lab.sent("b.svs", DATA)
    begun = replace(entry, state=State.UPLOADING, attempted=frozenset({9}))
    note = Record.note

    def late(self: Record, what: str, path: str, **told: Any) -> float:
        lab.journal.write([begun])  # after the last question, before the claim
        return note(self, what, path, **told)

    monkeypatch.setattr(Record, "note", late)
    assert run(lab) == 1
    assert lab.here() == {"b.svs"}
    assert lab.entry("b.svs") == begun


def test_it_works_while_a_service_watches(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    lab.journal.lock()
    assert run(lab) == 0
    assert lab.here() == set()


def test_two_at_a_time_are_kept_apart(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    with Record(lab.journal_file), pytest.raises(Conflict, match="another labsight clean"):
        run(lab)
    assert lab.here() == {"b.svs"}


def test_a_file_that_comes_back_is_not_sent_again(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    assert run(lab) == 0
    write(lab.folder / "b.svs", DATA)
    assert unsettled(lab.folder, lab.journal) == []
    assert run(lab) == 0
    assert lab.here() == set()


def test_cleaning_again_goes_on(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.sent("b.svs", DATA)
    assert run(lab) == 0
    before = record(lab)
    capsys.readouterr()
    assert document(lab, capsys)["removed"] == []
    assert record(lab) == before


def test_what_was_verified_yesterday_is_not_sent_yesterday(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    assert verify.run(VerifyOptions(target=lab.target), lab.connect) == 0
    assert run(lab) == 0
    assert lab.here() == set()


def test_what_went_can_still_be_verified(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    assert run(lab) == 0
    assert verify.run(VerifyOptions(target=lab.target, deep=True), lab.connect) == 0
    assert lab.entry("b.svs").removed


def test_nothing_behind_a_link_goes(lab: Lab) -> None:
    lab.sent("a/b.svs", DATA)
    elsewhere = lab.place / "elsewhere"

    def swap(_: str) -> None:
        if not elsewhere.exists():
            (lab.folder / "a").rename(elsewhere)
            (lab.folder / "a").symlink_to(elsewhere)

    lab.shelf.before = swap
    assert run(lab) == 1
    assert (elsewhere / "b.svs").read_bytes() == DATA


def test_a_file_that_may_not_be_removed_is_named(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("b.svs", DATA)
    lab.sent("c.svs", DATA)

    def refusing(folder: Path, path: str) -> Any:
        if path == "b.svs":
            raise PermissionError(13, "Permission denied")
        return held(folder, path)

    monkeypatch.setattr(removing, "held", refusing)
    told = document(lab, capsys)
    assert told["stay"][0]["reason"] == "it cannot be removed: Permission denied"
    assert lab.here() == {"b.svs"}
    assert lab.entry("b.svs").removed is None


def test_no_rights_and_no_network_end_it(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    lab.shelf.hidden.add(lab.key("b.svs"))
    with pytest.raises(SettingsError, match="'reader'"):
        run(lab)
    lab.shelf.is_away = True
    with pytest.raises(StorageUnavailable):
        run(lab)
    assert lab.here() == {"b.svs"}


def test_a_folder_that_is_away_is_told(lab: Lab) -> None:
    lab.folder.rmdir()
    with pytest.raises(InvalidInput, match="is not a folder"):
        run(lab)


def test_an_interruption_leaves_a_record_that_is_true(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "abc":
        lab.sent(f"{name}.svs", DATA)
    note = Record.note

    def interrupted(self: Record, what: str, path: str, **told: Any) -> float:
        if (what, path) == ("removed", "b.svs") and not told:
            raise KeyboardInterrupt
        return note(self, what, path, **told)

    monkeypatch.setattr(Record, "note", interrupted)
    told = document(lab, capsys)
    assert (told["interrupted"], told["exit_code"]) == (True, 130)
    assert lab.here() == {"c.svs"}
    ended = [(line["what"], line["path"]) for line in record(lab) if line["what"] != "removing"]
    assert ended == [("removed", "a.svs"), ("removed", "b.svs")]


def test_what_stays_is_named_once_and_told_together(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in (3, 1, 4, 0, 2):
        lab.sent(f"{n}.svs", DATA)
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    lab.shelf.objects.clear()
    assert run(lab, dry_run=True) == 1
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("not proven, so it stays (6):")
    assert lines[at + 1 : at + 8] == [
        "  5 of them: the archive does not hold an object of its name",
        *(f"    {n}.svs" for n in range(5)),
        "  a/s1/: a/s1.mrxs: the archive does not hold slides/scanner-1/a/s1.mrxs",
    ]


def test_what_cleaning_missed_in_the_archive_is_noted_as_verifying_would(lab: Lab) -> None:
    lab.sent("b.svs", DATA)
    lab.shelf.objects.clear()
    assert run(lab, dry_run=True) == 1
    assert "the archive does not hold" in lab.entry("b.svs").reason
