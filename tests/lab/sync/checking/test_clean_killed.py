"""Cleaning that is killed at any step: nothing is lost, and the record becomes true."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from labsight_lab.sync.checking import clean, held, proof, removing
from labsight_lab.sync.checking.clean import CleanOptions
from labsight_lab.sync.checking.record import Record, place_beside
from tests.lab.support import Killed, noise
from tests.lab.sync.checking.lab import Lab

FILES = [("b.svs", noise(900)), ("c.svs", noise(900, seed=1))]
MRXS = [("a/s1.mrxs", b"index"), ("a/s1/Data0000.dat", noise(900, seed=2))]
ALL = dict(FILES + MRXS)


class Steps:
    """Counts what is done to the disk, the journal and the archive; ends at one of the steps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, last: int) -> None:
        self.done, self._last = 0, last
        for place, name in (
            (Record, "note"),
            (removing, "exchange"),
            (proof, "exchange"),
            (removing, "remove_emptied"),
            (os, "unlink"),
            (os, "rmdir"),
        ):
            monkeypatch.setattr(place, name, self._around(getattr(place, name)))

    def step(self, _: object = None) -> None:
        self.done += 1
        if self.done == self._last:
            raise Killed

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*given: Any, **named: Any) -> Any:
            self.step()
            answer = call(*given, **named)
            self.step()
            return answer

        return stepped


def run(lab: Lab, older_than: float = 86_400.0) -> int:
    options = CleanOptions(target=lab.target, older_than=older_than, yes=True)
    return clean.run(options, lab.connect)


def ends(lab: Lab) -> dict[str, list[str]]:
    """Return how the removals of each file ended, by the record."""
    told: dict[str, list[str]] = {}
    place = place_beside(lab.journal_file)
    for line in place.read_bytes().splitlines() if place.exists() else ():
        entry = json.loads(line)
        if entry["what"] != "removing":
            told.setdefault(entry["path"], []).append(entry["what"])
    return told


def check_nothing_is_lost(lab: Lab) -> None:
    for path, data in ALL.items():
        assert lab.shelf.objects[lab.key(path)] == data
        if path in lab.here():
            assert (lab.folder / path).read_bytes() == data


def check_record_is_true(lab: Lab) -> None:
    for path, told in ends(lab).items():
        assert (told[-1] == "removed") == (path not in lab.here())
        assert told.count("removed") <= 1
    for path in ALL:
        assert (lab.entry(path).removed is None) == (path in lab.here())


def killed_at(place: Path, last: int) -> Lab | None:
    """Return a lab whose cleaning was killed at a step; None when it has fewer."""
    lab = Lab(place)
    for path, data in FILES:
        lab.sent(path, data)
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    with pytest.MonkeyPatch.context() as monkeypatch:
        steps = Steps(monkeypatch, last)
        lab.shelf.before = steps.step
        with suppress(Killed):
            run(lab)
            lab.journal.close()
            return None
    lab.shelf.before = lambda _: None
    return lab


def test_killed_at_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean, "_AT_A_TIME", 1)
    steps = 0  # an empty folder may be left, where it ended right before that went
    for last in count(1):
        place = tmp_path / str(last)
        place.mkdir()
        lab = killed_at(place, last)
        if lab is None:
            break
        steps = last
        check_nothing_is_lost(lab)
        run(lab, older_than=1e11)  # finds nothing to remove, and puts the record right
        check_nothing_is_lost(lab)
        check_record_is_true(lab)
        assert run(lab) == 0
        assert lab.here() == set()
        check_nothing_is_lost(lab)
        check_record_is_true(lab)
        lab.journal.close()
    assert steps > 40


def test_a_file_that_came_back_after_a_kill_was_removed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    lab.sent(*FILES[0])
    note = Record.note

    def killed(self: Record, what: str, path: str, **told: Any) -> float:
        if what == "removed":
            raise Killed
        return note(self, what, path, **told)

    with monkeypatch.context() as patched:
        patched.setattr(Record, "note", killed)
        with pytest.raises(Killed):
            run(lab)
    (lab.folder / "b.svs").write_bytes(b"another scan under the same name")
    run(lab, older_than=1e11)
    assert ends(lab) == {"b.svs": ["removed"]}
    lab.journal.close()


def test_what_cannot_be_looked_at_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path)
    lab.sent(*FILES[0])
    with monkeypatch.context() as patched:
        patched.setattr(held.Held, "remove", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            run(lab)

    def unreadable(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(removing, "is_still_there", unreadable)
        run(lab, older_than=1e11)
        assert ends(lab) == {}
    run(lab, older_than=1e11)
    assert ends(lab) == {"b.svs": ["kept"]}
    assert lab.entry("b.svs").removed is None
    lab.journal.close()
