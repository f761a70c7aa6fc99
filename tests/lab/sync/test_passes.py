"""Passes over a folder: what is sent, what waits, what is told, and what a watch survives."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest

from labsight.errors import LabsightError, SettingsError, StorageUnavailable
from labsight_lab.sync import watch
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.quiet import QuietWatch
from labsight_lab.sync.passes import STILL_WRITTEN, Passes, Rules
from labsight_lab.sync.sending import one_file as sending
from labsight_lab.sync.sending.archive import AlreadyThere, Archive, Denied, Rejected, Unreachable
from labsight_lab.sync.sending.source import opened
from labsight_lab.sync.sending.transfer import Transfer
from labsight_lab.sync.telling.progress import Meter, Silent
from labsight_lab.sync.telling.report import Report
from tests.lab.support import (
    Killed,
    MemoryArchive,
    candidates,
    noise,
    open_journal,
    tiff,
    write,
)

NOW = 1_700_000_000.0
WHOLE = tiff()
CUT = WHOLE[:-10]
OLD = NOW - 7200  # long enough ago to be believed


class Told(Silent):
    """A display that remembers what was announced."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []

    def begin(self, files: int, total: int) -> None:
        self.begun.append((files, total))


class Lab:
    """A folder that is looked at with clocks moved by hand."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "slides"
        self.folder.mkdir()
        self.place = place
        self.archive = MemoryArchive()
        self.now = NOW
        self.connected = 0
        self.display: Silent = Silent()
        self.during_sleep: Callable[[], None] = lambda: None
        self.slept: list[float] = []
        self.journals: list[Journal] = []

    def passes(self, *, send_incomplete: bool = False, journal: bool = True) -> Passes:
        kept = open_journal(self.folder, self.place / "journal.sqlite") if journal else None
        self.journals += [kept] if kept else []
        return Passes(
            rules=Rules(
                folder=self.folder, source="scanner-1", send_incomplete=send_incomplete, threads=2
            ),
            journal=kept,
            connect=self.connect,
            quiet=QuietWatch(wall=lambda: self.now, steady=lambda: self.now),
            meter=Meter(self.display),
            report=Report(self.folder, "archive", "scanner-1"),
        )

    def connect(self) -> Archive:
        self.connected += 1
        return self.archive

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.during_sleep()

    def once(self, *, send_incomplete: bool = False) -> Report:
        passes = self.passes(send_incomplete=send_incomplete)
        watch.once(passes, self.sleep)
        return passes.report

    def stored(self) -> list[str]:
        return sorted(key.removeprefix("slides/scanner-1/") for key in self.archive.objects)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    for journal in made.journals:
        journal.close()


def test_old_files_are_sent_without_waiting(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    report = lab.once()
    assert lab.slept == []
    assert lab.stored() == ["a.svs"]
    assert (report.exit_code, report.bytes) == (0, len(WHOLE))


def test_nothing_new_means_no_connection(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    lab.once()
    assert lab.connected == 1
    report = lab.once()
    assert lab.connected == 1
    assert (report.unchanged, report.uploaded) == (1, [])


def test_a_young_file_is_given_its_quiet_period(lab: Lab) -> None:
    write(lab.folder / "old.svs", WHOLE, OLD)
    write(lab.folder / "young.svs", WHOLE, NOW - 60)
    report = lab.once()
    assert sum(lab.slept) == pytest.approx(5, abs=0.1)
    assert lab.stored() == ["old.svs", "young.svs"]
    assert (report.unfinished, report.unchanged) == ({}, 0)


def test_a_file_that_goes_on_growing_is_left_for_the_next_run(lab: Lab) -> None:
    file = write(lab.folder / "a.svs", WHOLE, NOW)
    lab.during_sleep = lambda: (write(file, file.read_bytes() + b"x", lab.now), None)[1]
    report = lab.once()
    assert sum(lab.slept) < 6
    assert lab.stored() == []
    assert report.unfinished == {"a.svs": STILL_WRITTEN}
    assert report.exit_code == 0


def test_a_file_from_the_future_is_sent_once_it_was_seen_unchanged(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, NOW + 86_400)
    lab.once()
    assert lab.stored() == ["a.svs"]


def test_a_file_that_a_slow_clock_stamps_is_sent_when_it_is_whole_and_once(lab: Lab) -> None:
    passes = lab.passes()
    for size in (100, 200, 300):
        write(lab.folder / "a.czi", noise(size), lab.now - 10)
        passes.send()
        lab.now += 4
    assert lab.stored() == []
    lab.now += 1
    passes.send()
    assert lab.archive.objects == {"slides/scanner-1/a.czi": noise(300)}


def test_a_slide_that_is_cut_off_is_read_once_and_announced_never(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []

    def reading(path: Path) -> AbstractContextManager[BinaryIO]:
        reads.append(path)
        return opened(path)

    monkeypatch.setattr("labsight_lab.sync.passes.opened", reading)
    lab.display = Told()
    passes = lab.passes()
    cut = write(lab.folder / "cut.svs", CUT, NOW - 60)
    for _ in range(5):
        passes.send()
        lab.now += 5
    assert reads == [cut]
    assert "not complete yet" in passes.report.unfinished["cut.svs"]
    assert lab.display.begun == []
    write(cut, WHOLE, NOW - 30)
    write(lab.folder / "still-cut.svs", CUT, NOW - 30)
    for _ in range(3):
        passes.send()
        lab.now += 5
    assert lab.stored() == ["cut.svs"]
    assert lab.display.begun == [(1, len(WHOLE))]


def test_a_slide_that_is_cut_off_is_not_sent(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, NOW - 60)
    report = lab.once()
    assert lab.stored() == []
    assert lab.connected == 0
    assert "not complete yet" in report.unfinished["a.svs"]
    assert report.exit_code == 0


def test_a_slide_that_stays_cut_off_has_failed(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, OLD)
    write(lab.folder / "b.svs", WHOLE, OLD)
    report = lab.once()
    assert lab.stored() == ["b.svs"]
    assert report.failed["a.svs"].startswith("cut off: ")
    assert "--send-incomplete" in report.failed["a.svs"]
    assert report.exit_code == 1


def test_a_slide_that_is_cut_off_is_sent_when_asked_for(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, OLD)
    report = lab.once(send_incomplete=True)
    assert lab.archive.objects == {"slides/scanner-1/a.svs": CUT}
    assert report.exit_code == 0


def test_a_whole_file_that_is_no_slide_is_sent_for_the_import_to_judge(lab: Lab) -> None:
    write(lab.folder / "a.svs", b"\xff\xd8 not a TIFF at all", OLD)
    lab.once()
    assert lab.stored() == ["a.svs"]


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_sent(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    write(lab.folder / "b.svs", WHOLE, OLD)

    def guarded(path: Path) -> object:
        if path.name == "a.svs":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path)

    monkeypatch.setattr("labsight_lab.sync.passes.opened", guarded)
    report = lab.once()
    assert lab.stored() == ["b.svs"]
    assert report.failed == {"a.svs": "cannot be read: Permission denied"}
    assert report.exit_code == 1


def test_a_file_held_by_a_writer_waits(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    monkeypatch.setattr("labsight_lab.sync.passes.held_by_a_writer", lambda _: True)
    assert lab.once().unfinished == {"a.svs": "another program is writing to it"}
    assert lab.stored() == []


def test_a_preview_sends_nothing_and_connects_to_nothing(lab: Lab) -> None:
    write(lab.folder / "old.svs", WHOLE, OLD)
    write(lab.folder / "young.svs", WHOLE, NOW)
    write(lab.folder / "cut.svs", CUT, NOW - 60)
    passes = lab.passes(journal=False)
    passes.quiet.trusted_age = 0
    passes.preview()
    assert [sent.key for sent in passes.report.planned] == ["slides/scanner-1/old.svs"]
    assert sorted(passes.report.unfinished) == ["cut.svs", "young.svs"]
    assert passes.report.bytes == len(WHOLE)
    assert lab.connected == 0


def test_an_upload_whose_file_was_taken_away_is_dropped(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SINGLE_MAX", 1000)
    monkeypatch.setattr(sending, "part_size", lambda _: 1000)
    file = write(lab.folder / "a.czi", noise(5000), OLD)

    def fail(request: str) -> None:
        if request == "complete":
            raise StorageUnavailable("503")

    lab.archive.before = fail
    assert lab.once().exit_code == 1
    assert len(lab.archive.uploads) == 1
    file.unlink()
    lab.once()
    assert lab.archive.uploads == {}


def watching(lab: Lab, passes: Passes, looks: int) -> list[str]:
    said: list[str] = []
    remaining = iter(range(looks - 1))

    def sleep(seconds: float) -> None:
        lab.sleep(seconds)
        if next(remaining, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch.for_ever(passes, said.append, 5.0, sleep)
    return said


def test_a_watch_sends_what_appears(lab: Lab) -> None:
    passes = lab.passes()
    lab.during_sleep = lambda: (write(lab.folder / "new.svs", WHOLE, NOW + 1), None)[1]
    watching(lab, passes, 4)
    assert lab.stored() == ["new.svs"]


def test_a_watch_names_a_problem_once(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, OLD)
    said = watching(lab, lab.passes(), 4)
    assert [text.partition(": image")[0] for text in said] == ["failed: a.svs: cut off"]


def test_a_watch_tries_a_failed_file_again_after_a_minute(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)

    def fail_until_later(request: str) -> None:
        if request == "put" and lab.now < NOW + 50:
            raise StorageUnavailable("503")

    lab.archive.before = fail_until_later
    passes = lab.passes()
    said = watching(lab, passes, 14)
    assert said == ["failed: a.svs: 503"]
    assert lab.archive.requests == ["open_uploads", "put", "put"]
    assert passes.report.failed == {}
    assert lab.stored() == ["a.svs"]


@pytest.mark.parametrize("error", [SettingsError("no such bucket"), Denied("no right")])
def test_a_watch_ends_at_once_when_it_cannot_begin(lab: Lab, error: LabsightError) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    lab.archive.before = lambda _: (_ for _ in ()).throw(error)
    with pytest.raises(type(error)):
        watch.for_ever(lab.passes(), lambda _: None, 5.0, lab.sleep)
    assert lab.slept == []


def test_a_watch_of_an_empty_folder_ends_at_once_when_the_archive_cannot_be_used(lab: Lab) -> None:
    lab.archive.before = lambda _: (_ for _ in ()).throw(Rejected("no such bucket"))
    with pytest.raises(Rejected):
        watch.for_ever(lab.passes(), lambda _: None, 5.0, lab.sleep)
    assert lab.slept == []


def test_a_watch_asks_once_and_needs_no_right_to_get_an_answer(lab: Lab) -> None:
    lab.archive.before = lambda _: (_ for _ in ()).throw(Denied("not this"))
    assert watching(lab, lab.passes(), 4) == []
    assert lab.archive.requests == ["open_uploads"]


def test_a_watch_names_what_is_not_proven(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    lab.archive.after = lambda name: (_ for _ in ()).throw(Killed()) if name == "put" else None
    passes = lab.passes()
    with pytest.raises(Killed):
        Transfer(lab.archive, lab.journals[0], lambda *_: None).send(
            candidates(lab.folder, lab.journals[0])[0]
        )
    lab.archive.after = lambda _: None
    (said,) = watching(lab, passes, 3)
    assert said.startswith("not proven to be in the archive: a.svs: ")
    assert passes.report.exit_code == 1


def test_what_is_not_proven_counts_once(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    error = AlreadyThere("taken")
    error.retried = True
    lab.archive.before = lambda _: (_ for _ in ()).throw(error)
    report = lab.once()
    assert (report.exit_code, list(report.existing)) == (1, ["a.svs"])
    report = lab.once()
    assert (report.exit_code, report.unchanged) == (0, 1)


def test_a_watch_outlives_the_network(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)

    def offline(_: str) -> None:
        if lab.now < NOW + 100:
            raise Unreachable("offline")

    lab.archive.before = offline
    said = watching(lab, lab.passes(), 4)
    assert said == ["offline (next try in 60 s)"] * 2
    assert lab.stored() == ["a.svs"]


def test_a_watch_outlives_a_log_in_that_expires(lab: Lab) -> None:
    passes = lab.passes()
    write(lab.folder / "a.svs", WHOLE, OLD)
    passes.send()
    expired = threading.Event()

    def expire() -> None:
        write(lab.folder / f"{lab.now}.svs", WHOLE, OLD)
        if not expired.is_set():
            expired.set()
            lab.archive.before = lambda _: (_ for _ in ()).throw(SettingsError("expired"))
        else:
            lab.archive.before = lambda _: None

    lab.during_sleep = expire
    assert watching(lab, passes, 4) == ["expired (next try in 60 s)"]
    assert len(lab.stored()) >= 3


def test_an_interruption_in_the_middle_reaches_the_caller(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    passes = lab.passes()

    class Interrupting(Silent):
        def say(self, text: str) -> None:
            raise KeyboardInterrupt(text)

    passes.meter = Meter(Interrupting())
    with pytest.raises(KeyboardInterrupt):
        passes.send()
    assert lab.stored() == ["a.svs"]
