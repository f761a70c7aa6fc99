"""Makes several calls that wait on a network at once, and hands out their results in order."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar, cast

MAX_WORKERS = 16  # of the whole process

T = TypeVar("T")


def side_by_side(calls: Iterable[Callable[[], T]], width: int) -> Iterator[T]:
    """Yield the results of ``calls`` in their order, with up to ``width`` of them at work.

    No more than ``width`` results are held. The caller works along, so calls that find no free
    worker are only slower, never stuck. The first error is raised in its turn; calls that have not
    begun by then, or when the caller stops asking, are dropped.
    """
    waiting = iter(calls)
    window: deque[_Call[T]] = deque()
    try:
        while True:
            for call in waiting:
                window.append(_Call(call))
                if len(window) == width:
                    break
            if not window:
                return
            for one in list(window)[1:]:
                one.offer()
            yield window.popleft().result()
    finally:
        for one in window:
            one.drop()


class _Call(Generic[T]):
    """One call; whoever takes it first makes it."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._taken = threading.Lock()
        self._offered = False
        self._done = threading.Lock()  # held until there is a result: cheaper than an Event
        self._done.acquire()
        self._result: T | None = None
        self._error: BaseException | None = None

    def offer(self) -> None:
        """Let a worker take it."""
        if not self._offered:
            self._offered = True
            _workers.give(self.make)

    def make(self) -> None:
        """Make the call, unless someone else does or did."""
        if not self._taken.acquire(blocking=False):
            return
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self._error = error
        finally:
            self._done.release()

    def result(self) -> T:
        """Return the result, or raise the error, as soon as there is one."""
        self.make()
        with self._done:
            if self._error is not None:
                raise self._error
            return cast("T", self._result)

    def drop(self) -> None:
        """Keep it from being made when it is not yet."""
        self._taken.acquire(blocking=False)


class _Workers:
    """Threads that are started when they are needed and stay; they never keep a process alive.

    A function that is frozen between two requests finds them waiting as it left them; a forked
    process starts its own.
    """

    def __init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Forget all threads, because after a fork there are none."""
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._started = self._unfinished = 0

    def give(self, job: Callable[[], None]) -> None:
        """Have a job done by the next free worker."""
        with self._lock:
            self._unfinished += 1
            if self._started < min(self._unfinished, MAX_WORKERS):
                self._started += 1
                name = f"side-by-side-{self._started}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            job()
            del job  # a result must not be held while waiting for the next
            with self._lock:
                self._unfinished -= 1


_workers = _Workers()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_workers.start_over)
