"""Keeps the threads of this process on one processor while they send small files.

Python runs one of its threads at a time. With many of them, each short call into the system (a file
opened, a block sent) wakes the next thread on an idle processor and then waits for it: 2,000 files
of 64 KB took 80,000 switches and 2.1 s of processor time on two processors, 8,000 and 0.8 s on one.
Files with more to read, sum up and encrypt, which Python's threads do side by side, gain from all
processors there are. Linux moves other programs away from a processor that is busy; elsewhere
(Windows, macOS) nothing is done, as nothing was measured.
"""

import os
import sys
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path


class OneProcessor:
    """Used by one thread; what it starts meanwhile stays on the same processor."""

    def __init__(self) -> None:
        self._before: AbstractSet[int] = frozenset()  # where all may run otherwise

    def stay(self) -> None:
        """Have all threads run where this one does."""
        if not self._before:
            usual, here = _processors(), _here()
            if here is not None and here in usual and len(usual) > 1:
                self._before = usual
                _move({here})

    def leave(self) -> None:
        """Let all threads run where they might before."""
        before, self._before = self._before, frozenset()
        if before:
            _move(before)


if sys.platform == "linux":

    def _processors() -> AbstractSet[int]:
        with suppress(OSError):  # a sandbox may forbid to ask
            return os.sched_getaffinity(0)
        return frozenset()

    def _here() -> int | None:
        """Return the processor that the system found best for the main thread.

        https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, field 39
        """
        with suppress(OSError, ValueError, IndexError):
            told = Path("/proc/self/stat").read_text("ascii", "replace")
            return int(told.rpartition(")")[2].split()[36])
        return None

    def _move(processors: AbstractSet[int]) -> None:
        """Move all threads, also those that Python does not know of: they were started by ours."""
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError):  # it has just ended, or may not be moved
                os.sched_setaffinity(int(task.name), processors)

else:

    def _processors() -> AbstractSet[int]:
        return frozenset()

    def _here() -> int | None:
        return None

    def _move(processors: AbstractSet[int]) -> None:
        """Nothing ever has to be moved here."""
