"""How many functions run at a time: moves of the picture ask for several tiles at once."""

import heapq
import random

CONNECTIONS = 6  # of a browser to one address, as HTTP/1.1 had it; the edge may get more
_MOVES = 60_000  # that are played, at most


def at_a_time(
    *,
    viewers: int,
    think: float,
    fresh: int,
    cold: float,
    seconds: float,
    seed: int,
    connections: int = CONNECTIONS,
) -> tuple[float, int]:
    """Return how many requests the origin works on: mean, and what is exceeded 1 % of the time.

    A move meets either tiles that the edge has or, with the probability ``cold``, none of them: a
    place nobody has looked at today. ``seconds`` is how long the origin takes for a tile. Moves
    come as a Poisson process.
    """
    chance = random.Random(seed)
    rate = viewers / think * cold  # of moves that the edge knows nothing of
    if rate <= 0:
        return 0.0, 0
    span = min(600.0, _MOVES / rate)
    events: list[tuple[float, int]] = []
    now = 0.0
    while (now := now + chance.expovariate(rate)) < span:
        events += _one_move(chance, now, fresh, seconds, connections)
    events.sort()
    return _quantiles(events, span)


def _one_move(
    chance: random.Random, start: float, fresh: int, seconds: float, connections: int
) -> list[tuple[float, int]]:
    """Return begin (+1) and end (-1) of each tile's making, so many side by side."""
    free = [start] * min(connections, fresh)
    found = []
    for _ in range(fresh):
        begin = heapq.heappop(free)
        # Half of an answer's time is S3's, which varies: now and then it takes three times as long.
        end = begin + seconds * (0.5 + 0.5 * chance.expovariate(1))
        found += [(begin, 1), (end, -1)]
        heapq.heappush(free, end)
    return found


def _quantiles(events: list[tuple[float, int]], span: float) -> tuple[float, int]:
    """Return the mean over time and the count that is exceeded 1 % of the time."""
    held: dict[int, float] = {}
    running, before = 0, 0.0
    for at, change in events:
        until = min(at, span)
        held[running] = held.get(running, 0.0) + max(0.0, until - before)
        running, before = running + change, max(before, until)
    held[running] = held.get(running, 0.0) + max(0.0, span - before)
    mean = sum(count * time for count, time in held.items()) / span
    left = span * 0.01
    for count in sorted(held, reverse=True):
        left -= held[count]
        if left < 0:
            return mean, count
    return mean, 0
