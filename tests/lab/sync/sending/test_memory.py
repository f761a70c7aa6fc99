"""What is in memory at a time is bounded, and nobody waits for ever."""

import mmap
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from labsight_lab.sync.sending.memory import Memory
from labsight_lab.sync.source import Stopped


def test_what_is_held_at_a_time_never_exceeds_what_there_is() -> None:
    memory, held, most = Memory(100), 0, 0
    lock = threading.Lock()

    def work(count: int) -> None:
        nonlocal held, most
        with memory.holding(count, threading.Event()):
            with lock:
                held += count
                most = max(most, held)
            time.sleep(0.001)
            with lock:
                held -= count

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [7, 30, 55, 100, 1] * 20))
    assert 55 <= most <= 100


def test_what_needs_more_than_there_is_goes_alone() -> None:
    memory = Memory(10)
    with memory.holding(1000, threading.Event()):
        waited = threading.Thread(target=lambda: memory.holding(1, threading.Event()).__enter__())
        waited.start()
        waited.join(0.1)
        assert waited.is_alive()
    waited.join(10)
    assert not waited.is_alive()


def test_who_waits_for_room_when_the_run_stops_gets_none() -> None:
    memory, stop = Memory(10), threading.Event()
    ended: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def wait() -> None:
        try:
            with memory.holding(10, stop):
                ended.put(False)
        except Stopped:
            ended.put(True)

    with memory.holding(10, stop):
        for _ in range(5):
            threading.Thread(target=wait, daemon=True).start()
        stop.set()
        assert [ended.get(timeout=10) for _ in range(5)] == [True] * 5
    with memory.holding(10, threading.Event()):
        pass


def test_who_needs_much_is_not_passed_by_those_who_need_little() -> None:
    memory, stop, order = Memory(10), threading.Event(), list[int]()

    def take(count: int) -> None:
        with memory.holding(count, stop):
            order.append(count)

    threads = [threading.Thread(target=take, args=(count,)) for count in (10, 1)]
    with memory.holding(5, stop):
        for thread in threads:
            thread.start()
            thread.join(0.05)  # it is in the line by then, or the test proves less
        assert order == []
    for thread in threads:
        thread.join(10)
    assert order == [10, 1]


def test_room_that_the_system_does_not_give_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    memory, stop = Memory(64 << 20), threading.Event()
    with monkeypatch.context() as away:
        away.setattr(mmap, "mmap", full)
        for _ in range(4):
            with pytest.raises(OSError, match="allocate"), memory.holding(2 << 20, stop):
                pass
    stop.set()  # who would have to wait for room hears of it
    with memory.holding(64 << 20, stop) as room:
        assert room is not None
        assert len(room) == 64 << 20
