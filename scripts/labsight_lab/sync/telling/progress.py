"""How far a run is, while it runs: a bar on a terminal, lines elsewhere, nothing beside JSON."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TextIO

from labsight_lab.sync.telling.pace import Pace, told
from labsight_lab.text import count, size

_LINE_EVERY_S = 30.0
_WORTH_A_LINE = 100_000_000  # bytes of one file that is announced before it is sent


class Display(Protocol):
    """What shows a run to somebody."""

    every: float  # seconds between two calls of ``moved``

    def begin(self, files: int, total: int) -> None:
        """Show that so many files and bytes are to be sent in all."""
        ...

    def moved(self, done: int, files: int | None = None, names: Sequence[str] = ()) -> None:
        """Show that so many bytes are on their way, ``files`` are done, and what is under way."""
        ...

    def say(self, text: str) -> None:
        """Show a message."""
        ...

    def end(self) -> None:
        """Show that this sending is over."""
        ...


class Silent:
    """No display: standard output belongs to the JSON document, or there is none."""

    every = 3600.0

    def begin(self, files: int, total: int) -> None:
        """Show nothing."""

    def moved(self, done: int, files: int | None = None, names: Sequence[str] = ()) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


class Lines:
    """Plain lines, for logs; ``task`` is what there is to do with the files.

    Away from a terminal each line begins with the time.
    """

    every = _LINE_EVERY_S

    def __init__(self, task: str = "to send", out: TextIO | None = None) -> None:
        self._task, self._out = task, out or sys.stdout
        self._files = self._total = 0
        self._pace = Pace()

    def begin(self, files: int, total: int) -> None:
        """Say what there is to do, if that is not over in a moment; what is added is not said.

        It is no promise: whether the archive can be reached is not known yet.
        """
        if not self._total:
            self._pace = Pace()
            if files > 1 or total > _WORTH_A_LINE:
                self.say(f"{self._task}: {count(files, 'file')}, {size(total)}")
        self._files, self._total = files, total

    def moved(self, done: int, files: int | None = None, names: Sequence[str] = ()) -> None:  # noqa: ARG002 - they would fill a log
        """Say how far it is, how fast it goes and how long it may take."""
        self._pace.note(done)
        so_far = "" if files is None else f"{files:,} of {count(self._files, 'file')}, "
        self.say(f"{so_far}{told(done, self._total, self._pace)}")

    def say(self, text: str) -> None:
        """Write a line; a reader that has gone does not stop the work."""
        try:
            when = "" if self._out.isatty() else f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} "
            self._out.write(f"{when}{text}\n")
            self._out.flush()
        except (OSError, ValueError):
            return

    def end(self) -> None:
        """Say nothing: the summary follows."""
        self._total = 0


def display_for(*, as_json: bool, task: str = "to send") -> Display:
    """Return the display that suits where the output goes; ``task`` is what it tells of."""
    if as_json or sys.stdout is None:  # a program without a window has no output on Windows
        return Silent()
    if sys.stderr is not None and sys.stderr.isatty():
        from labsight_lab.sync.telling.bar import Bar  # noqa: PLC0415 - rich is slow to load

        return Bar()
    return Lines(task)
