"""A viewer's screen of 24 tiles when each request to the store takes 15 ms."""

import random
import statistics
from collections.abc import Iterator

from bench import objects
from bench.effort import Effort
from bench.interleaved import rotated
from bench.processes import Worker
from bench.report import Bar, Figure

DELAY_MS = 15.0
_WHAT = "24-tile screen at 15 ms a request"
_PEER = "one GET per tile, 6 connections"
RATIO = Bar(what=_WHAT, against=_PEER, least=2.5)
TIME = Bar(what=_WHAT, most=30, unit="ms")
SERVICE_RATIO = Bar(what=f"{_WHAT}, asked of the tile service", against=_PEER, least=2.5)
SERVICE_TIME = Bar(what=f"{_WHAT}, asked of the tile service", most=30, unit="ms")
BARS = RATIO, TIME, SERVICE_RATIO, SERVICE_TIME
_WAYS = "by_rows", "one_by_one", "by_service"


def measure(effort: Effort) -> Iterator[Figure]:
    """Take the wall clock, medians over screens at random places."""
    walls: dict[str, list[float]] = {way: [] for way in _WAYS}
    requests: dict[str, list[int]] = {way: [] for way in _WAYS}
    with (
        objects.bucket(DELAY_MS) as bucket,
        Worker(
            "bench.screens:Screens", peer=False, endpoint=bucket.endpoint, key=bucket.key
        ) as ours,
    ):
        columns, rows = ours.ask("grid").value
        for turn in range(-2, effort.of(21, 7)):
            chance = random.Random(turn)
            place = {"column": chance.randrange(columns), "row": chance.randrange(rows)}
            for way in rotated(_WAYS, turn):
                ours.ask("renew")
                bucket.counts()
                answer = ours.ask(way, **place)
                if turn >= 0:
                    walls[way].append(answer.wall * 1e3)
                    requests[way].append(bucket.counts()["GET"])
    wall = {way: statistics.median(found) for way, found in walls.items()}
    told = {
        way: f"{wall[way]:.1f} ms, {statistics.median(requests[way]):.0f} GETs" for way in _WAYS
    }
    single = wall["one_by_one"]
    for way, ratio, time in (("by_rows", RATIO, TIME), ("by_service", SERVICE_RATIO, SERVICE_TIME)):
        yield Figure(bar=ratio, value=single / wall[way], ours=told[way], peer=told["one_by_one"])
        yield Figure(bar=time, value=wall[way], ours=told[way])
