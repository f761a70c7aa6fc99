"""What the program that writes a slide says of it, against all that may be sent."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.lab.support import write
from tests.lab.sync.by_hand import NOW, OLD, WHOLE, Lab, send

DAY = 86_400


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(tmp_path)) as made:
        yield made


def say(lab: Lab, at: float, **told: object) -> None:
    """Have the manifest say something of a.svs, and nothing else."""
    text = json.dumps({"path": "a.svs"} | told).encode() + b"\n"
    write(lab.folder / "x.manifest.jsonl", text, at)


WRITING = {"state": "writing"}
OTHER_SIZE = {"state": "complete", "size": 5}


@pytest.mark.parametrize("told", [WRITING, OTHER_SIZE])
def test_a_slide_waits_as_long_as_its_manifest_says_that_it_is_not_finished(
    lab: Lab, told: dict[str, object]
) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    say(lab, OLD, **told)
    report = lab.once()
    assert lab.archive.requests == []
    assert report.unfinished["a.svs"].startswith("not complete yet: x.manifest.jsonl says ")
    assert report.exit_code == 0
    say(lab, NOW, state="complete", size=len(WHOLE))
    assert lab.once().exit_code == 0
    assert lab.stored() == ["a.svs"]


def test_a_watch_hears_both_when_it_is_taken_back_and_when_it_is_complete(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, NOW)
    passes = lab.passes()
    for _ in range(3):
        say(lab, lab.now, **WRITING)
        send(passes)
        lab.now += 30
    assert lab.stored() == []
    assert "'writing'" in passes.report.unfinished["a.svs"]
    (lab.folder / "x.manifest.jsonl").unlink()
    send(passes)
    assert lab.stored() == ["a.svs"]


def test_what_stays_unfinished_by_its_manifest_has_failed_after_a_day(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, NOW - 2 * DAY)
    say(lab, NOW - DAY + 60, **WRITING)
    assert "a.svs" in lab.once().unfinished, "the writer was heard of less than a day ago"
    lab.now += 120
    failed = lab.once().failed["a.svs"]
    assert failed.startswith("incomplete: x.manifest.jsonl says 'writing' of it")
    assert "--send-incomplete" in failed
    assert lab.stored() == []


def test_after_a_day_it_is_sent_and_marked_when_asked_for_and_not_before(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, NOW - 2 * DAY)
    say(lab, NOW - DAY + 60, **WRITING)
    passes = lab.passes(send_incomplete=True)
    for _ in range(2):
        send(passes)
    assert (lab.stored(), list(passes.report.unfinished)) == ([], ["a.svs"])
    lab.now += 120
    send(passes)
    (sent,) = lab.archive.described.values()
    assert "says%20%27writing%27" in sent.metadata["labsight-incomplete"]


def test_a_manifest_with_a_clock_ahead_does_not_hold_back_for_ever(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    say(lab, NOW + 10 * DAY, **WRITING)
    passes = lab.passes()
    for _ in range(3):
        send(passes)
        lab.now += 10
    assert "a.svs" in passes.report.unfinished
    lab.now += DAY
    send(passes)
    assert "a.svs" in passes.report.failed
    os.utime(lab.folder / "x.manifest.jsonl", (lab.now, lab.now))
    say(lab, lab.now, state="complete", size=len(WHOLE))
    send(passes)
    assert lab.stored() == ["a.svs"]
