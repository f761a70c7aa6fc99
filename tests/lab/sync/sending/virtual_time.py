"""Threads in a time of their own, which stands still while one works and jumps when all sleep.

Only one thread runs at any moment, so a run with given sleeps always goes the same way.
"""

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo


@dataclass
class VirtualTime:
    """A steady clock, a clock on the wall, and the sleep that moves both."""

    start: datetime = datetime(2025, 3, 3, 12, tzinfo=UTC)
    zone: tzinfo = UTC
    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)
    jump: timedelta = timedelta()  # by which somebody has set the clock on the wall

    def __post_init__(self) -> None:
        self._began = self.now
        self._asleep: list[tuple[float, int, threading.Event]] = []
        self._turn = 0
        self._idle = threading.Event()
        self._errors: list[BaseException] = []

    def steady(self) -> float:
        return self.now

    def wall(self) -> datetime:
        passed = timedelta(seconds=self.now - self._began)
        return (self.start.astimezone(UTC) + passed + self.jump).astimezone(self.zone)

    def sleep(self, seconds: float) -> None:
        """Sleep in virtual time; a call from outside of ``run`` only moves the clocks."""
        assert seconds > 0
        self.sleeps.append(seconds)
        if threading.current_thread() is threading.main_thread():
            self.now += seconds
            return
        woken = threading.Event()
        self._put(self.now + seconds, woken)
        self._idle.set()
        woken.wait()

    def run(self, *works: Callable[[], None]) -> None:
        """Run all works at a time, until the last one is done; raise what one of them raised."""
        for work in works:
            begin = threading.Event()
            self._put(self.now, begin)
            threading.Thread(target=self._body, args=(work, begin), daemon=True).start()
        while self._asleep:
            moment, _, woken = heapq.heappop(self._asleep)
            self.now = max(self.now, moment)
            self._idle.clear()
            woken.set()
            self._idle.wait()
        if self._errors:
            raise self._errors[0]

    def _put(self, moment: float, woken: threading.Event) -> None:
        self._turn += 1
        heapq.heappush(self._asleep, (moment, self._turn, woken))

    def _body(self, work: Callable[[], None], begin: threading.Event) -> None:
        begin.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by ``run``
            self._errors.append(error)
        finally:
            self._idle.set()
