"""What a run did, as JSON."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

from labsight_lab.sync.look.scan import Problem, Skipped
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.telling.document import document
from tests.lab.sync.telling.made import closed, ended, lone, report, unit


def test_it_is_json_and_holds_all_there_is() -> None:
    one, slide = report(unchanged=1200, seconds=61.0, log=Path("/logs/x.jsonl")), unit()
    one.skipped = Skipped(Counter({"hidden": 1}), [Problem(".0", "hidden")])
    one.add(ended("a.svs", size=2_000_000))
    one.add(closed(slide))
    one.add(ended("d\x1b[2J.svs", Result.FAILED, "cannot be read"))
    one.leave("young.svs", "too young", 1000.0)
    one.notes = ("a note",)
    told = json.loads(json.dumps(document(one)))
    assert told["uploaded"][0] == {"path": "a.svs", "key": "slides/s/a.svs", "bytes": 2_000_000}
    assert told["units"] == [
        {
            "name": "a/s1.mrxs with 2 more files",
            "key": "slides/s/a/s1/unit.json",
            "kind": "mrxs",
            "files": 3,
            "bytes": 60,
        }
    ]
    assert told["failed"] == [{"path": "d\\x1b[2J.svs", "reason": "cannot be read"}]
    (young,) = told["unfinished"]
    assert (young["path"], young["reason"]) == ("young.svs", "too young")
    assert datetime.fromisoformat(young["until"]).timestamp() == 1000.0
    assert told["skipped"]["by_reason"] == {"hidden": 1}
    assert told["skipped"]["files"] == [{"path": ".0", "reason": "hidden"}]
    assert (told["slides"], told["files"], told["bytes"]) == (2, 1, 2_000_000)
    assert (told["unchanged"], told["seconds"], told["exit_code"]) == (1200, 61, 1)
    assert (told["log"], told["notes"], told["conflicts"]) == ("/logs/x.jsonl", ["a note"], [])


def test_a_plan_is_told_by_file_and_by_slide() -> None:
    one = report(dry_run=True)
    one.plan(lone("a.svs"))
    told = document(one)
    assert told["planned"] == [{"path": "a.svs", "key": "slides/scanner-1/a.svs", "bytes": 1000}]
    assert told["planned_slides"] == [
        {"name": "a.svs", "key": "slides/scanner-1/a.svs", "kind": "file", "files": 1}
        | {"bytes": 1000}
    ]
