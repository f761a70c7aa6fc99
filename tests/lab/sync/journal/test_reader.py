"""Whoever only reads a journal changes nothing, waits for nobody and keeps nobody waiting."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from labsight.errors import SettingsError
from labsight_lab.sync.journal import schema
from labsight_lab.sync.journal.entries import Identity
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.reader import Reader, is_at_work
from labsight_lab.sync.journal.runs import RunLog, latest
from tests.lab.support import open_journal

COUNT = "SELECT count(*) FROM run"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "state #1 50%?" / "j.sqlite"
    open_journal(tmp_path, place).close()
    return place


def identity(folder: Path, **about: str) -> Identity:
    return Identity(folder=folder, **{"bucket": "archive", "source": "scanner-1"} | about)


def contents(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        one.name: (one.stat().st_mtime_ns, one.stat().st_mode, one.read_bytes())
        for one in folder.iterdir()
    }


def test_reading_leaves_no_trace(file: Path, tmp_path: Path) -> None:
    before = contents(file.parent)
    with Reader(file, identity(tmp_path)) as reader:
        assert reader.ask(COUNT) == [(0,)]
        assert contents(file.parent) == before
    assert contents(file.parent) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_may_only_be_read_is_enough(file: Path, tmp_path: Path) -> None:
    file.parent.chmod(0o500)
    with Reader(file, identity(tmp_path)) as reader:
        assert reader.ask(COUNT) == [(0,)]


def test_what_a_run_has_committed_is_seen_and_what_it_does_then_is_not(
    file: Path, tmp_path: Path
) -> None:
    journal = open_journal(tmp_path, file)
    RunLog(journal)
    with Reader(file, identity(tmp_path)) as reader:
        assert len(latest(reader, 9)) == 1
        RunLog(journal)
        assert len(latest(reader, 9)) == 1
        assert list(reader.rows("SELECT number FROM run")) == [(1,)]
    journal.close()


@pytest.mark.parametrize("may_last", [True, False])
def test_nothing_can_be_changed(file: Path, tmp_path: Path, may_last: bool) -> None:
    with Reader(file, identity(tmp_path), may_last=may_last) as reader:
        with pytest.raises(SettingsError, match="readonly"):
            reader.ask("DELETE FROM run")
        with pytest.raises(SettingsError, match="no such table"):
            list(reader.rows("SELECT * FROM neither"))


def test_a_run_that_begins_while_somebody_reads_for_long_does_no_harm(
    file: Path, tmp_path: Path
) -> None:
    with Reader(file, identity(tmp_path), may_last=True) as reader:
        journal = open_journal(tmp_path, file)
        for _ in range(50):
            RunLog(journal)
        journal.close()
        assert reader.ask(COUNT) == [(0,)]
        assert reader.ask("PRAGMA integrity_check") == [("ok",)]


def test_more_rows_than_fit_at_once_come_in_order(file: Path, tmp_path: Path) -> None:
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
        " SELECT i FROM n WHERE i > ?"
    )
    with Reader(file, identity(tmp_path)) as reader:
        assert [row[0] for row in reader.rows(numbers, 3)] == list(range(4, 2501))


def test_another_archives_journal_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="belongs to bucket archive, source scanner-1 at AWS"):
        Reader(file, identity(tmp_path, bucket="another"))


def test_the_folder_may_have_moved(file: Path, tmp_path: Path) -> None:
    with Reader(file, identity(tmp_path / "moved")) as reader:
        assert reader.folder == str(tmp_path)


@pytest.mark.parametrize(("version", "told"), [(1, "older"), (schema.FORMAT + 1, "newer")])
def test_a_journal_of_another_release_is_left_as_it_is(
    file: Path, tmp_path: Path, version: int, told: str
) -> None:
    db = sqlite3.connect(file)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with pytest.raises(SettingsError, match=told):
        Reader(file, identity(tmp_path))


def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / "j.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(SettingsError, match=r"j\.sqlite cannot be read"):
        Reader(tmp_path / "j.sqlite", identity(tmp_path))


class TestLock:
    def test_a_run_at_work_is_seen_as_long_as_it_works(self, file: Path, tmp_path: Path) -> None:
        assert not is_at_work(file)
        journal = open_journal(tmp_path, file)
        assert not is_at_work(file)
        journal.lock()
        assert is_at_work(file)
        assert is_at_work(file)
        journal.close()
        assert not is_at_work(file)

    def test_a_run_that_was_killed_is_not_at_work(self, file: Path, tmp_path: Path) -> None:
        program = (
            "import os, sys\n"
            "from pathlib import Path\n"
            "from labsight_lab.sync.journal.entries import Identity\n"
            "from labsight_lab.sync.journal.journal import Journal\n"
            "from labsight_lab.sync.journal.reader import is_at_work\n"
            "file, folder = map(Path, sys.argv[1:])\n"
            "about = Identity(folder=folder, bucket='archive', source='scanner-1')\n"
            "Journal(file, about).lock()\n"
            "os._exit(0 if is_at_work(file) else 1)\n"
        )
        ran = subprocess.run([sys.executable, "-c", program, file, tmp_path], check=False)
        assert ran.returncode == 0
        assert not is_at_work(file)

    def test_asking_takes_the_lock_from_nobody(self, file: Path, tmp_path: Path) -> None:
        first = open_journal(tmp_path, file)
        first.lock()
        first.close()
        probe = sqlite3.connect(f"{file}.lock", isolation_level=None)
        probe.execute("BEGIN")
        probe.execute("SELECT 1 FROM sqlite_master").fetchall()
        probe.execute("COMMIT")
        second = open_journal(tmp_path, file)
        second.lock()
        assert isinstance(second, Journal)
        second.close()
        probe.close()
