"""Calls that wait, made at once: results in order, bounded, the first error ends it."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from labsight.objects.side_by_side import MAX_WORKERS, side_by_side


class Calls:
    """Calls that note when they run."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.begun, self.at_once, self.most = seconds, 0, 0, 0
        self.lock = threading.Lock()

    def make(self, number: int) -> int:
        with self.lock:
            self.begun += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(self.seconds * (number % 3))
        with self.lock:
            self.at_once -= 1
        if number == 13:
            raise LookupError("thirteen")
        return number

    def of(self, numbers: range) -> Iterator[Callable[[], int]]:
        return (partial(self.make, number) for number in numbers)


def test_results_come_in_order_however_long_each_takes() -> None:
    calls = Calls(0.002)
    assert list(side_by_side(calls.of(range(14, 60)), 6)) == list(range(14, 60))
    assert 2 <= calls.most <= 6


def test_calls_wait_at_the_same_time() -> None:
    together = threading.Barrier(6, timeout=10)
    assert sorted(side_by_side([together.wait] * 6, 6)) == list(range(6))


def test_no_more_results_are_held_than_asked_for() -> None:
    calls = Calls()
    results = side_by_side(calls.of(range(100)), 3)
    assert next(results) == 0
    time.sleep(0.05)
    assert calls.begun <= 3
    results.close()  # type: ignore[attr-defined]


def test_the_first_error_is_raised_in_its_turn_and_the_rest_is_dropped() -> None:
    calls = Calls(0.001)
    found: list[int] = []
    with pytest.raises(LookupError, match="thirteen"):
        found.extend(side_by_side(calls.of(range(1000)), 4))
    assert found == list(range(13))
    assert calls.begun <= 17


def test_callers_of_callers_do_not_wait_for_each_other() -> None:
    def inner() -> int:
        return sum(side_by_side([partial(int, 1)] * 5, 4))

    def outer() -> int:
        return sum(side_by_side([inner] * 5, 4))

    assert sum(side_by_side([outer] * (2 * MAX_WORKERS), MAX_WORKERS)) == 50 * MAX_WORKERS


def test_many_callers_share_the_workers() -> None:
    wrong = []

    def ask(start: int) -> None:
        numbers = list(range(start, start + 200))
        if list(side_by_side((partial(int, n) for n in numbers), 6)) != numbers:
            wrong.append(start)

    threads = [threading.Thread(target=ask, args=(1000 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    workers = [t for t in threading.enumerate() if t.name.startswith("side-by-side")]
    assert 0 < len(workers) <= MAX_WORKERS
    assert all(worker.daemon for worker in workers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_process_has_workers_of_its_own() -> None:
    list(side_by_side(Calls(0.001).of(range(10)), 6))
    child = os.fork()
    if child == 0:
        together = threading.Barrier(4, timeout=10)
        try:
            found = sorted(side_by_side([together.wait] * 4, 4))
        except BaseException:  # noqa: BLE001 - the child must end here, whatever it was
            found = []
        os._exit(0 if found == [0, 1, 2, 3] else 1)
    assert os.waitpid(child, 0)[1] == 0
