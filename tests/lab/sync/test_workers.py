"""Several at a time, and all of them stop together."""

import threading
import time
from types import SimpleNamespace

import pytest

from labsight_lab.sync import workers
from labsight_lab.sync.source import Stopped
from labsight_lab.sync.workers import Crew, in_parallel


def test_every_item_is_answered() -> None:
    answers = in_parallel(range(50), lambda n: n * n, threads=4, stop=threading.Event())
    assert sorted(answers) == [n * n for n in range(50)]


def test_items_are_worked_on_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=10)
    answers = in_parallel(
        range(3), lambda n: together.wait() >= 0 and n, threads=3, stop=threading.Event()
    )
    assert sorted(answers) == [0, 1, 2]


def test_no_items_need_no_threads() -> None:
    assert list(in_parallel([], str, threads=4, stop=threading.Event())) == []


def test_the_first_error_stops_the_others_and_is_raised() -> None:
    stop = threading.Event()
    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        if n == 0:
            raise ValueError("no credentials")
        assert stop.wait(10)
        raise Stopped

    with pytest.raises(ValueError, match="no credentials"):
        list(in_parallel(range(100), work, threads=2, stop=stop))
    assert len(begun) <= 3


def test_answers_given_before_an_error_are_not_lost() -> None:
    def work(n: int) -> int:
        if n == 3:
            raise ValueError("three")
        return n

    answers = in_parallel(range(10), work, threads=1, stop=threading.Event())
    seen = [next(answers) for _ in range(3)]
    with pytest.raises(ValueError, match="three"):
        next(answers)
    assert seen == [0, 1, 2]


def test_an_interrupted_caller_stops_the_threads() -> None:
    stop = threading.Event()
    ended = threading.Event()

    def work(n: int) -> int:
        if n == 0:
            return n
        assert stop.wait(10)
        ended.set()
        raise Stopped

    answers = in_parallel(range(2), work, threads=2, stop=stop)
    next(answers)
    answers.close()
    assert ended.wait(10)


def test_a_thread_that_hangs_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labsight_lab.sync.workers.PATIENCE_S", 0.1)
    release = threading.Event()
    answers = in_parallel(
        range(2),
        lambda n: n if n == 0 else int(release.wait(30)),
        threads=2,
        stop=threading.Event(),
    )
    next(answers)
    started = time.monotonic()
    answers.close()
    assert time.monotonic() - started < 5
    release.set()


def test_a_thread_that_hangs_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]

    def join(_: threading.Thread, timeout: float | None = None) -> None:
        now[0] += timeout or 0.0

    monkeypatch.setattr(workers, "time", SimpleNamespace(monotonic=lambda: now[0]))
    release, stop = threading.Event(), threading.Event()
    crew: Crew[int, bool] = Crew(lambda _: release.wait(30), threads=2, stop=stop)
    crew.add([1, 2])
    with monkeypatch.context() as hanging:
        hanging.setattr(threading.Thread, "join", join)
        crew.close()
        crew.close()
    release.set()
    assert now[0] == 100.0 + workers.PATIENCE_S


def test_what_was_done_before_the_end_can_be_taken_after_it() -> None:
    done = threading.Barrier(3)

    def work(number: int) -> int:
        done.wait(10)
        return number

    crew: Crew[int, int] = Crew(work, threads=2, stop=threading.Event())
    crew.add([1, 2])
    done.wait(10)
    crew.close()
    assert sorted(crew.left()) == [1, 2]
    assert not list(crew.left())
