"""How many tiles the edge has already: a day that begins with empty caches.

Tiles are asked for by Zipf's law, of slides and within each slide. In a cache that keeps a tile for
the rest of the day, the first request for it is a miss and no later one is: of a tile asked for
at a rate r, as a Poisson process, the expected misses in a time D are 1 - exp(-r D).
"""

import math
import random
from collections.abc import Iterator

_GROWTH = 1.12  # of the ranges of ranks that are reckoned as one


def hit_rate(
    *,
    rate: float,
    seconds: float,
    caches: int,
    slides: int,
    slide_skew: float,
    tiles: int,
    tile_skew: float,
) -> float:
    """Return the share of requests that caches answer, of ``rate`` a second over all of them."""
    asked = missed = 0.0
    by_tile = list(ranges(tiles, tile_skew))
    for slide_share, slide_count in ranges(slides, slide_skew):
        for tile_share, tile_count in by_tile:
            expected = rate * seconds / caches * slide_share * tile_share
            count = caches * slide_count * tile_count
            asked += count * expected
            missed += count * -math.expm1(-expected)
    return 1 - missed / asked if asked else 0.0


def ranges(count: int, skew: float) -> Iterator[tuple[float, int]]:
    """Yield (share of one, how many) over ranges of ranks; all shares together are 1."""
    found, first = [], 1
    while first <= count:
        last = min(count, max(first, int(first * _GROWTH)))
        weight = sum(rank**-skew for rank in (first, (first + last) / 2, last)) / 3
        found.append((weight, last - first + 1))
        first = last + 1
    whole = sum(weight * many for weight, many in found)
    for weight, many in found:
        yield weight / whole, many


def played(
    *,
    requests: int,
    caches: int,
    slides: int,
    slide_skew: float,
    tiles: int,
    tile_skew: float,
    seed: int,
) -> float:
    """Return the hit rate of so many requests, one by one, to hold the reckoning against."""
    chance = random.Random(seed)
    drawn_slides = _drawn(chance, slides, slide_skew, requests)
    drawn_tiles = _drawn(chance, tiles, tile_skew, requests)
    held: set[tuple[int, int, int]] = set()
    hits = 0
    for slide, tile in zip(drawn_slides, drawn_tiles, strict=True):
        asked = (chance.randrange(caches), slide, tile)
        if asked in held:
            hits += 1
        held.add(asked)
    return hits / requests


def _drawn(chance: random.Random, count: int, skew: float, times: int) -> list[int]:
    weights = [rank**-skew for rank in range(1, count + 1)]
    return chance.choices(range(count), weights, k=times)
