"""Runs cases in a process of its own, within limits, and measures each.

Time is the CPU time of the process. Memory is bounded and measured:

* the address space ends ``MEMORY`` above what the process takes with everything loaded, so that a
  larger allocation fails as MemoryError even where its pages are never touched;
* the peak of a case is the high-water mark of resident memory, which Linux sets back when 5 is
  written to ``clear_refs`` (proc(5)), less what was resident before.
"""

import os
import resource
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tests.fuzz.target import Target

MEMORY = 100 << 20  # bytes that one case may allocate
SECONDS = 1.0  # of CPU that one case may take
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_TOLD = 100  # cases whose figures are sent at once: those are lost that a hang comes behind
_STACK = 256 << 10  # bytes for each thread: address space too, and eight of them read DICOM files


@dataclass
class Found:
    """What a run of cases came to; ``worst`` ones with the case's number, faults by number."""

    cases: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)
    largest: tuple[int, int] = (0, 0)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """Take in what another run came to."""
        self.cases += other.cases
        self.refused += other.refused
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.largest = max(self.largest, other.largest)
        self.faults += other.faults


def work(
    target: Target, numbers: range, seed: int, at: "Synchronized[int]", end: Connection
) -> None:
    """Run cases and send what was found, a few at a time; ``at`` is the case that is being run."""
    _be_quiet()
    threading.stack_size(_STACK)
    run(target, range(2), seed=-1)  # loads what is loaded late
    limit = _of_status("VmSize") + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for first in range(numbers.start, numbers.stop, _TOLD):
        end.send(run(target, range(first, min(first + _TOLD, numbers.stop)), seed, at))


def run(target: Target, numbers: range, seed: int, at: "Synchronized[int] | None" = None) -> Found:
    """Run cases in this process."""
    found = Found()
    measured = _CLEAR.exists()
    for number in numbers:
        if at is not None:
            at.value = number
        case = target.case(number, seed)
        before = _reset_peak() if measured else 0
        start = time.process_time()
        try:
            found.refused += case.run()
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            found.faults.append((number, _told(error)))
        taken = time.process_time() - start
        found.cases += 1
        found.seconds += taken
        found.slowest = max(found.slowest, (taken, number))
        if measured:
            found.largest = max(found.largest, (_of_status("VmHWM") - before, number))
        if taken > SECONDS:
            found.faults.append((number, f"took {taken:.1f} s of CPU"))
    return found


def _told(error: Exception) -> str:
    places = traceback.extract_tb(error.__traceback__)
    frames = [one for one in places if "labsight" in one.filename][-1:] + places[-1:]
    where = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
    return f"{type(error).__name__}: {str(error)[:160]} at {where}"


def _reset_peak() -> int:
    """Set the high-water mark back; return the bytes that are resident."""
    _CLEAR.write_text("5")
    return _of_status("VmRSS")


def _of_status(name: str) -> int:
    """Return a size that the kernel tells of this process, bytes."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) << 10
    raise KeyError(name)


def _be_quiet() -> None:
    """Let libtiff and libjpeg tell nobody of each damaged tile."""
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
