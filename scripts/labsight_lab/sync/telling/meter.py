"""How much of what is to be sent is dealt with, added up over all threads."""

import threading
import time
from collections.abc import Callable, Sequence

from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.sending.outcome import Outcome
from labsight_lab.sync.telling.progress import Display
from labsight_lab.text import shown


class Meter:
    """Adds up files and bytes and tells a display now and then.

    A unit counts by its members; its ``unit.json`` counts for nothing.
    """

    def __init__(self, display: Display, clock: Callable[[], float] = time.monotonic) -> None:
        self._display, self._clock = display, clock
        self._mutex = threading.Lock()
        self._positions: dict[str, int] = {}  # of the files on their way
        self._sizes: dict[str, int] = {}  # of those and of what waits for its turn
        self._parts: dict[str, set[str]] = {}  # the same files by the place of their group
        self._files = self._total = self._ended = self._done = 0
        self._next = 0.0

    def add(self, ready: Sequence[Pending]) -> None:
        """Start with what is to be sent, or add it to what is being sent."""
        if not self._total:
            self._next = self._clock() + self._display.every
        for pending in ready:
            sizes = {seen.path: seen.size for seen in pending.unsettled}
            self._sizes |= sizes
            self._parts[pending.group.place] = set(sizes)
            self._files += len(sizes)
            self._total += sum(sizes.values())
        self._display.begin(self._files, self._total)

    def moved(self, path: str, position: int) -> None:
        """Note how far a file is."""
        self._positions[path] = position
        if self._clock() >= self._next:
            with self._mutex:
                self._next = self._clock() + self._display.every
                self._tell()

    def ended(self, outcome: Outcome) -> None:
        """Note that a file is dealt with; of a group that is not to be sent, all files are."""
        left = self._parts.get(outcome.place, set())
        if outcome.path in left:
            over = {outcome.path}
        else:
            over = set(left) if outcome.path == outcome.place else set()
        self._positions.pop(outcome.path, None)
        self._done += sum(self._sizes.pop(path) for path in over)
        self._ended += len(over)
        left -= over
        if not left:
            self._parts.pop(outcome.place, None)

    def end(self) -> None:
        """Stop telling: all is dealt with."""
        self._positions, self._sizes, self._parts = {}, {}, {}
        self._files = self._total = self._ended = self._done = 0
        self._display.end()

    def _tell(self) -> None:
        moving = list(self._positions.items())
        names = []
        for path, position in moving:
            if size := self._sizes.get(path):
                names.append(f"{shown(path)} {min(100, 100 * position // size)} %")
        done = self._done + sum(position for _, position in moving)
        self._display.moved(done, self._ended, names)
