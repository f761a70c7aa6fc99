"""What people, the log and the journal hear of a run."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsight.errors import SettingsError, StorageUnavailable
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.problems import kept
from labsight_lab.sync.journal.runs import Run, RunLog, latest
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.telling.chronicle import NOTE_EVERY_S, Chronicle
from labsight_lab.sync.telling.events import Events
from labsight_lab.sync.telling.logs import open_log
from labsight_lab.sync.telling.news import News
from labsight_lab.sync.telling.standing import Standing
from labsight_lab.sync.telling.sums import Sums
from tests.lab.sync.full_disk import Disk
from tests.lab.sync.telling.made import closed, ended, lone, look, open_for, report, target, unit


class Heard:
    """A run and what was heard of it, by a clock that is moved by hand."""

    def __init__(self, place: Path, *, watch: bool = True) -> None:
        self.aim = target(place / "slides", place / "j.sqlite")
        self.journal: Journal = open_for(self.aim)
        self.log = open_log(place / "logs", "log", stderr=io.StringIO())
        self.file = place / "logs" / "log.jsonl"
        self.now = 100.0
        self.said: list[str] = []
        self.report = report()
        self.runs = RunLog(self.journal)
        clock = lambda: self.now  # noqa: E731
        self.chronicle = Chronicle(
            report=self.report,
            standing=Standing(self.aim.folder),
            news=News(
                self.said.append,
                Sums(self.said.append, clock),
                names_problems=watch,
                clock=clock,
            ),
            events=Events(self.log),
            runs=self.runs,
            clock=clock,
        )

    def ended(self, *outcomes: Any) -> None:
        for outcome in outcomes:
            self.report.add(outcome)
            self.chronicle.ended(outcome)

    def events(self) -> list[dict[str, Any]]:
        if not self.file.exists():
            return []
        events = [json.loads(line) for line in self.file.read_text("utf-8").splitlines()]
        return [{k: v for k, v in one.items() if k != "time"} for one in events]

    def run(self) -> Run:
        (run,) = latest(self.journal)
        return run


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    made = Heard(tmp_path)
    yield made
    made.journal.close()
    made.log.close()


def test_a_sent_file_is_a_line_and_an_event(heard: Heard) -> None:
    heard.ended(ended("a.svs", size=7, seconds=0.25, crc64=2**63))
    assert heard.said == ["sent a.svs (7 B, 0.2 s)"]
    assert heard.events() == [
        {"level": "info", "event": "sent", "path": "a.svs", "key": "slides/s/a.svs"}
        | {"bytes": 7, "seconds": 0.25, "crc64": "gAAAAAAAAAA="}
    ]


def test_a_run_that_is_to_end_says_once_what_it_waits_for(tmp_path: Path) -> None:
    heard = Heard(tmp_path, watch=False)
    heard.chronicle.looked(look(heard.report, waiting={"a.svs": 5.0, "b.svs": 3.0}))
    heard.chronicle.looked(look(heard.report, waiting={"a.svs": 1.0}))
    heard.journal.close()
    heard.log.close()
    assert heard.said == [
        "2 slides were changed a moment ago: waiting 5.0 s to see whether they are finished"
    ]


def test_a_revision_and_what_is_not_whole_are_told_as_such(heard: Heard) -> None:
    heard.ended(ended("a.svs", revision=2), ended("cut.svs", is_incomplete=True))
    assert heard.said == [
        "a.svs: sent as revision 2; the archive keeps the one before, too",
        "cut.svs: sent though it is not whole, and marked so",
    ]


def test_a_unit_is_one_line_and_its_parts_are_in_the_log(heard: Heard) -> None:
    slide = unit(sizes=(10, 20, 30))
    heard.ended(*(ended(s.path, place="a/s1/", size=s.size) for s in slide.unsettled))
    assert heard.said == []
    heard.ended(closed(slide))
    assert heard.said == ["sent a/s1.mrxs with 2 more files (60 B)"]
    *parts, last = heard.events()
    assert [part["path"] for part in parts] == ["a/s1.mrxs", "a/s1/0.dat", "a/s1/1.dat"]
    assert last == {"level": "info", "event": "unit closed", "path": "a/s1/unit.json"} | {
        "key": "slides/s/a/s1/unit.json",
        "bytes": 60,
        "files": 3,
        "seconds": 0.5,
        "crc64": "gAAAAAAAAAA=",
    }


def test_a_problem_is_told_once_and_once_more_when_it_is_over(heard: Heard) -> None:
    for _ in range(3):
        heard.ended(ended("a.svs", Result.UNFINISHED, "cut off"))
        heard.chronicle.looked(look(heard.report))
    heard.report.unfinished.clear()
    heard.chronicle.looked(look(heard.report, begun=[lone("a.svs")]))
    heard.ended(ended("a.svs", size=7))
    assert heard.said == ["not finished: a.svs: cut off", "a.svs: complete now, sent"]
    told = [(one["event"], one.get("how")) for one in heard.events() if one["event"] != "looked"]
    assert told == [("unfinished", None), ("sent", None), ("over", "sent")]


@pytest.mark.parametrize(
    ("result", "event", "level"),
    [
        (Result.FAILED, "failed", "error"),
        (Result.CONFLICT, "conflict", "error"),
        (Result.EXISTS, "not proven", "warning"),
        (Result.UNFINISHED, "unfinished", "info"),
    ],
)
def test_the_log_tells_how_bad_it_is(heard: Heard, result: Result, event: str, level: str) -> None:
    heard.ended(ended("a.svs", result, "why"))
    assert heard.events() == [{"level": level, "event": event, "path": "a.svs", "reason": "why"}]


def test_a_change_while_it_was_sent_is_only_in_the_log(heard: Heard) -> None:
    heard.ended(ended("a.svs", Result.CHANGED, "it changed while it was sent"))
    assert heard.said == []
    assert [one["event"] for one in heard.events()] == ["changed"]


def test_a_run_that_ends_lists_its_problems_then(tmp_path: Path) -> None:
    heard = Heard(tmp_path, watch=False)
    heard.ended(ended("a.svs", Result.FAILED, "503"), ended("b.svs", size=7))
    heard.ended(ended("a.svs", size=7))
    heard.chronicle.looked(look(heard.report, notes=["'x' fits no file"]))
    assert [line.partition(" (")[0] for line in heard.said] == ["sent b.svs", "sent a.svs"]
    assert heard.report.notes == ("'x' fits no file",)
    heard.journal.close()
    heard.log.close()


def test_a_look_is_an_event_only_when_something_is_different(heard: Heard) -> None:
    heard.chronicle.looked(look(heard.report))
    heard.chronicle.looked(look(heard.report))
    heard.report.leave("a.svs", "young", 5.0)
    heard.chronicle.looked(look(heard.report, waiting={"a.svs": 5.0}))
    heard.chronicle.looked(look(heard.report, begun=[lone("a.svs")]))
    counts = [(one["begun"], one["waiting"], one["unfinished"]) for one in heard.events()]
    assert counts == [(0, 0, 0), (0, 1, 0), (1, 0, 0)]


def test_a_note_is_told_once_and_again_when_it_is_back(heard: Heard) -> None:
    for notes in (["x\n fits no file"], ["x\n fits no file"], [], ["x\n fits no file"]):
        heard.chronicle.looked(look(heard.report, notes=notes))
    assert heard.said == ["note: x\\n fits no file"] * 2
    assert sum(one["event"] == "note" for one in heard.events()) == 2


class TestTrouble:
    def test_it_is_told_once_and_when_it_is_over(self, heard: Heard) -> None:
        for _ in range(3):
            heard.chronicle.looked(look(heard.report, begun=[lone("a.svs")]))
            heard.chronicle.troubled(StorageUnavailable("offline"))
            heard.now += 60
        heard.ended(ended("a.svs"))
        assert heard.said[:2] == [
            "offline (tried again every minute, it goes on by itself)",
            "it goes on after 3 min 00 s",
        ]
        told = [one for one in heard.events() if one["event"].startswith("archive")]
        assert told == [
            {"level": "warning", "event": "archive away", "reason": "offline"},
            {"level": "info", "event": "archive back", "seconds": 180.0},
        ]

    def test_another_trouble_is_told(self, heard: Heard) -> None:
        heard.chronicle.troubled(StorageUnavailable("offline"))
        heard.chronicle.troubled(SettingsError("expired"))
        assert [line.partition(" (")[0] for line in heard.said] == ["offline", "expired"]
        assert [one["event"] for one in heard.events()] == ["archive away", "trouble"]

    def test_it_is_over_when_nothing_is_left_to_send(self, heard: Heard) -> None:
        heard.chronicle.troubled(StorageUnavailable("offline"))
        heard.chronicle.looked(look(heard.report, waiting={"a.svs": 1.0}))
        heard.chronicle.looked(look(heard.report, under_way=["a.svs"]))
        assert len(heard.said) == 1
        heard.chronicle.looked(look(heard.report))
        assert heard.said[1:] == ["it goes on after 0.0 s"]

    def test_the_journal_knows_of_it_until_it_is_over(self, heard: Heard) -> None:
        heard.chronicle.troubled(StorageUnavailable("offline"))
        assert heard.run().trouble == "offline"
        heard.ended(ended("a.svs"))
        heard.chronicle.looked(look(heard.report))
        assert (heard.run().trouble, heard.run().files) == ("", 1)


class TestJournal:
    def test_it_learns_what_waits_and_what_is_wrong(self, heard: Heard) -> None:
        heard.report.leave("young.svs", "young", 5.0)
        heard.report.failed["x"] = "two names for one key"
        heard.chronicle.looked(look(heard.report, waiting={"young.svs": 5.0}))
        assert heard.run().waiting == 1
        assert [(one.path, one.kind, one.reason) for one in kept(heard.journal)] == [
            ("x", "failed", "two names for one key")
        ]

    def test_it_is_not_written_to_at_every_look(self, heard: Heard) -> None:
        heard.report.failed["a.svs"] = "cut off; unchanged for 25 h 00 min"
        heard.chronicle.looked(look(heard.report))
        first = heard.run().looked
        heard.now += 5
        heard.report.failed["a.svs"] = "cut off; unchanged for 25 h 01 min"
        heard.chronicle.looked(look(heard.report))
        assert heard.run().looked == first
        heard.now += NOTE_EVERY_S
        heard.chronicle.looked(look(heard.report))
        assert heard.run().looked != first
        assert kept(heard.journal)[0].reason.endswith("25 h 01 min")

    def test_it_learns_how_the_run_ended_with_all_that_was_found_last(self, heard: Heard) -> None:
        heard.chronicle.looked(look(heard.report, begun=[lone("a.svs"), lone("b.svs")]))
        heard.ended(ended("a.svs", size=7), ended("b.svs", Result.FAILED, "503"))
        heard.now += 20
        heard.chronicle.over(1)
        run = heard.run()
        assert (run.files, run.bytes, run.exit_code, run.trouble) == (1, 7, 1, "")
        assert [one.path for one in kept(heard.journal)] == ["b.svs"]
        assert heard.events()[-1] == {"level": "info", "event": "run ended", "exit_code": 1} | {
            "slides": 1,
            "files": 1,
            "bytes": 7,
            "seconds": 20.0,
        }

    def test_a_full_disk_stops_nothing_and_is_told_once(self, heard: Heard) -> None:
        disk = Disk(heard.journal)
        disk.is_full = True
        heard.report.failed["x"] = "two names for one key"
        for _ in range(3):
            heard.chronicle.looked(look(heard.report, notes=["of a list"]))
            heard.now += 2 * NOTE_EVERY_S
        heard.chronicle.over(0)
        told = [line for line in heard.said if line.startswith("note: journal")]
        assert len(told) == 1
        assert "database or disk is full" in told[0]
        assert sum("disk is full" in one.get("reason", "") for one in heard.events()) == 1
        assert any("disk is full" in note for note in heard.report.notes)

    def test_what_a_full_disk_kept_from_it_is_written_at_the_first_look_with_room(
        self, heard: Heard
    ) -> None:
        disk = Disk(heard.journal)
        heard.report.failed["x"] = "two names for one key"
        disk.is_full = True
        heard.chronicle.looked(look(heard.report))
        disk.is_full = False
        heard.chronicle.looked(look(heard.report))
        assert [one.path for one in kept(heard.journal)] == ["x"]
        assert heard.report.notes == ()
        disk.is_full = True
        heard.report.failed.clear()
        heard.chronicle.looked(look(heard.report))
        assert sum(line.startswith("note: journal") for line in heard.said) == 2

    def test_a_full_disk_that_stops_all_files_is_not_told_a_second_time(self, heard: Heard) -> None:
        Disk(heard.journal).is_full = True
        with pytest.raises(SettingsError) as full:
            heard.runs.ended(0)
        heard.chronicle.troubled(full.value)
        heard.chronicle.troubled(full.value)
        assert len(heard.said) == 1

    def test_what_stopped_the_run_is_kept(self, heard: Heard) -> None:
        heard.chronicle.over(2, "no such bucket")
        assert (heard.run().exit_code, heard.run().trouble) == (2, "no such bucket")
        assert heard.events()[-1]["reason"] == "no such bucket"
        assert heard.events()[-1]["level"] == "error"


def test_a_lost_journal_is_a_few_lines_and_an_event_for_each_file(heard: Heard) -> None:
    taken = "the archive already holds slides/s/{}.svs; nothing was overwritten"
    shared = "the archive already holds an object of its name; nothing was overwritten"
    heard.ended(*(ended(f"{n}.svs", Result.CONFLICT, taken.format(n)) for n in range(500)))
    heard.now += 5
    heard.chronicle.looked(look(heard.report))
    assert heard.said == [
        *(f"conflict: {n}.svs: {taken.format(n)}" for n in range(3)),
        f"497 more, the last one 499.svs: conflict: {shared}",
    ]
    heard.now += 10
    heard.ended(*(ended(f"{n}.svs", Result.SAME) for n in range(500)))
    heard.chronicle.over(0)
    assert len(heard.said) == 8
    assert heard.said[-1] == "497 more, the last one 499.svs: the archive has it as it is now"
    told = [one for one in heard.events() if one["event"] == "conflict"]
    assert [one["reason"] for one in told] == [taken.format(n) for n in range(500)]


def test_what_was_summed_up_is_told_at_the_end(heard: Heard) -> None:
    heard.ended(*(ended(f"{n}.svs") for n in range(20)))
    heard.chronicle.over(0)
    assert heard.said[-1] == "sent 15 more slides, 15.0 kB, the last one 19.svs"
