"""Is a file still being written? By time: nothing about it has changed for long enough."""

from collections.abc import Callable
from dataclasses import dataclass, field

SHORTEST_S = 5.0
BYTES_PER_SECOND = (
    100_000_000  # 1 s more for each 100 MB: large files are written with longer pauses
)
TRUSTED_AGE_S = 3600.0  # more than the clocks of one lab differ
NANO = 1_000_000_000


def quiet_period(size: int) -> float:
    """Return for how many seconds a file of this size has to stay the same to count as written."""
    return max(SHORTEST_S, size / BYTES_PER_SECOND)


@dataclass
class QuietWatch:
    """Remembers since when each file has looked the same.

    A file that was last changed ``trusted_age`` seconds ago or more is believed that at first
    sight. Any other, and one that was seen changing, is quiet when it was seen unchanged for the
    whole period by our own steady clock: a time stamp may come from another machine's clock.
    """

    wall: Callable[[], float]
    steady: Callable[[], float]
    period: float | None = None
    trusted_age: float = TRUSTED_AGE_S
    _seen: dict[str, tuple[int, int, float]] = field(default_factory=dict)

    def wait(self, path: str, size: int, mtime_ns: int) -> float:
        """Return how many seconds the file must still stay the same; 0 means that it is quiet."""
        period = quiet_period(size) if self.period is None else self.period
        now = self.steady()
        known = self._seen.get(path)
        if known is None or known[:2] != (size, mtime_ns):
            age = self.wall() - mtime_ns / NANO
            believed = age if known is None and age >= self.trusted_age else 0.0
            known = self._seen[path] = (size, mtime_ns, now - believed)
        return max(0.0, period - (now - known[2]))

    def restart(self, path: str) -> None:
        """Watch a file anew that was found changing after all."""
        self._seen[path] = (-1, 0, 0.0)  # looks like no file
