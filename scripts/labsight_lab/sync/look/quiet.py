"""Is a file or unit still being written? By time: nothing about it has changed for long enough."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from labsight_lab.sync.look.scan import Seen

SHORTEST_S = 5.0
BYTES_PER_SECOND = (
    100_000_000  # 1 s more for each 100 MB: large files are written with longer pauses
)
TRUSTED_AGE_S = 3600.0  # more than the clocks of one lab differ
NANO = 1_000_000_000

Members = tuple[Seen, ...]


def quiet_period(size: int) -> float:
    """Return for how many seconds what has this size must stay the same to count as written."""
    return max(SHORTEST_S, size / BYTES_PER_SECOND)


@dataclass
class QuietWatch:
    """Remembers since when each group of files has looked the same.

    One that was last changed ``trusted_age`` seconds ago or more is believed that at first sight.
    Any other, and one that was seen changing, is quiet when it was seen unchanged for the whole
    period by our own steady clock: a time stamp may come from another machine's clock.
    """

    wall: Callable[[], float]
    steady: Callable[[], float]
    period: float | None = None
    trusted_age: float = TRUSTED_AGE_S
    _seen: dict[str, tuple[Members, float]] = field(default_factory=dict)

    def wait(self, place: str, members: Members) -> float:
        """Return how many seconds a group must still stay the same; 0 means that it is quiet."""
        period = self.period
        if period is None:
            period = quiet_period(sum(seen.size for seen in members))
        now = self.steady()
        known = self._seen.get(place)
        if known is None or known[0] != members:
            age = self.wall() - max(seen.mtime_ns for seen in members) / NANO
            believed = age if known is None and age >= self.trusted_age else 0.0
            known = self._seen[place] = (members, now - believed)
        return max(0.0, period - (now - known[1]))

    def restart(self, place: str) -> None:
        """Watch a group anew that was found changing after all."""
        self._seen[place] = ((), 0.0)  # looks like no group

    def forget_others(self, places: Collection[str]) -> None:
        """Remember these groups only: a folder that is watched for years has had many."""
        self._seen = {place: self._seen[place] for place in places if place in self._seen}
