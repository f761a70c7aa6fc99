"""What was sent, named one by one or, when that is too much to read, summed up."""

import time
from collections.abc import Callable

from labsight_lab.text import count, duration, size

MOST = 5  # names in a stretch of time
STRETCH_S = 5.0
LONGEST_S = 60.0


class Sums:
    """Names each slide that was sent, as long as five seconds bring no more than five.

    More are one line, for stretches of time that grow to a minute while it goes on like that.
    """

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock = say, clock
        self._since, self._stretch = float("-inf"), STRETCH_S
        self._may_name = MOST
        self._slides = self._bytes = 0
        self._last = ""

    def sent(self, name: str, amount: int, seconds: float | None = None) -> None:
        """Take in one slide; ``amount`` in bytes."""
        self.flush(only_if_due=True)
        if self._may_name:
            self._may_name -= 1
            took = "" if seconds is None else f", {duration(seconds)}"
            self._say(f"sent {name} ({size(amount)}{took})")
            return
        self._slides, self._bytes, self._last = self._slides + 1, self._bytes + amount, name

    def flush(self, *, only_if_due: bool = False) -> None:
        """Say what was not named yet; ``only_if_due``: when the stretch of time is over."""
        now = self._clock()
        if only_if_due and now - self._since < self._stretch:
            return
        if self._slides:
            amount = size(self._bytes)
            more = f"sent {count(self._slides, 'more slide')}, {amount}, the last one {self._last}"
            self._say(f"sent {self._last} ({amount})" if self._slides == 1 else more)
            self._may_name, self._stretch = 0, min(LONGEST_S, 2 * self._stretch)
        else:
            self._may_name, self._stretch = MOST, STRETCH_S
        self._slides = self._bytes = 0
        self._since = now
