"""Measures several readers side by side, so that what else the machine does hits all of them."""

import math
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.processes import Worker
from bench.report import Bar, Figure
from bench.worker import Place

WARM = 8  # tiles that each reader reads first: files in the page cache, modules imported


@dataclass(frozen=True)
class TileCost:
    """What one tile cost: CPU of the reader's process and wall clock, medians of rounds, in ms."""

    cpu: float
    wall: float


@contextmanager
def together(starts: Mapping[str, Callable[[], Worker]]) -> Iterator[Mapping[str, Worker]]:
    """Start workers, and end all that were started when the block ends."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(start()) for name, start in starts.items()}


def interleave(
    readers: Mapping[str, Worker], power: int, *, rounds: int, tiles: int, least: int
) -> dict[str, TileCost]:
    """Let all read tiles at the same random places in each round, at 1/2^power of the full size.

    Every reader's grid has at least ``least`` columns and rows there. No tile is read twice, so
    that nobody answers from what it has kept.
    """
    costs: dict[str, list[TileCost]] = {name: [] for name in readers}
    places = distinct(WARM + rounds * tiles, least, random.Random(power))
    for name in readers:
        readers[name].ask("read", power=power, places=places[:WARM])
    for turn in range(rounds):
        start = WARM + turn * tiles
        for name in rotated(list(readers), turn):
            part = places[start : start + tiles]
            answer = readers[name].ask("read", power=power, places=part)
            costs[name].append(TileCost(answer.cpu * 1e3 / tiles, answer.wall * 1e3 / tiles))
    return {name: _median(found) for name, found in costs.items()}


def distinct(count: int, least: int, chance: random.Random) -> list[Place]:
    """Return random places, no two in one tile of a grid of ``least`` columns and rows or more.

    Each lies in a cell of its own of a coarse lattice, at random there, but a tile's width off the
    cell's end.
    """
    side = math.isqrt(count - 1) + 2
    if side > least:
        raise ValueError(f"{count} places do not fit a grid of {least} x {least} tiles")
    room = 1 - side / least
    cells = chance.sample(range(side * side), count)
    return [
        (
            (cell % side + room * chance.random()) / side,
            (cell // side + room * chance.random()) / side,
        )
        for cell in cells
    ]


def rotated(names: Sequence[str], turn: int) -> list[str]:
    """Return the names beginning with another one each turn."""
    first = turn % len(names)
    return [*names[first:], *names[:first]]


def compared(bar: Bar, ours: TileCost, peer: TileCost) -> Figure:
    """Return how many times the peer's CPU ours goes into."""
    return Figure(
        bar=bar,
        value=peer.cpu / ours.cpu,
        ours=f"{ours.cpu:.3g} ms CPU",
        peer=f"{peer.cpu:.3g} ms CPU",
    )


def _median(costs: list[TileCost]) -> TileCost:
    return TileCost(
        statistics.median(one.cpu for one in costs),
        statistics.median(one.wall for one in costs),
    )
