"""How far a run is, as a bar on a terminal."""

from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from labsight_lab.sync.telling.pace import Pace, told
from labsight_lab.text import count

_NAMED = 3


class Bar:
    """A bar that moves, for a terminal, and under it the names of what is under way."""

    every = 0.1

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._pace = Pace()
        self._files = self._total = self._done = 0
        self._ended: int | None = None
        self._names: Sequence[str] = ()

    def begin(self, files: int, total: int) -> None:
        """Draw an empty bar, or show that there is more to send now."""
        self._files, self._total = files, total
        if self._live is None:
            self._pace, self._done, self._ended, self._names = Pace(), 0, None, ()
            self._live = Live(
                console=self._console,
                transient=True,
                get_renderable=self._drawn,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def moved(self, done: int, files: int | None = None, names: Sequence[str] = ()) -> None:
        """Move the bar."""
        self._pace.note(done)
        self._done, self._ended, self._names = done, files, names

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        """Take the bar away."""
        if self._live:
            self._live.stop()
            self._live = None

    def _drawn(self) -> Group:
        files = count(self._files, "file")
        if self._ended is not None:
            files = f"{self._ended:,} of {files}"
        line = Table.grid(padding=(0, 2), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        bar = ProgressBar(total=max(1, self._total), completed=self._done)
        line.add_row(files, bar, told(self._done, self._total, self._pace))
        return Group(line, *(Text(name, no_wrap=True) for name in self._under_way()))

    def _under_way(self) -> list[str]:
        """Return the names under way, cut in the middle, and how many more there are."""
        room = max(20, self._console.width - 3)
        names = [f"  {_fitted(name, room)}" for name in self._names[:_NAMED]]
        if (more := len(self._names) - _NAMED) > 0:
            names.append(f"  and {more:,} more")
        return names


def _fitted(name: str, room: int) -> str:
    """Return a name that is at most so long: its end tells more than its beginning."""
    return name if len(name) <= room else f"...{name[len(name) - room + 3 :]}"
