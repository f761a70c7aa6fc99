"""`labsight status` says how things are, beside a run, and changes nothing."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from labsight.errors import SettingsError
from labsight_lab.sync.journal.entries import Part, State
from labsight_lab.sync.journal.problems import Found
from labsight_lab.sync.journal.runs import RunLog
from labsight_lab.sync.sending.one_file import PART_SIZE
from labsight_lab.sync.source import Fingerprint
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling import status
from labsight_lab.sync.telling.status import StatusOptions
from labsight_lab.sync.telling.status_text import NAMED
from tests.lab.support import write
from tests.lab.sync.telling.made import open_for, row, target


class Lab:
    """A folder with a journal, and its status."""

    def __init__(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = place / "slides"
        self.folder.mkdir()
        self.aim: Target = target(self.folder, place / "state" / "j.sqlite")
        self._capsys = capsys

    def files(self, *paths: str) -> None:
        for path in paths:
            write(self.folder / path, b"x")

    def text(self, **options: Any) -> tuple[int, list[str]]:
        code = status.run(StatusOptions(target=self.aim, **options))
        return code, self._capsys.readouterr().out.splitlines()

    def document(self, **options: Any) -> dict[str, Any]:
        code = status.run(StatusOptions(target=self.aim, as_json=True, **options))
        told: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        assert told["exit_code"] == code
        return told


@pytest.fixture
def lab(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Lab(tmp_path, capsys)


def test_a_folder_that_was_never_synchronised_says_how_to_begin(lab: Lab) -> None:
    code, lines = lab.text()
    assert code == 1
    assert lines[0].startswith(f"nothing was synchronised yet from {lab.folder} to archive as ")
    assert "labsight sync --dry-run" in lines[1]
    told = lab.document()
    assert (told["at_work"], told["run"], told["exit_code"]) == (False, None, 1)
    assert not lab.aim.journal_file.parent.exists()


def test_a_folder_that_is_well_needs_nobody(lab: Lab) -> None:
    journal = open_for(lab.aim)
    journal.write([row("a.svs", State.VERIFIED), row("b.svs")])
    log = RunLog(journal)
    log.looked(files=2, bytes=2000)
    log.ended(0)
    journal.close()
    code, lines = lab.text()
    assert code == 0
    assert lines[0] == f"{lab.folder} -> s3://archive/slides/scanner-1/"
    told = {line[2:12].strip(): line[13:] for line in lines[1:-1]}
    ended = r"ended .* with exit code 0; looked [\d.]+ s ago; sent 2 files, 2\.0 kB"
    assert re.fullmatch(ended, told["run"])
    assert told["archived"] == "2 files, 2.0 kB"
    assert told["verified"].startswith("1 of 2 objects; the oldest of the others was sent 2026-")
    assert told["journal"].startswith(f"{lab.aim.journal_file} (")
    assert told["service"] == "none installed"
    assert lines[-1] == "nobody has to look"


def test_reading_the_status_changes_nothing(lab: Lab) -> None:
    journal = open_for(lab.aim)
    journal.write([row("a.svs", State.FAILED, reason="503")])
    journal.close()
    folder = lab.aim.journal_file.parent
    before = {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.iterdir()}
    lab.text()
    after = {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.iterdir()}
    assert after == before


def test_a_run_at_work_is_shown_with_what_it_is_sending(lab: Lab) -> None:
    journal = open_for(lab.aim)
    journal.lock()
    begun = Fingerprint(4 * PART_SIZE, 1)
    journal.write(
        [
            row("big.svs", State.UPLOADING, upload="u", fingerprint=begun),
            row("c.svs", State.UPLOADING),
            row("d.svs", State.UPLOADING),
        ]
    )
    for number in (1, 2, 3):
        journal.write_part("big.svs", Part(number, "etag"), 7)
    RunLog(journal).looked(files=5, bytes=500, waiting=2)
    code, lines = lab.text()
    assert code == 0
    text = "\n".join(lines)
    assert "  run        at work since " in text
    assert "; sent 5 files, 500 B" in text
    assert "  sending    big.svs 75 % of 67.1 MB, and 2 other files" in text
    assert "  waiting    2 slides that may still be written to" in text
    told = lab.document()
    assert told["at_work"]
    assert told["sending"] == [{"path": "big.svs", "bytes": 4 * PART_SIZE, "percent": 75}]
    assert (told["sending_others"], told["waiting"]) == (2, 2)
    journal.close()
    assert "  begun      big.svs 75 % of 67.1 MB" in "\n".join(lab.text()[1])


def test_problems_are_named_with_reasons_and_what_to_do(lab: Lab) -> None:
    lab.files("a.svs", "b.svs", "cut.svs")
    journal = open_for(lab.aim)
    journal.write(
        [
            row("a.svs", State.FAILED, reason="cannot be read"),
            row("b.svs", State.CONFLICT, reason="taken"),
            row("e\x1b.svs", State.EXISTS, reason="its answer was lost"),
        ]
    )
    log = RunLog(journal)
    log.looked(files=0, bytes=0, problems={"cut.svs": Found("unfinished", "it ends early")})
    log.ended(1)
    journal.close()
    code, lines = lab.text()
    assert code == 1
    start = lines.index("somebody has to look:")
    assert [line.partition(" (since ")[0] for line in lines[start + 1 :]] == [
        "failed (1):",
        "  a.svs: cannot be read",
        lines[start + 3],
        "conflict (1):",
        "  b.svs: taken",
        "  what to do: `labsight verify` compares it with what the archive holds",
        "not proven to be in the archive (1):",
        "  e\\x1b.svs: its answer was lost",
        "  what to do: `labsight verify` asks the archive and proves it",
    ]
    assert "not finished (1), looked at again and again:" in lines[:start]
    told = lab.document()
    assert [one["path"] for one in told["problems"]["exists"]] == ["e\\x1b.svs"]
    assert [one["path"] for one in told["problems"]["unfinished"]] == ["cut.svs"]
    assert [one["what"] for one in told["to_do"]] == [
        "failed (1)",
        "conflict (1)",
        "not proven to be in the archive (1)",
    ]


def test_what_is_not_finished_alone_needs_nobody(lab: Lab) -> None:
    journal = open_for(lab.aim)
    log = RunLog(journal)
    log.looked(files=0, bytes=0, problems={"s1/": Found("unfinished", "lacks s1/2.dat")})
    log.ended(0)
    journal.close()
    assert lab.text()[0] == 0


def test_many_problems_are_named_in_part_and_counted(lab: Lab) -> None:
    names = [f"{n:03}.svs" for n in range(NAMED + 5)]
    lab.files(*names)
    journal = open_for(lab.aim)
    journal.write([row(name, State.FAILED, reason=f"no {name}") for name in names])
    journal.close()
    _, lines = lab.text()
    assert sum(": no " in line for line in lines) == NAMED
    assert "  and 5 more, which --json names" in lines
    assert len(lab.document()["problems"]["failed"]) == NAMED + 5


def test_problems_of_one_reason_are_told_together(lab: Lab) -> None:
    names = [f"{n:03}.svs" for n in range(200)]
    lab.files(*names)
    journal = open_for(lab.aim)
    taken = "the archive already holds slides/scanner-1/{}, which this folder did not send"
    journal.write([row(name, State.CONFLICT, reason=taken.format(name)) for name in names])
    journal.close()
    _, lines = lab.text()
    (told,) = (line for line in lines if "which this folder did not send" in line)
    assert told.startswith("  200 of them: the archive already holds an object of its name, which")
    assert "(since 20" in told
    assert sum(line.endswith(".svs") for line in lines) == 10
    assert "    and 190 more, which --json names" in lines
    conflicts = lab.document()["problems"]["conflict"]
    assert {one["reason"] for one in conflicts} == {taken.format(name) for name in names}


def test_what_was_never_archived_and_is_gone_is_told(lab: Lab) -> None:
    journal = open_for(lab.aim)
    journal.write([row(f"{n}.svs", State.FAILED) for n in range(5)])
    journal.close()
    code, lines = lab.text()
    assert code == 0
    assert "never archived, and not in the folder any more (5): 0.svs, 1.svs, 2.svs, ..." in lines


class TestRun:
    @pytest.mark.parametrize(
        ("end", "code", "told"),
        [
            (lambda log: log.ended(0), 0, None),
            (lambda log: log.ended(130), 0, None),
            (lambda log: log.ended(1), 0, None),  # what it is about is told file by file
            (lambda log: log.ended(1, "no answer"), 1, "the last run ended with 1: no answer"),
            (lambda log: log.ended(2, "no such bucket"), 1, "the last run ended with 2: no such"),
            (lambda _log: None, 1, "the last run was cut off"),
        ],
    )
    def test_how_the_last_one_ended_decides(
        self, lab: Lab, end: Callable[[RunLog], None], code: int, told: str | None
    ) -> None:
        journal = open_for(lab.aim)
        end(RunLog(journal))
        journal.close()
        found, lines = lab.text()
        assert found == code
        assert (told is None) or any(line.startswith(told) for line in lines)

    def test_one_that_cannot_send_anything_needs_somebody(self, lab: Lab) -> None:
        journal = open_for(lab.aim)
        journal.lock()
        RunLog(journal).looked(files=0, bytes=0, trouble="offline")
        code, lines = lab.text()
        journal.close()
        assert code == 1
        assert "nothing can be sent: offline" in lines

    def test_a_trouble_that_is_over_is_told_and_needs_nobody(self, lab: Lab) -> None:
        journal = open_for(lab.aim)
        RunLog(journal).ended(2, "expired")
        RunLog(journal).ended(0)
        journal.close()
        code, lines = lab.text()
        assert code == 0
        (told,) = (line for line in lines if line.startswith("  trouble    last on "))
        assert told.endswith(": expired")
        assert lab.document()["last_trouble"]["trouble"] == "expired"
        assert lab.document()["trouble_over"] is None

    def test_a_trouble_is_over_since_something_was_sent(self, lab: Lab) -> None:
        journal = open_for(lab.aim)
        RunLog(journal).ended(2, "expired")
        for files in (0, 2, 3):
            log = RunLog(journal)
            log.looked(files=files, bytes=files)
            log.ended(0)
        journal.change(lambda db: db.execute("UPDATE run SET ended = number * 100000"))
        journal.close()
        (told,) = (line for line in lab.text()[1] if line.startswith("  trouble    last on "))
        over = datetime.fromtimestamp(300_000).astimezone()
        assert told.endswith(f": expired; over: files were sent on {over:%Y-%m-%d %H:%M}")
        assert datetime.fromisoformat(lab.document()["trouble_over"]) == over

    def test_a_trouble_that_was_not_met_again_may_not_be_over(self, lab: Lab) -> None:
        journal = open_for(lab.aim)
        RunLog(journal).ended(2, "expired")
        for _ in range(2):
            log = RunLog(journal)
            log.looked(files=0, bytes=0)
            log.ended(0)
        journal.close()
        (told,) = (line for line in lab.text()[1] if line.startswith("  trouble    last on "))
        assert told.endswith(": expired; 2 runs since did not meet it, and sent nothing")

    def test_files_that_never_arrived_are_not_being_sent(self, lab: Lab) -> None:
        journal = open_for(lab.aim)
        journal.write([row(f"{n}.svs", State.UPLOADING) for n in range(19)])
        journal.lock()
        log = RunLog(journal)
        log.looked(files=0, bytes=0, trouble="there is no bucket")
        _, lines = lab.text()
        journal.close()
        untold = "  begun      19 files, not known to have arrived; to be sent"
        assert f"{untold} when it goes on" in lines
        journal = open_for(lab.aim)
        log = RunLog(journal)
        log.ended(2, "there is no bucket")
        journal.close()
        assert f"{untold} by the next run" in lab.text()[1]

    def test_none_yet(self, lab: Lab) -> None:
        open_for(lab.aim).close()
        code, lines = lab.text()
        assert (code, lab.document()["run"]) == (0, None)
        assert "  run        none yet" in lines


class TestService:
    @pytest.fixture
    def settings(self, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Settings with a service of systemd on a machine of the test's own."""
        open_for(lab.aim).close()
        from labsight_lab.service import here as room  # noqa: PLC0415 - needed here alone

        machine = room.Here(
            platform="linux", home=tmp_path, user="lab", python="/python", root=tmp_path
        )
        monkeypatch.setattr(room, "this_machine", lambda: machine)
        file = tmp_path / "scanner-1.toml"
        spec = machine.spec(str(file))
        place = machine.manager().folder(system=False)
        place.mkdir(parents=True)
        (place / f"{spec.name}.service").write_bytes(machine.manager().written(spec))
        return file

    def test_that_of_the_settings_is_named(self, lab: Lab, settings: Path) -> None:
        assert lab.document(settings=settings)["service"] == "labsight-scanner-1"
        assert lab.document(settings=settings.with_name("other.toml"))["service"] is None
        assert lab.document()["service"] is None

    def test_one_that_does_not_work_needs_somebody(self, lab: Lab, settings: Path) -> None:
        code, lines = lab.text(settings=settings)
        assert code == 1
        assert "the service labsight-scanner-1 is installed, and no run is at work" in lines
        journal = open_for(lab.aim)
        journal.lock()
        assert lab.text(settings=settings)[0] == 0
        journal.close()


def test_the_journal_of_another_folder_says_so(lab: Lab) -> None:
    open_for(lab.aim).close()
    lab.aim = replace(lab.aim, folder=lab.folder.with_name("moved"))
    _, lines = lab.text()
    assert f"  moved      the journal was kept for {lab.folder} until now" in lines


def test_another_archives_journal_is_refused(lab: Lab) -> None:
    open_for(lab.aim).close()
    lab.aim = replace(lab.aim, bucket="another")
    with pytest.raises(SettingsError, match="belongs to bucket archive"):
        lab.text()


def test_it_fits_into_80_columns(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a name that is as long as some are.svs"
    lab.files(name)
    journal = open_for(lab.aim)
    journal.write([row(name, State.FAILED, reason="a reason of many words " * 9)])
    RunLog(journal).looked(files=1, bytes=1, trouble="a trouble of many words " * 9)
    journal.close()
    monkeypatch.setattr("labsight_lab.sync.telling.out.width", lambda: 80)
    _, lines = lab.text()
    places = (str(lab.folder), str(lab.aim.journal_file.parent))
    assert max(len(line) for line in lines if not any(place in line for place in places)) <= 80
    assert f"  {name}" in lines
    assert os.sep in lines[0]


def test_what_verifying_missed_in_the_archive_needs_somebody(lab: Lab) -> None:
    told_by = "`labsight verify`: there is no object slides/scanner-1/a.svs"
    journal = open_for(lab.aim)
    journal.write([row("a.svs", reason=told_by), row("b.svs", State.VERIFIED)])
    journal.close()
    code, lines = lab.text()
    assert code == 1
    assert "not in the archive any more as it was sent (1):" in lines
    assert f"  a.svs: {told_by}" in lines
    assert "`labsight verify --resend PATH`" in lines[-1]
    assert "  archived   1 file, 1.0 kB" in lines
    document = lab.document()
    assert document["problems"]["lost"] == [{"path": "a.svs", "reason": told_by, "since": None}]
    assert document["by_state"]["lost"]["slides"] == 1
