"""Memory while random tiles of many slides are asked for."""

from collections.abc import Iterator

from bench.effort import Effort
from bench.processes import Worker
from bench.report import Bar, Figure

GROWTH = Bar(what="memory over 100,000 random tiles of 50 slides", most=8, unit="MB of growth")
BARS = (GROWTH,)
_TILES = 100_000
_KEPT = 7_000  # tiles of 12 kB that fill what the service keeps of made tiles (64 MB)


def measure(effort: Effort) -> Iterator[Figure]:
    """Fill what is kept on purpose first: that is bounded in bytes, and is no growth."""
    with Worker("bench.many_slides:ManySlides", peer=False) as worker:
        worker.ask("made", count=effort.of(_KEPT, _KEPT))
        before = worker.ask("run", count=_TILES // 10).value
        after = [
            worker.ask("run", count=effort.of(_TILES, _TILES // 5) // 10).value for _ in range(10)
        ]
    told = f"{before:.0f} MB, then {after[0]:.0f} to {after[-1]:.0f}, at most {max(after):.0f}"
    yield Figure(bar=GROWTH, value=max(after) - before, ours=told)
