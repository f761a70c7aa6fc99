"""How fast it goes, and how long it will take."""

import time
from collections import deque
from collections.abc import Callable

from labsight_lab.text import duration, size

WINDOW_S = 30.0
_SOON_S = 5.0
_STEP_S = 0.5  # between two points that are remembered


class Pace:
    """The rate of the last half minute: a bandwidth limit changes, and so does a network."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._points = deque([(clock(), 0)])

    def note(self, done: int) -> None:
        """Note how many bytes are done now."""
        now, points = self._clock(), self._points
        if len(points) == 1 or now - points[-2][0] >= _STEP_S:
            points.append((now, done))
        else:
            points[-1] = (now, done)
        while len(points) > 2 and points[1][0] <= now - WINDOW_S:
            points.popleft()

    @property
    def rate(self) -> float:
        """Bytes per second."""
        (began, before), (now, done) = self._points[0], self._points[-1]
        return max(0, done - before) / (now - began) if now > began else 0.0

    def left(self, todo: int) -> float | None:
        """Return in how many seconds so many bytes more are done; None when nobody can tell."""
        return todo / self.rate if self.rate else None


def told(done: int, total: int, pace: Pace) -> str:
    """Say how far it is: ``1.2 GB of 4.5 GB, 120.3 MB/s, about 27 s left``."""
    left = pace.left(max(0, total - done))
    text = f"{size(done)} of {size(total)}, {size(pace.rate)}/s"
    if left is None:
        return text
    return f"{text}, " + (f"about {duration(left)} left" if left >= _SOON_S else "soon done")
