"""docs/sync-reports.md names every field, column and event."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from labsight.errors import SettingsError, StorageUnavailable
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.telling import inventory, status
from labsight_lab.sync.telling.document import document
from labsight_lab.sync.telling.events import Events
from labsight_lab.sync.telling.inventory import ReportOptions
from labsight_lab.sync.telling.inventory_csv import COLUMNS
from labsight_lab.sync.telling.logs import open_log
from labsight_lab.sync.telling.standing import Standing
from labsight_lab.sync.telling.status import StatusOptions
from tests.lab.sync.telling.made import (
    closed,
    ended,
    lone,
    look,
    open_for,
    report,
    row,
    target,
    unit,
)
from tests.support.repository import ROOT

PAGE = (ROOT / "docs/sync-reports.md").read_text("utf-8")
NAMED = set(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)))


def fields(told: object) -> set[str]:
    """Return the names of all fields, also of what lies within; not those that are data."""
    if isinstance(told, dict):
        return set(told).union(*(fields(v) for k, v in told.items() if k != "by_reason"))
    if isinstance(told, list):
        return set().union(*map(fields, told))
    return set()


def test_the_fields_of_a_run(tmp_path: Path) -> None:
    one = report(dry_run=True)
    one.add(ended("a.svs"))
    one.add(closed(unit()))
    one.add(ended("b.svs", Result.FAILED, "503"))
    one.leave("c.svs", "young", 1.0)
    one.plan(lone("d.svs"))
    assert fields(document(one)) | {"error", "exit_code"} <= NAMED
    assert tmp_path.exists()


def test_the_fields_of_status_and_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    aim = target(tmp_path / "away", tmp_path / "j.sqlite")
    journal = open_for(aim)
    journal.write([row("a.svs")])
    journal.close()
    status.run(StatusOptions(target=aim, as_json=True))
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told.pop("by_state").keys() == {"uploaded"}
    assert fields(told) | {"by_state"} <= NAMED
    inventory.run(ReportOptions(target=aim, json=tmp_path / "r.json"))
    told = json.loads((tmp_path / "r.json").read_text("utf-8"))
    del told["by_state"]
    assert fields(told) <= NAMED
    assert set(COLUMNS) <= NAMED


def test_the_events_of_the_log(tmp_path: Path) -> None:
    log = open_log(tmp_path, "log", stderr=io.StringIO())
    events, standing = Events(log), Standing(tmp_path)
    events.began(target(tmp_path, tmp_path / "j.sqlite", endpoint="http://there"), watch=True)
    events.looked(look(report(), notes=["x"]))
    events.sent(ended("a.svs", crc64=1))
    events.sent(closed(unit()))
    for number, result in enumerate(Result):
        events.changed(standing.end(ended(f"{number}.svs", result, "why")))
        events.changed(standing.end(ended(f"{number}.svs")))
    events.interrupted(ended("a.svs", Result.CHANGED, "why"))
    events.troubled(StorageUnavailable("offline"))
    events.troubled(SettingsError("expired"))
    events.answered(1.0)
    events.over(report(), 1.0, 2, "expired")
    log.close()
    told = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    assert len({one["event"] for one in told}) == 15
    assert {one["event"] for one in told} <= NAMED
    assert fields(told) - {"event"} <= NAMED
