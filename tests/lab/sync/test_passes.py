"""Passes over a folder: what is sent, what waits, what is told."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from awscrt.checksums import crc64nvme

from labsight.errors import StorageUnavailable
from labsight.slides import units
from labsight_lab.sync import judging
from labsight_lab.sync.finished.check import unfinished
from labsight_lab.sync.look.group import Group
from labsight_lab.sync.passes import STILL_WRITTEN
from labsight_lab.sync.sending import one_file, parts
from labsight_lab.sync.sending.archive import AlreadyThere
from labsight_lab.sync.sending.content import FileContent
from labsight_lab.sync.source import written
from labsight_lab.sync.telling.progress import Silent
from tests.lab.support import Killed, killed_at_entry, noise, write
from tests.lab.sync.by_hand import CUT, NOW, OLD, WHOLE, Lab, send
from tests.lab.sync.full_disk import Disk
from tests.support.dicom_samples import coloured, other
from tests.support.mrxs import make_mrxs


class Told(Silent):
    """A display that remembers what was announced."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []

    def begin(self, files: int, total: int) -> None:
        self.begun.append((files, total))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(tmp_path)) as made:
        yield made


def test_old_files_are_sent_without_waiting(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    report = lab.once()
    assert lab.slept == []
    assert lab.stored() == ["a.svs"]
    assert (report.exit_code, report.bytes) == (0, len(WHOLE))


def test_what_arrived_before_a_stop_is_told(lab: Lab) -> None:
    for n in range(3):
        write(lab.folder / f"{n}.svs", noise(100 + n), OLD)
    passes = lab.passes()
    passes.look()
    until = time.monotonic() + 10
    while len(lab.archive.objects) < 3 and time.monotonic() < until:
        time.sleep(0.001)
    passes.stop()
    assert passes.report.sent_files == 3


def test_nothing_new_means_no_connection(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    lab.once()
    assert lab.connected == 1
    report = lab.once()
    assert lab.connected == 1
    assert (report.unchanged, report.sent_files) == (1, 0)


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
        send(passes)
        lab.now += 4
    assert lab.stored() == []
    lab.now += 1
    send(passes)
    assert lab.archive.objects == {"slides/scanner-1/a.czi": noise(300)}


def test_a_slide_that_is_cut_off_is_read_and_announced_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[str] = []

    def checking(folder: Path, group: Group, held: FileContent | None) -> str | None:
        checks.append(group.place)
        return unfinished(folder, group, held)

    monkeypatch.setattr(judging, "unfinished", checking)
    lab.display = Told()
    passes = lab.passes()
    cut = write(lab.folder / "cut.svs", CUT, NOW - 60)
    for _ in range(5):
        send(passes)
        lab.now += 5
    assert checks == ["cut.svs"]
    assert "not complete yet" in passes.report.unfinished["cut.svs"]
    assert lab.display.begun == [(1, len(CUT))]
    write(cut, WHOLE, NOW - 30)
    for _ in range(3):
        send(passes)
        lab.now += 5
    assert lab.stored() == ["cut.svs"]


def test_a_slide_that_is_cut_off_is_not_sent(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, NOW - 60)
    report = lab.once()
    assert lab.archive.requests == []
    assert "not complete yet" in report.unfinished["a.svs"]
    assert report.exit_code == 0


def test_a_slide_that_stays_cut_off_has_failed(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, NOW - 86_500)
    write(lab.folder / "b.svs", WHOLE, OLD)
    report = lab.once()
    assert lab.stored() == ["b.svs"]
    assert report.failed["a.svs"].startswith("incomplete: ")
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

    def guarded(folder: Path, group: Group, held: FileContent | None) -> str | None:
        if group.place == "a.svs":
            raise PermissionError(13, "Permission denied", group.place)
        return unfinished(folder, group, held)

    monkeypatch.setattr(judging, "unfinished", guarded)
    report = lab.once()
    assert lab.stored() == ["b.svs"]
    assert report.failed == {"a.svs": "cannot be read: Permission denied"}
    assert report.exit_code == 1


def test_a_file_held_by_a_writer_waits(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    monkeypatch.setattr(judging, "held_by_a_writer", lambda _: True)
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


def test_what_is_sent_again_as_a_revision_is_previewed_and_told_so(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    lab.once()
    write(lab.folder / "a.svs", noise(700), OLD + 1)
    preview = lab.passes()
    preview.preview()
    assert [sent.key for sent in preview.report.planned] == ["slides/scanner-1/a~r2.svs"]
    assert lab.once().sent_files == 1
    assert lab.stored() == ["a.svs", "a~r2.svs"]


def test_an_upload_whose_file_was_taken_away_is_dropped(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_file, "PART_SIZE", 1000)
    monkeypatch.setattr(parts, "part_size", lambda _: 1000)
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


def test_what_is_not_proven_counts_once(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    error = AlreadyThere("taken")
    error.retried = True
    lab.archive.before = lambda _: (_ for _ in ()).throw(error)
    report = lab.once()
    assert (report.exit_code, list(report.existing)) == (1, ["a.svs"])
    report = lab.once()
    assert (report.exit_code, report.unchanged) == (0, 1)


def slide_of_several_files(folder: Path) -> list[str]:
    """Write a small MIRAX slide; return its paths, the one to open first."""
    files = make_mrxs("s1", 3)
    for path, data in files.items():
        write(folder / path, data, OLD)
    first, *others = sorted(files, key=lambda path: (not path.endswith(".mrxs"), path))
    return [first, *others]


def test_a_unit_that_cannot_be_closed_is_not_begun(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide_of_several_files(lab.folder)
    monkeypatch.setattr(units, "MAX_BYTES", 600)
    report = lab.once()
    assert "the paths of its 6 files are too long" in report.failed["s1/"]
    assert lab.archive.requests == []


def test_a_unit_arrives_member_by_member_and_is_closed_last(lab: Lab) -> None:
    unit = slide_of_several_files(lab.folder)
    report = lab.once()
    assert report.failed == {}
    assert list(lab.archive.described)[-1] == "slides/scanner-1/s1/unit.json"
    closed = units.read(lab.archive.objects["slides/scanner-1/s1/unit.json"])
    assert closed.kind == "mrxs"
    assert [member.path for member in closed.members] == unit
    for member in closed.members:
        data = (lab.folder / member.path).read_bytes()
        assert (member.size, member.checksum) == (len(data), written(crc64nvme(data)))
        assert "labsight-unit" in lab.archive.described[f"slides/scanner-1/{member.path}"].metadata
    requests = len(lab.archive.requests)
    assert lab.once().sent_files == 0
    assert len(lab.archive.requests) == requests


def test_a_unit_with_a_late_file_waits_and_is_closed_once(lab: Lab) -> None:
    slide_of_several_files(lab.folder)
    late = "s1/Data0002.dat"
    data = (lab.folder / late).read_bytes()
    (lab.folder / late).unlink()
    passes = lab.passes()
    send(passes)
    assert lab.stored() == []
    assert "Data0002.dat" in passes.report.unfinished["s1/"]
    write(lab.folder / late, data, lab.now)
    for _ in range(4):
        lab.now += 3
        send(passes)
    assert lab.stored()[-1] == "s1/unit.json"
    assert lab.archive.requests.count("put") == 7


def test_a_file_added_to_a_unit_later_makes_its_next_revision(lab: Lab) -> None:
    unit = slide_of_several_files(lab.folder)
    lab.once()
    write(lab.folder / "s1" / "notes.txt", b"late", OLD)
    assert lab.once().exit_code == 0
    assert "s1~r2/unit.json" in lab.stored()
    second = units.read(lab.archive.objects["slides/scanner-1/s1~r2/unit.json"])
    assert sorted(m.path for m in second.members) == sorted([*unit, "s1/notes.txt"])
    assert lab.once().sent_files == 0


def test_a_member_that_was_only_touched_leaves_its_unit_as_it_was(lab: Lab) -> None:
    slide_of_several_files(lab.folder)
    lab.once()
    requests = len(lab.archive.requests)
    touched = lab.folder / "s1" / "Data0002.dat"
    write(touched, touched.read_bytes(), OLD + 1)
    for _ in range(2):
        report = lab.once()
        assert (report.sent_files, report.exit_code) == (0, 0)
    assert len(lab.archive.requests) == requests


def test_a_member_scanned_again_is_named_by_its_revision(lab: Lab) -> None:
    slide_of_several_files(lab.folder)
    lab.once()
    again = lab.folder / "s1" / "Data0002.dat"
    write(again, again.read_bytes() + b"more", OLD + 1)
    assert lab.once().exit_code == 0
    second = units.read(lab.archive.objects["slides/scanner-1/s1~r2/unit.json"])
    assert {m.path: m.revision for m in second.members}["s1/Data0002.dat"] == 2
    assert lab.archive.objects["slides/scanner-1/s1/Data0002~r2.dat"] == again.read_bytes()


@pytest.mark.parametrize("nth", range(1, 18))
def test_a_unit_killed_at_any_request_is_closed_once_by_the_next_run(lab: Lab, nth: int) -> None:
    slide_of_several_files(lab.folder)
    calls = count(1)

    def die(_: str) -> None:
        if next(calls) == nth:
            raise Killed

    lab.archive.before = lab.archive.after = die
    with suppress(Killed):
        lab.once()
    lab.archive.before = lab.archive.after = lambda _: None
    lab.once()
    assert lab.stored().count("s1/unit.json") == 1
    assert len(lab.stored()) == 7
    assert list(lab.archive.described)[-1] == "slides/scanner-1/s1/unit.json"
    assert lab.once().sent_files == 0


@pytest.mark.parametrize("nth", range(1, 6))
def test_a_unit_killed_at_any_journal_entry_of_its_revision_is_closed_by_the_next_run(
    lab: Lab, nth: int
) -> None:
    slide_of_several_files(lab.folder)
    lab.once()
    again = lab.folder / "s1" / "Data0002.dat"
    write(again, again.read_bytes() + b"more", OLD + 1)
    with killed_at_entry(nth):
        lab.once()
    lab.once()
    assert lab.stored().count("s1~r2/unit.json") == 1
    assert lab.once().sent_files == 0


@pytest.mark.parametrize("is_declared", [False, True])
def test_a_slide_whose_data_file_would_not_be_found_is_refused_until_it_is_renamed(
    lab: Lab, *, is_declared: bool
) -> None:
    slide_of_several_files(lab.folder)
    file = (lab.folder / "s1" / "Data0001.dat").rename(lab.folder / "s1" / "DATA0001.dat")
    if is_declared:
        write(lab.folder / "s1.complete", b"", NOW)
    report = lab.once(send_incomplete=True)
    assert list(report.failed) == ["s1/"]
    assert "'s1/DATA0001.dat' is not found by this name" in report.failed["s1/"]
    assert report.failed["s1/"].endswith("rename it to 'Data0001.dat'")
    assert not lab.archive.objects
    file.rename(file.with_name("Data0001.dat"))
    assert lab.once().failed == {}
    assert "s1/unit.json" in lab.stored()


def test_what_its_writer_declares_finished_is_sent_though_it_seemed_cut_off(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, NOW)
    passes = lab.passes()
    for _ in range(2):
        lab.now += 30
        send(passes)
    assert list(passes.report.unfinished) == ["a.svs"]
    write(lab.folder / "a.svs.complete", b"", NOW)
    send(passes)
    assert lab.stored() == ["a.svs"]


def test_what_is_declared_finished_is_sent_at_once(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, NOW)
    write(lab.folder / "a.svs.complete", b"", NOW)
    lab.once()
    assert lab.slept == []
    assert lab.stored() == ["a.svs"]


def test_a_look_goes_on_while_something_is_being_sent(lab: Lab) -> None:
    let_go, slow = threading.Event(), threading.Event()

    def hold(_: str) -> None:
        if not slow.is_set():
            slow.set()
            assert let_go.wait(20)

    write(lab.folder / "slow.svs", WHOLE, OLD)
    lab.archive.before = hold
    passes = lab.passes(steady=time.monotonic)
    passes.look()
    assert slow.wait(20)
    write(lab.folder / "new.svs", WHOLE, OLD)
    passes.look()
    while lab.stored() != ["new.svs"]:
        passes.attend(0.05)
    let_go.set()
    passes.finish()
    assert lab.stored() == ["new.svs", "slow.svs"]
    assert passes.report.sent_files == 2


def test_a_unit_of_which_files_were_cleaned_and_others_removed_by_hand_is_settled(
    lab: Lab,
) -> None:
    file = coloured()
    for number in (1, 2, 3):
        write(lab.folder / "case" / f"{number}.dcm", other(file, f"1.2.{number}").content(), OLD)
    lab.once()
    cleaned = lab.journals[-1].entry("case/1.dcm")
    assert cleaned is not None
    lab.journals[-1].write([replace(cleaned, removed=NOW)])
    for number in (1, 2):
        (lab.folder / "case" / f"{number}.dcm").unlink()
    write(lab.folder / "case" / "4.dcm", other(file, "1.2.4").content(), OLD)
    assert lab.once().sent_files == 1  # what was removed by hand is no part of it any more
    lab.connected = 0
    report = lab.once()
    assert (lab.connected, report.unchanged, report.exit_code) == (0, 2, 0)


def test_a_late_part_of_a_series_joins_those_that_were_cleaned_up(lab: Lab) -> None:
    file = coloured()
    for number in (1, 2):
        write(lab.folder / "case" / f"{number}.dcm", other(file, f"1.2.{number}").content(), OLD)
    lab.once()
    (unit,) = [key for key in lab.stored() if key.endswith("unit.json")]
    journal = lab.journals[-1]
    entry = journal.entry("case/1.dcm")
    assert entry is not None
    journal.write([replace(entry, removed=NOW)])
    (lab.folder / "case" / "1.dcm").unlink()
    assert lab.once().sent_files == 0
    write(lab.folder / "case" / "3.dcm", other(file, "1.2.3").content(), OLD)
    assert lab.once().exit_code == 0
    second = unit.replace("/unit.json", "~r2/unit.json")
    members = units.read(lab.archive.objects[f"slides/scanner-1/{second}"]).members
    assert sorted(m.path for m in members) == [f"case/{number}.dcm" for number in (1, 2, 3)]
    assert lab.once().sent_files == 0


@pytest.mark.parametrize("is_cleaned", [True, False])
def test_a_series_whose_place_another_has_is_named_before_any_byte(
    lab: Lab, *, is_cleaned: bool
) -> None:
    one, another = (
        coloured(more={0x0020000E: ("UI", uid)}).content()
        for uid in (b"1.2.91718", b"1.2.115248")  # their SHA-256 begin alike
    )
    write(lab.folder / "case" / "1.dcm", one, OLD)
    assert lab.once().sent_files == 1
    if is_cleaned:
        (lab.folder / "case" / "1.dcm").unlink()
    stored, lab.archive.requests = lab.stored(), []
    write(lab.folder / "case" / "2.dcm", another, OLD)
    report = lab.once()
    assert list(report.failed) == ["case/2.dcm"]
    assert (lab.stored(), lab.archive.requests) == (stored, [])


def test_a_cut_off_file_from_the_future_fails_after_a_day_of_our_own_clock(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, NOW + 10 * 86_400)
    passes = lab.passes()
    for _ in range(3):
        send(passes)
        lab.now += 10
    assert "a.svs" in passes.report.unfinished
    lab.now += 86_400
    send(passes)
    assert passes.report.failed["a.svs"].startswith("incomplete: ")


def test_a_share_that_answers_with_errors_ends_no_watch_and_costs_no_upload(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_file, "PART_SIZE", 1000)
    monkeypatch.setattr(parts, "part_size", lambda _: 1000)
    write(lab.folder / "a.czi", noise(5000), OLD)

    def fail(request: str) -> None:
        if request == "complete":
            raise StorageUnavailable("503")

    lab.archive.before = fail
    lab.once()
    assert len(lab.archive.uploads) == 1
    with monkeypatch.context() as away:

        def broken(_: str) -> object:
            raise OSError(5, "Input/output error")

        away.setattr(os, "scandir", broken)
        report = lab.once()
    assert report.failed == {str(lab.folder): "the folder cannot be read: Input/output error"}
    assert len(lab.archive.uploads) == 1
    lab.archive.before = lambda _: None
    assert lab.once().exit_code == 0
    assert lab.stored() == ["a.czi"]


def test_to_stop_is_possible_while_the_journal_s_disk_is_full(lab: Lab) -> None:
    passes, answered = lab.passes(), threading.Event()
    disk = Disk(lab.journals[0])

    def fill(request: str) -> None:
        if request == "put":
            disk.is_full = True
            answered.set()

    lab.archive.after = fill
    write(lab.folder / "a.svs", WHOLE, OLD)
    passes.look()
    assert answered.wait(20)
    passes.stop()
    disk.is_full = False
    send(passes)
    assert lab.archive.requests == ["put"]
    assert lab.once().unchanged == 1
