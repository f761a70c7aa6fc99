"""Runs that are killed or stopped at any moment: the next one makes them good."""

import threading
from itertools import count
from typing import Any

import pytest

from labsight.errors import StorageUnavailable
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending import parts
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.source import SourceChanged, Stopped
from labsight_lab.sync.workers import in_parallel
from tests.lab.support import Killed, killed_at_entry, write
from tests.lab.sync.sending.lab import KEY, LARGE, SMALL, Lab, on_request

POINTS = [
    (data, hook, name, nth)
    for data, names in (
        (SMALL, {"put": 1}),
        (LARGE, {"holds": 1, "begin": 1, "put_part": 11, "complete": 1}),
    )
    for hook in ("before", "after")
    for name, times in names.items()
    for nth in range(1, times + 1)
]


@pytest.mark.parametrize(("data", "hook", "name", "nth"), POINTS)
def test_a_run_killed_at_any_request_is_made_good_by_the_next(
    lab: Lab, data: bytes, hook: str, name: str, nth: int
) -> None:
    write(lab.folder / "a.svs", data)
    setattr(lab.archive, hook, on_request(name, Killed(), nth=nth))
    lab.run_killed()
    (outcome,) = lab.run()
    assert outcome.result in {Result.UPLOADED, Result.EXISTS}
    assert lab.archive.objects == {KEY: data}
    assert lab.archive.uploads == {}
    assert lab.run() == []
    if data is LARGE and (hook, name) != ("after", "complete"):
        assert lab.archive.bytes_received <= len(data) + 1000, "at most one part is sent twice"


@pytest.mark.parametrize("nth", range(1, 40))
@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_run_killed_at_any_journal_entry_is_made_good_by_the_next(
    lab: Lab, data: bytes, nth: int
) -> None:
    write(lab.folder / "a.svs", data)
    with killed_at_entry(nth):
        lab.run()
    lab.run()
    assert lab.archive.objects == {KEY: data}
    assert lab.archive.uploads == {}
    assert lab.state() in {State.UPLOADED, State.EXISTS}


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_stopped_run_goes_on_where_it_was(lab: Lab, data: bytes) -> None:
    write(lab.folder / "a.svs", data)

    def stop(_path: str, position: int) -> None:
        if position == 2000:
            raise Stopped

    lab.moved = stop
    with pytest.raises(Stopped):
        lab.run()
    assert lab.state() is State.UPLOADING
    lab.moved = lambda _path, _position: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: data}


def test_a_stopped_put_does_not_excuse_a_taken_key(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.archive.objects[KEY] = b"somebody else's"

    def stop(_path: str, position: int) -> None:
        if position == 2000:
            raise Stopped

    lab.moved = stop
    with pytest.raises(Stopped):
        lab.run()
    lab.moved = lambda _path, _position: None
    assert [o.result for o in lab.run()] == [Result.CONFLICT]


@pytest.mark.parametrize("has_changed", [True, False])
def test_the_other_parts_of_a_file_that_cannot_be_sent_end_too(
    lab: Lab, has_changed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "AT_A_TIME", 2)
    write(lab.folder / "a.svs", LARGE)
    stops: list[threading.Event] = []

    def watched(*given: Any, stop: threading.Event, **named: Any) -> Any:
        stops.append(stop)
        return in_parallel(*given, stop=stop, **named)

    monkeypatch.setattr(parts, "in_parallel", watched)
    calls, both = count(1), threading.Barrier(2, timeout=10)

    def hook(request: str) -> None:
        if request == "put_part":
            number = next(calls)
            both.wait()
            if number == 1:
                raise SourceChanged if has_changed else StorageUnavailable("503")
            assert stops[0].wait(10)

    lab.archive.before = hook
    assert [o.result for o in lab.run()] == [Result.CHANGED if has_changed else Result.FAILED]
    assert lab.archive.bytes_received == 0
