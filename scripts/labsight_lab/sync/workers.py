"""Several pieces of work at a time, stopped together."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from labsight_lab.sync.source import TransferBreak

PATIENCE_S = 5.0  # for requests that have to notice that they are to end
_LISTEN_S = 0.2  # a wait without end would not hear Ctrl-C on Windows

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Crew(Generic[Item, Answer]):
    """Threads that work on items; more may be added while the answers are taken.

    The first error sets ``stop`` and is raised when the answers given before it were taken. The
    threads are daemons: a request that hangs does not keep an interrupted command alive.
    """

    def __init__(
        self, work: Callable[[Item], Answer], *, threads: int, stop: threading.Event
    ) -> None:
        self._work, self._most, self._stop = work, threads, stop
        self._first: deque[Item] = deque()
        self._then: deque[Item] = deque()
        self._ready: queue.SimpleQueue[None] = queue.SimpleQueue()  # one for each item that waits
        self._answers: queue.SimpleQueue[tuple[Answer] | BaseException | None] = queue.SimpleQueue()
        self._open = 0  # items whose answer was not taken yet
        self._failure: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._patient_until = float("inf")

    @property
    def is_busy(self) -> bool:
        """Whether there are answers to come, or a failure to be raised."""
        return self._open > 0 or self._failure is not None

    def add(self, items: Iterable[Item], *, first: bool = False) -> None:
        """Add items, to be worked on after all others, or ``first``."""
        waiting = self._first if first else self._then
        for item in items:
            waiting.append(item)
            self._open += 1
            self._ready.put(None)
        while len(self._threads) < min(self._most, self._open):
            thread = threading.Thread(target=self._labour, daemon=True)
            self._threads.append(thread)
            thread.start()

    def take(self, seconds: float) -> Iterator[Answer]:
        """Yield the answers there are, having waited up to so many seconds for the first."""
        until = time.monotonic() + seconds
        while self._open and not self._stop.is_set():
            left = until - time.monotonic()
            try:
                answer = self._answers.get(timeout=min(_LISTEN_S, max(0.0, left)))
            except queue.Empty:
                if left <= 0:
                    return
                continue
            yield from self._taken(answer)
            until = 0.0
        if self._stop.is_set():
            yield from self._last()

    def close(self) -> None:
        """Stop, and wait a little until all have noticed; closed again, wait no longer."""
        self._stop.set()
        for _ in self._threads:
            self._ready.put(None)  # nobody waits for items any more
        self._patient_until = min(self._patient_until, time.monotonic() + PATIENCE_S)
        for thread in self._threads:
            thread.join(max(0.0, self._patient_until - time.monotonic()))

    def left(self) -> Iterator[Answer]:
        """Yield, once it is closed, the answers that nobody has taken."""
        while not self._answers.empty():
            yield from self._taken(self._answers.get())

    def _taken(self, answer: tuple[Answer] | BaseException | None) -> Iterator[Answer]:
        self._open -= 1
        if isinstance(answer, BaseException):
            self._failure = self._failure or answer
        elif answer is not None:
            yield answer[0]

    def _last(self) -> Iterator[Answer]:
        """Yield what was done when the crew stopped, then raise what stopped it."""
        self.close()
        yield from self.left()
        self._open = 0
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _labour(self) -> None:
        while True:
            self._ready.get()
            if self._stop.is_set():
                return
            self._answers.put(self._answer())

    def _answer(self) -> tuple[Answer] | BaseException | None:
        try:
            return (self._work(self._next()),)
        except TransferBreak:
            return None
        except BaseException as error:  # noqa: BLE001 - raised again where the answers are taken
            self._stop.set()
            return error

    def _next(self) -> Item:
        """Return an item: there is one, though another thread may take the one that is seen."""
        while True:
            for waiting in (self._first, self._then):
                with suppress(IndexError):
                    return waiting.popleft()


def in_parallel(
    items: Iterable[Item],
    work: Callable[[Item], Answer],
    *,
    threads: int,
    stop: threading.Event,
) -> Generator[Answer]:
    """Yield ``work(item)`` for all items as they come; the first error sets ``stop``, is raised."""
    crew = Crew(work, threads=threads, stop=stop)
    crew.add(items)
    try:
        while crew.is_busy:
            yield from crew.take(_LISTEN_S)
    finally:
        crew.close()
