"""The event loops that a Pulumi program needs, and that nobody else closes."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def event_loop(others: Iterable[asyncio.AbstractEventLoop]) -> Iterator[None]:
    """Give this thread an event loop, as Pulumi expects one; close it and those of its threads.

    Pulumi gives each thread that makes resources a loop of its own and leaves it open.
    """
    loop = asyncio.new_event_loop()
    # A failed resource fails the tasks that wait for it. The first failure is raised; asyncio would
    # log the others, with tracebacks, when they are collected.
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        for opened in {loop, *others}:
            opened.close()
