"""Several transfers at a time, stopped together."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar

from labsight_lab.sync.sending.source import TransferBreak

PATIENCE_S = 5.0  # for requests that have to notice that they are to end
_LISTEN_S = 0.2  # a wait without end would not hear Ctrl-C on Windows

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_parallel(
    items: Sequence[Item],
    work: Callable[[Item], Answer],
    *,
    threads: int,
    stop: threading.Event,
) -> Generator[Answer]:
    """Yield ``work(item)`` for all items as they come; the first error sets ``stop`` and is raised.

    The threads are daemons: a request that hangs does not keep an interrupted command alive.
    """
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    results: queue.SimpleQueue[tuple[Answer] | Exception | None] = queue.SimpleQueue()

    def labour() -> None:
        try:
            while not stop.is_set():
                results.put((work(waiting.get_nowait()),))
        except (queue.Empty, TransferBreak):
            pass
        except Exception as error:  # noqa: BLE001 - raised again where the results are read
            results.put(error)
        finally:
            results.put(None)

    crew = [threading.Thread(target=labour, daemon=True) for _ in range(min(threads, len(items)))]
    for thread in crew:
        thread.start()
    try:
        yield from _collect(results, len(crew), stop)
    finally:
        stop.set()
        until = time.monotonic() + PATIENCE_S
        for thread in crew:
            thread.join(max(0.0, until - time.monotonic()))


def _collect(
    results: "queue.SimpleQueue[tuple[Answer] | Exception | None]",
    working: int,
    stop: threading.Event,
) -> Iterator[Answer]:
    failure: Exception | None = None
    while working:
        try:
            result = results.get(timeout=_LISTEN_S)
        except queue.Empty:
            continue
        if result is None:
            working -= 1
        elif isinstance(result, Exception):
            failure = failure or result
            stop.set()
        else:
            yield result[0]
    if failure is not None:
        raise failure
