"""The index of a slide of 20,000 tiles when each request takes 15 ms."""

import statistics
from collections.abc import Iterator

from bench import objects
from bench.effort import Effort
from bench.lines.screen import DELAY_MS
from bench.processes import Worker
from bench.report import Bar, Figure

_WHAT = "index of a 20,000-tile slide at 15 ms a request"
TIME = Bar(what=_WHAT, most=1000, unit="ms")
REQUESTS = Bar(what=_WHAT, most=8, unit="GETs")
MEMORY = Bar(what=f"{_WHAT}, memory", most=60, unit="MB")
BARS = TIME, REQUESTS, MEMORY


def measure(effort: Effort) -> Iterator[Figure]:
    """Index in a fresh process each time, with its modules loaded."""
    walls, requests, peaks, told = [], [], [], ""
    with objects.bucket(DELAY_MS) as bucket:
        for _ in range(effort.of(7, 3)):
            worker = Worker(
                "bench.index_only:Index", peer=False, endpoint=bucket.endpoint, key=bucket.key
            )
            with worker:
                bucket.counts()
                answer = worker.ask("index")
                asked = bucket.counts()
                requests.append(asked["GET"])
                walls.append(answer.wall * 1e3)
                peaks.append(worker.ask("peak").value)
            told = f"{answer.value[0]:,} tiles, sidecar of {answer.value[1] / 1e3:.0f} kB"
    heads = f"and {asked.get('HEAD', 0)} HEAD"
    yield Figure(bar=TIME, value=statistics.median(walls), ours=told)
    yield Figure(bar=REQUESTS, value=max(requests), ours=heads)
    yield Figure(bar=MEMORY, value=max(peaks), ours="peak of its process")
