"""How far a run is, while it runs: a bar on a terminal, lines elsewhere, nothing beside JSON."""

import sys
import threading
import time
from typing import Protocol

from labsight_lab.sync.sending.one_file import Result
from labsight_lab.sync.sending.transfer import Outcome
from labsight_lab.text import count, duration, shown, size

_LINE_EVERY_S = 30.0


class Display(Protocol):
    """What shows a run to somebody."""

    every: float  # seconds between two calls of ``moved``

    def begin(self, files: int, total: int) -> None:
        """Show that so many files and bytes are to be sent."""
        ...

    def moved(self, done: int) -> None:
        """Show that so many bytes are on their way."""
        ...

    def say(self, text: str) -> None:
        """Show a message."""
        ...

    def end(self) -> None:
        """Show that this sending is over."""
        ...


class Meter:
    """Adds up the bytes of all threads and tells a display now and then."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._mutex = threading.Lock()
        self._positions: dict[str, int] = {}
        self._next = 0.0

    def begin(self, files: int, total: int) -> None:
        """Start anew with what is to be sent."""
        self._positions = {}
        self._next = time.monotonic() + self._display.every
        self._display.begin(files, total)

    def moved(self, path: str, position: int) -> None:
        """Note how far a file is."""
        self._positions[path] = position
        if time.monotonic() >= self._next:
            with self._mutex:
                self._next = time.monotonic() + self._display.every
                self._display.moved(sum(list(self._positions.values())))

    def end(self) -> None:
        """Stop telling."""
        self._display.end()

    def ended(self, outcome: Outcome) -> None:
        """Note that a file is dealt with."""
        self.moved(outcome.candidate.path, outcome.candidate.fingerprint.size)
        if outcome.result is Result.UPLOADED:
            with self._mutex:
                what = size(outcome.candidate.fingerprint.size)
                self._display.say(f"sent {shown(outcome.candidate.path)} ({what})")


class Silent:
    """No display: standard output belongs to the JSON document."""

    every = 3600.0

    def begin(self, files: int, total: int) -> None:
        """Show nothing."""

    def moved(self, done: int) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


class Lines:
    """Plain lines, for logs."""

    every = _LINE_EVERY_S

    def __init__(self) -> None:
        self._total, self._started = 0, 0.0

    def begin(self, files: int, total: int) -> None:
        """Say what is to be sent."""
        self._total, self._started = total, time.monotonic()
        self.say(f"sending {count(files, 'file')}, {size(total)}")

    def moved(self, done: int) -> None:
        """Say how far it is, how fast it goes and how long it may take."""
        rate = done / max(0.001, time.monotonic() - self._started)
        left = f", about {duration((self._total - done) / rate)} left" if rate else ""
        self.say(f"{size(done)} of {size(self._total)}, {size(rate)}/s{left}")

    def say(self, text: str) -> None:
        """Write a line."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def end(self) -> None:
        """Say nothing: the summary follows."""


def display_for(*, as_json: bool) -> Display:
    """Return the display that suits where the output goes."""
    if as_json:
        return Silent()
    if sys.stderr.isatty():
        from labsight_lab.sync.telling.bar import Bar  # noqa: PLC0415 - rich is slow to load

        return Bar()
    return Lines()
