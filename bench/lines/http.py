"""Stored tiles over HTTP end to end: `labsight serve` against iipsrv, one worker each.

The same client asks both, for the same places of the same file, which iipsrv can serve.
"""

import random
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench import slides, web_servers
from bench.effort import Effort
from bench.interleaved import rotated
from bench.processes import Worker, group_cpu
from bench.report import Bar, Figure
from bench.web_servers import WebServer

BAR = Bar(what="stored tile over HTTP, end to end", against="iipsrv 1.1, one process", least=2)
BARS = (BAR,)
CONNECTIONS = 1, 4, 8


@dataclass
class _Side:
    server: WebServer
    client: Worker
    rates: dict[int, list[float]] = field(default_factory=dict)  # requests/s by connections
    asked: int = 0
    cpu: float = 0.0  # seconds of the server before the first request that counts
    busy: list[float] = field(default_factory=list)  # share of the time that the client computed

    def load(self, paths: Sequence[str], connections: int) -> None:
        answer = self.client.ask("load", paths=paths, connections=connections)
        self.rates.setdefault(connections, []).append(len(paths) / answer.wall)
        self.busy.append(answer.cpu / answer.wall)
        self.asked += len(paths)

    def rate(self, connections: int) -> float:
        return statistics.median(self.rates[connections])


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare requests a second at 1, 4 and 8 connections; the least of the ratios counts."""
    slide = slides.pyramid()
    with ExitStack() as stack:
        sides = {
            name: _Side(server, stack.enter_context(_client(server)))
            for name, server in (
                ("iipsrv", stack.enter_context(web_servers.iipsrv(slide))),
                ("labsight", stack.enter_context(web_servers.labsight(slide))),
            )
        }
        for turn in range(-1, effort.of(7, 3)):
            _round(sides, turn, effort.of(600, 200))
        ours, peer = sides["labsight"], sides["iipsrv"]
        ratios = {n: ours.rate(n) / peer.rate(n) for n in CONNECTIONS}
        yield Figure(bar=BAR, value=min(ratios.values()), ours=_told(ours), peer=_told(peer))


def _client(server: WebServer) -> Worker:
    return Worker("bench.web_client:WebClient", peer=False, port=server.port)


def _round(sides: dict[str, _Side], turn: int, count: int) -> None:
    """Let both answer for the same places, at each number of connections."""
    side = slides.PYRAMID_TILE
    columns, rows = slides.SIZE[0] // side, slides.SIZE[1] // side
    across = -(-slides.SIZE[0] // side)
    ours = web_servers.slide_path(slides.pyramid())
    theirs = f"/iipsrv?FIF={slides.pyramid().name}&JTL={slides.pyramid_levels() - 1}"
    for connections in CONNECTIONS:
        chance = random.Random(f"{turn} {connections}")
        places = [(chance.randrange(columns), chance.randrange(rows)) for _ in range(count)]
        paths = {
            "labsight": [f"{ours}/tiles/0/{x}_{y}.jpg" for x, y in places],
            "iipsrv": [f"{theirs},{y * across + x}" for x, y in places],
        }
        for name in rotated(list(sides), turn):
            sides[name].load(paths[name], connections)
    if turn < 0:  # that was to warm up
        for one in sides.values():
            one.rates.clear()
            one.busy.clear()
            one.asked, one.cpu = 0, group_cpu(one.server.leader)


def _told(side: _Side) -> str:
    rates = "/".join(f"{side.rate(n):,.0f}" for n in CONNECTIONS)
    cpu = (group_cpu(side.server.leader) - side.cpu) / side.asked * 1e3
    busy = max(side.busy)
    name = side.server.version
    return f"{name} {rates} requests/s, {cpu:.2f} ms CPU (client busy {busy:.0%})"
