import json
import re
import sqlite3
from pathlib import Path

import pytest

from labsight.errors import Conflict, SettingsError
from labsight_lab.sync.checking.record import KEPT, REMOVED, REMOVING, Record, moment, place_beside


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def lines(journal: Path) -> list[object]:
    return [json.loads(line) for line in place_beside(journal).read_bytes().splitlines() if line]


def test_lines_are_added_over_the_years(journal: Path) -> None:
    for year in range(3):
        with Record(journal, lambda year=year: year + 0.1237) as record:  # type: ignore[misc]
            assert record.note(REMOVING, f"{year}.svs", size=7) == year + 0.123
            record.note(REMOVED, f"{year}.svs")
    at = moment(1.123)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.123[+-]\d\d:\d\d", at)
    assert lines(journal)[2:4] == [
        {"at": at, "what": "removing", "path": "1.svs", "size": 7},
        {"at": at, "what": "removed", "path": "1.svs"},
    ]
    assert len(lines(journal)) == 6


def test_what_was_announced_and_not_ended_is_told(journal: Path) -> None:
    with Record(journal) as record:
        for path in ("a", "b", "c", "odd\udcff\n.svs"):
            record.note(REMOVING, path)
        record.note(REMOVED, "a")
        record.note(KEPT, "c", reason="so")
    with Record(journal) as record:
        assert [line["path"] for line in record.unended()] == ["b", "odd\udcff\n.svs"]
        record.note(REMOVING, "a")
        assert [line["path"] for line in record.unended()] == ["b", "odd\udcff\n.svs", "a"]


def test_a_line_that_a_power_cut_tore_harms_no_other(journal: Path) -> None:
    with Record(journal) as record:
        record.note(REMOVING, "a")
    with place_beside(journal).open("ab") as file:
        file.write(b'{"at": 1.0, "what": "remo')
    with Record(journal) as record:
        assert [line["path"] for line in record.unended()] == ["a"]
        record.note(REMOVED, "a")
        assert record.unended() == []


@pytest.mark.parametrize("line", [b"[]", b"7", b'{"what": "removing"}', b'{"path": 7}', b"\xff{"])
def test_odd_lines_say_nothing(journal: Path, line: bytes) -> None:
    place_beside(journal).write_bytes(line + b"\n")
    with Record(journal) as record:
        assert record.unended() == []


def test_only_one_at_a_time(journal: Path) -> None:
    with Record(journal), pytest.raises(Conflict, match="another labsight clean"):
        Record(journal)
    with Record(journal):
        pass


def test_it_is_not_the_lock_of_sync(journal: Path) -> None:
    guard = sqlite3.connect(f"{journal}.lock", isolation_level=None)
    guard.execute("BEGIN EXCLUSIVE")
    with Record(journal) as record:
        record.note(REMOVING, "a")
    guard.close()


def test_names_are_for_the_user_alone(journal: Path) -> None:
    with Record(journal):
        pass
    assert place_beside(journal).stat().st_mode & 0o777 == 0o600


def test_a_record_that_cannot_be_kept_is_told(journal: Path) -> None:
    place_beside(journal).mkdir()
    with pytest.raises(SettingsError, match="nothing is removed without it"):
        Record(journal)
    with pytest.raises(SettingsError, match="nothing is removed without it"):
        Record(journal)  # and not that another one is at work


def test_a_full_disk_is_told(journal: Path) -> None:
    place_beside(journal).symlink_to("/dev/full")
    with Record(journal) as record, pytest.raises(SettingsError, match="No space left"):
        record.note(REMOVING, "a")
