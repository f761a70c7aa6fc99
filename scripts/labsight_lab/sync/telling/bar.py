"""How far a run is, as a bar on a terminal."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from labsight_lab.text import count


class Bar:
    """A bar that moves, for a terminal."""

    every = 0.1

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def begin(self, files: int, total: int) -> None:
        """Draw an empty bar."""
        self.end()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task(count(files, "file"), total=total)
        self._bar.start()

    def moved(self, done: int) -> None:
        """Move the bar."""
        if self._bar:
            self._bar.update(self._task, completed=done)

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None
