"""What a run tells while it goes on: a line for each step with its seconds, and the log."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO


@dataclass
class Step:
    """One step: what it did and how long that took."""

    name: str
    detail: str = ""
    seconds: float = 0.0


class Steps:
    """Prints steps as they end and remembers their times; several threads may have one going."""

    def __init__(self, out: TextIO, log: TextIO) -> None:
        self.done: list[Step] = []
        self._out = out
        self._log = log
        self._lock = threading.Lock()
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the run has been going."""
        return time.monotonic() - self._began

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a block; a line is printed when it ended well."""
        step, began = Step(name), time.monotonic()
        yield step
        step.seconds = time.monotonic() - began
        with self._lock:
            self.done.append(step)
        self.say(f"  {step.name:<14} {step.detail:<66} {step.seconds:6.1f} s")

    def say(self, line: str = "") -> None:
        """Print a line for the person at the terminal."""
        self._write(self._out, line)

    def log(self, line: str) -> None:
        """Print a line of what functions and pollers report."""
        self._write(self._log, line)

    def _write(self, stream: TextIO, line: str) -> None:
        with self._lock:
            stream.write(f"{line}\n")
            stream.flush()


def terminal() -> Steps:
    """Return steps that go to standard output, with the log on standard error."""
    return Steps(sys.stdout, sys.stderr)
