"""The log that is kept for years: a line an event, private, bounded, and never in the way."""

import errno
import io
import json
import logging
import os
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.sync.telling.logs import LONGEST, EventLog, open_log

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
FULL = Path("/dev/full")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "logs"


@pytest.fixture
def stderr() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(folder: Path, stderr: io.StringIO) -> Iterator[EventLog]:
    opened = open_log(folder, "scanner-1", stderr=stderr)
    yield opened
    opened.close()


def events(folder: Path, name: str = "scanner-1.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]


def test_an_event_is_a_line_with_its_fields(log: EventLog, folder: Path) -> None:
    log.note("sent", path="a/s1.svs", key="slides/s/a/s1.svs", bytes=7, seconds=0.5, reason=None)
    log.note("failed", level=logging.ERROR, path=Path("b.svs"), reason="it cannot be read")
    sent, failed = events(folder)
    moment = datetime.fromisoformat(sent.pop("time"))
    assert moment.utcoffset() is not None
    assert abs((datetime.now().astimezone() - moment).total_seconds()) < 60
    assert list(sent.items()) == [
        ("level", "info"),
        ("event", "sent"),
        ("path", "a/s1.svs"),
        ("key", "slides/s/a/s1.svs"),
        ("bytes", 7),
        ("seconds", 0.5),
    ]
    assert (failed["level"], failed["path"]) == ("error", "b.svs")


def test_a_program_without_a_console_logs_to_its_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    log = open_log(folder, "scanner-1")
    log.note("sent", path="a")
    log.close()
    assert len(events(folder)) == 1


def test_nothing_is_made_before_the_first_event(log: EventLog, folder: Path) -> None:
    assert log
    assert not folder.exists()


@POSIX
def test_folder_and_files_are_for_their_user_alone(log: EventLog, folder: Path) -> None:
    before = os.umask(0)
    try:
        log.note("sent", path="Müller, Anna.svs")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "scanner-1.jsonl").stat().st_mode) == 0o600


TEXTS = st.text(
    st.characters(
        categories=["L", "N", "P", "Z", "C"], include_characters="\udcff\x1b\x7f\n\x85\u2028"
    )
)


@given(event=TEXTS, path=TEXTS, reason=TEXTS)
def test_no_name_breaks_a_line_or_acts_on_a_terminal(event: str, path: str, reason: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        log = open_log(Path(place), "log", stderr=io.StringIO())
        log.note(event, path=path, reason=reason)
        log.note(event, path=path, reason=reason)
        log.close()
        written = (Path(place) / "log.jsonl").read_bytes().decode("utf-8")
    lines = written.split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    first, second = (json.loads(line) for line in written.splitlines())
    assert first["path"] == second["path"]
    if path.isprintable():
        assert first["path"] == path


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_readers_take_every_number(log: EventLog, folder: Path, value: float) -> None:
    log.note("sent", seconds=value, bytes=2**80)
    text = (folder / "scanner-1.jsonl").read_text()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    told = json.loads(text, parse_constant=refuse)
    assert (told["seconds"], told["bytes"]) == (str(value), 2**80)


def test_a_long_text_is_cut(log: EventLog, folder: Path) -> None:
    log.note("failed", reason="x" * 100_000)
    assert events(folder)[0]["reason"] == "x" * LONGEST + "..."


def test_full_files_take_turns(folder: Path, stderr: io.StringIO) -> None:
    log = open_log(folder, "log", largest=1000, kept=3, stderr=stderr)
    for number in range(100):
        log.note("sent", path=f"{number}.svs", bytes=number)
    log.close()
    names = ["log.jsonl.3", "log.jsonl.2", "log.jsonl.1", "log.jsonl"]
    assert {file.name for file in folder.iterdir()} == set(names)
    assert all((folder / name).stat().st_size < 1000 + 100 for name in names)
    kept = [event["bytes"] for name in names for event in events(folder, name)]
    assert kept == list(range(100 - len(kept), 100))
    assert len(kept) > 20


def test_a_second_run_goes_on_in_the_same_file(folder: Path, stderr: io.StringIO) -> None:
    for number in range(3):
        log = open_log(folder, "log", stderr=stderr)
        log.note("started", run=number)
        log.close()
    assert [event["run"] for event in events(folder, "log.jsonl")] == [0, 1, 2]


def test_threads_do_not_mix_their_lines(log: EventLog, folder: Path) -> None:
    def note(who: int) -> None:
        for number in range(50):
            log.note("sent", who=who, number=number)

    crew = [threading.Thread(target=note, args=(who,)) for who in range(8)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    told = {(event["who"], event["number"]) for event in events(folder)}
    assert told == {(who, number) for who in range(8) for number in range(50)}


class TestTrouble:
    def test_a_folder_that_cannot_be_made_is_told_once(
        self, tmp_path: Path, stderr: io.StringIO
    ) -> None:
        (tmp_path / "file").write_text("no folder")
        log = open_log(tmp_path / "file" / "logs", "log", stderr=stderr)
        for _ in range(5):
            log.note("sent", path="a.svs")
        (told,) = stderr.getvalue().splitlines()
        assert told.startswith("labsight: events are missing in the log ")
        assert str(tmp_path / "file" / "logs" / "log.jsonl") in told
        assert "Not a directory" in told

    def test_it_writes_again_when_the_trouble_is_over(
        self, tmp_path: Path, stderr: io.StringIO
    ) -> None:
        (tmp_path / "logs").write_text("no folder")
        log = open_log(tmp_path / "logs", "log", stderr=stderr)
        log.note("sent", path="lost.svs")
        (tmp_path / "logs").unlink()
        log.note("sent", path="kept.svs")
        log.close()
        assert [event["path"] for event in events(tmp_path / "logs", "log.jsonl")] == ["kept.svs"]

    @POSIX
    def test_a_folder_that_somebody_removes_is_made_again(
        self, log: EventLog, folder: Path
    ) -> None:
        log.note("sent", path="before.svs")
        shutil.rmtree(folder)
        log.note("sent", path="after.svs")
        assert [event["path"] for event in events(folder)] == ["after.svs"]

    @pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
    def test_a_full_disk_is_told_once(self, folder: Path, stderr: io.StringIO) -> None:
        folder.mkdir(parents=True)
        (folder / "log.jsonl").symlink_to(FULL)
        log = open_log(folder, "log", stderr=stderr)
        for _ in range(5):
            log.note("sent", path="a.svs")
        log.close()
        assert stderr.getvalue().count(os.strerror(errno.ENOSPC)) == 1

    def test_a_line_that_was_cut_off_spoils_no_other(
        self, folder: Path, stderr: io.StringIO
    ) -> None:
        folder.mkdir(parents=True)
        (folder / "log.jsonl").write_text('{"event": "se')
        log = open_log(folder, "log", stderr=stderr)
        log.note("started")
        log.close()
        _, whole = (folder / "log.jsonl").read_text().splitlines()
        assert json.loads(whole)["event"] == "started"

    def test_a_file_that_cannot_be_renamed_is_gone_on_with_and_older_ones_stay(
        self, folder: Path, stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = open_log(folder, "log", largest=300, kept=3, stderr=stderr)
        for number in range(10):
            log.note("sent", number=number)
        held = {file: file.read_bytes() for file in folder.iterdir()}
        replace = os.replace

        def refuse(source: str, target: str) -> None:
            if source.endswith(".jsonl"):
                raise PermissionError(errno.EACCES, "being used by another process")
            replace(source, target)

        monkeypatch.setattr(os, "replace", refuse)
        for number in range(10, 30):
            log.note("sent", number=number)
        for file, data in held.items():
            assert file.read_bytes().startswith(data)
        monkeypatch.undo()
        log.note("sent", number=30)
        log.close()
        numbers = [
            event["number"]
            for name in ("log.jsonl.1", "log.jsonl")
            for event in events(folder, name)
        ]
        assert numbers[-21:] == list(range(10, 31))
        assert "missing" not in stderr.getvalue()

    def test_nobody_to_tell_of_it_stops_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("no folder")
        closed = io.StringIO()
        log = open_log(tmp_path / "file", "log", stderr=closed)
        closed.close()
        log.note("sent", path="a")
