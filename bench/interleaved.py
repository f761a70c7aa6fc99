"""Measures several readers side by side, so that what else the machine does hits all of them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Read = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Cost:
    """What one tile cost: CPU of this process and wall clock, medians over rounds, in ms."""

    cpu_ms: float
    wall_ms: float


def interleave(
    readers: Mapping[str, Read], tiles: Sequence[tuple[int, int]], *, rounds: int
) -> dict[str, Cost]:
    """Let each reader read all tiles in every round, each round starting with another reader."""
    cpu: dict[str, list[float]] = {name: [] for name in readers}
    wall: dict[str, list[float]] = {name: [] for name in readers}
    names = list(readers)
    for name in names:
        for column, row in tiles[:10]:
            readers[name](column, row)  # warm: files in the page cache, modules imported
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            read = readers[name]
            cpu_start, wall_start = time.process_time_ns(), time.perf_counter_ns()
            for column, row in tiles:
                read(column, row)
            cpu[name].append((time.process_time_ns() - cpu_start) / len(tiles) / 1e6)
            wall[name].append((time.perf_counter_ns() - wall_start) / len(tiles) / 1e6)
    return {
        name: Cost(statistics.median(cpu[name]), statistics.median(wall[name])) for name in names
    }
