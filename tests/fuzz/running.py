"""Hands cases out to worker processes; one that hangs or dies is a fault of the case it was at."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing.sharedctypes import Synchronized

from tests.fuzz.target import Target
from tests.fuzz.worker import Found, work

HANGS_AFTER = 20.0  # seconds that a case may keep a worker from the next one
_BATCH = 5000  # cases of one process
_LOOK = 0.25  # seconds between looks at a worker


def run_apart(target: Target, cases: int, seed: int, hangs_after: float = HANGS_AFTER) -> Found:
    """Run cases in processes of their own, one after the other."""
    found = Found()
    for numbers in _batches(cases):
        left = numbers
        while left:
            one, stopped = _one_process(target, left, seed, hangs_after)
            found.add(one)
            left = range(stopped + 1, numbers.stop)
    return found


def _batches(cases: int) -> Iterator[range]:
    for first in range(0, cases, _BATCH):
        yield range(first, min(first + _BATCH, cases))


def _one_process(
    target: Target, numbers: range, seed: int, hangs_after: float
) -> tuple[Found, int]:
    """Run cases until they are done or one breaks the process; return the last that was run."""
    os.environ["MALLOC_ARENA_MAX"] = "1"  # each arena reserves address space, which is bounded
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    at: Synchronized[int] = context.Value("q", numbers.start)
    process = context.Process(target=work, args=(target, numbers, seed, at, theirs), daemon=True)
    process.start()
    theirs.close()
    found = Found()
    seen, since = at.value, time.monotonic()
    while found.cases < len(numbers):
        if mine.poll(_LOOK):
            try:
                found.add(mine.recv())
            except EOFError:
                process.join()
                return _broken(found, at.value, f"ended the process ({process.exitcode})")
        if at.value != seen:
            seen, since = at.value, time.monotonic()
        elif time.monotonic() - since > hangs_after:
            process.kill()
            process.join()
            return _broken(found, seen, f"hung for {hangs_after:.0f} s")
    process.join()
    return found, numbers.stop - 1


def _broken(found: Found, number: int, how: str) -> tuple[Found, int]:
    found.add(Found(cases=1, faults=[(number, how)]))
    return found, number
