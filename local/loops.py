"""The event loops that a Pulumi program needs, and that nobody else closes."""

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def event_loop() -> Iterator[None]:
    """Give this thread an event loop, as Pulumi expects one; close it and those of its threads.

    Pulumi gives each thread that makes resources a loop of its own and leaves it open.
    """
    loop = asyncio.new_event_loop()
    # A failed resource fails the tasks that wait for it. The first failure is raised; asyncio would
    # log the others, with tracebacks, when they are collected.
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    try:
        with _loops_of_threads() as others:
            yield
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        for opened in (loop, *others):
            opened.close()


@contextmanager
def _loops_of_threads() -> Iterator[list[asyncio.AbstractEventLoop]]:
    """Collect the loops that Pulumi opens from here on: it keeps no list of them itself."""
    pulumi_module: Any = importlib.import_module("pulumi.runtime.sync_await")
    opened: list[asyncio.AbstractEventLoop] = []

    class Watched:
        """What that module sees as asyncio."""

        def __getattr__(self, name: str) -> Any:
            return getattr(asyncio, name)

        def new_event_loop(self) -> asyncio.AbstractEventLoop:
            opened.append(asyncio.new_event_loop())
            return opened[-1]

    pulumi_module.asyncio = Watched()
    try:
        yield opened
    finally:
        pulumi_module.asyncio = asyncio
