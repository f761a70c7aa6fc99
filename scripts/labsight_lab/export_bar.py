"""How far an export is, as a bar on a terminal."""

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from labsight_lab.text import size


class Bar:
    """Tiles, bytes, bytes a second and the time left; drawn anew every ``every`` seconds."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._done = self._bytes = 0
        self._started = self._next = 0.0

    def begin(self, tiles: int, done: int) -> None:
        """Draw the bar."""
        self.end()
        self._started, self._done = time.monotonic(), done
        self._bar = Progress(
            TextColumn("tiles"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[bytes]}", markup=False),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("tiles", total=tiles, completed=done, bytes="")
        self._bar.start()

    def moved(self, tiles: int, written: int) -> None:
        """Move the bar."""
        self._done, self._bytes = self._done + tiles, self._bytes + written
        now = time.monotonic()
        if self._bar is None or now < self._next:
            return
        self._next = now + self._every
        rate = self._bytes / max(0.001, now - self._started)
        told = f"{size(self._bytes)}, {size(rate)}/s"
        self._bar.update(self._task, completed=self._done, bytes=told)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
