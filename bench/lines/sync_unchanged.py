"""A run that finds nothing new: what a lab's machine does most of the time."""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.effort import Effort
from bench.folders import CACHE, NotMeasured
from bench.interleaved import rotated
from bench.processes import Cost, run
from bench.report import Bar, Figure
from bench.sync import commands
from bench.sync.sinks import Counts, Sink, sink
from bench.sync.trees import tree

_SIZE = 256  # bytes: their content is not looked at
_PEERS_EVERY = 3  # rounds: they take long, and are an order of magnitude away
_PEERS = {"rclone": commands.rclone, "s5cmd": commands.s5cmd, "aws": commands.aws}


def _bars(count: int, seconds: float) -> tuple[Bar, Bar]:
    what = f"sync of {count:,} files, nothing new"
    return Bar(what=what, most=seconds, unit="s"), Bar(what=what, most=0, unit="requests")


FEW, MANY = 20_000, 100_000
BARS = (*_bars(FEW, 0.25), *_bars(MANY, 1))


def measure(effort: Effort) -> Iterator[Figure]:
    """Send once, then run again, beside peers that list the bucket."""
    with sink() as server:
        yield from _lines(server, FEW, 0.25, effort.of(9, 3))
        yield from _lines(server, MANY, 1, effort.of(9, 3))


def _lines(server: Sink, count: int, seconds: float, rounds: int) -> Iterator[Figure]:
    folder = tree(count, _SIZE, folders=count // 100)
    time, requests = _bars(count, seconds)
    with tempfile.TemporaryDirectory(dir=CACHE) as home:
        place = commands.Place(folder, server.endpoint, f"bench-{count}", Path(home, "journal"))
        first = _run(server, commands.labsight, place)[0]
        programs = {"labsight": commands.labsight, **_PEERS}
        costs: dict[str, list[Cost]] = {name: [] for name in programs}
        asked: dict[str, int] = {}
        lacking: dict[str, str] = {}
        for turn in range(rounds):
            taking_part = list(programs) if turn % _PEERS_EVERY == 0 else ["labsight"]
            for name in rotated(taking_part, turn):
                try:
                    cost, counts = _run(server, programs[name], place)
                except NotMeasured as error:
                    lacking[name] = str(error)
                    continue
                costs[name].append(cost)
                asked[name] = max(asked.get(name, 0), counts.requests)
    wall = {
        name: statistics.median(c.wall for c in found) for name, found in costs.items() if found
    }
    peers = [
        lacking.get(name) or f"{name} {wall[name]:.2f} s, {asked[name]} requests" for name in _PEERS
    ]
    cpu = statistics.median(cost.cpu for cost in costs["labsight"])
    peak = max(cost.peak for cost in costs["labsight"])
    yield Figure(
        bar=time,
        value=wall["labsight"],
        ours=f"{cpu:.2f} s CPU, {peak:.0f} MB; the first run {first.wall:.1f} s",
        peer="; ".join(peers),
    )
    yield Figure(bar=requests, value=asked["labsight"])


def _run(
    server: Sink, program: Callable[[commands.Place], list[str]], place: commands.Place
) -> tuple[Cost, Counts]:
    server.counts()
    cost = run(program(place), variables=commands.variables(place.journal.parent))
    return cost, server.counts()
