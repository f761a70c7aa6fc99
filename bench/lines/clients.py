"""Eight clients at once: whether they wait for each other."""

import random
import statistics
from collections.abc import Iterator

from bench import objects, slides, web_servers
from bench.effort import Effort
from bench.lines.screen import DELAY_MS
from bench.processes import Worker
from bench.report import Bar, Figure

CLIENTS = 8
STORED = Bar(what="8 clients over HTTP, stored tiles", against="1 client", least=1)
MADE = Bar(what="8 clients over HTTP, tiles made at 1/2", against="1 client", least=1)
WAITING = Bar(what="8 threads, store of 15 ms a request", against="1 thread", least=7)
BARS = STORED, MADE, WAITING


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare tiles a second of one server process."""
    slide = slides.aperio()
    with (
        web_servers.labsight(slide) as server,
        Worker("bench.web_client:WebClient", peer=False, port=server.port) as client,
    ):
        for bar, power in ((STORED, 0), (MADE, 1)):
            yield _over_http(bar, client, power, effort)
    with objects.bucket(DELAY_MS) as bucket:
        arguments = {"endpoint": bucket.endpoint, "key": bucket.key}
        with Worker("bench.ours:RemoteTiles", peer=False, **arguments) as reader:
            yield _waiting(reader, effort)


def _over_http(bar: Bar, client: Worker, power: int, effort: Effort) -> Figure:
    """Ask for other tiles in each round, so that none is answered from what was kept."""
    rates: dict[int, list[float]] = {1: [], CLIENTS: []}
    base = web_servers.slide_path(slides.aperio())
    count = effort.of(150, 60) if power else effort.of(600, 200)
    prefix = f"{base}_files/{16 - power}"  # level 16 is the finest of 40,000 px
    columns, rows = (side // 240 >> power for side in slides.SIZE)
    places = [f"{prefix}/{x}_{y}.jpg" for x in range(columns) for y in range(rows)]
    random.Random(power).shuffle(places)
    for turn in range(-1, effort.of(7, 3)):
        for number in (1, CLIENTS) if turn % 2 else (CLIENTS, 1):
            paths, places = places[:count], places[count:]
            answer = client.ask("load", paths=paths, connections=number)
            if turn >= 0:
                rates[number].append(count / answer.wall)
    return _figure(bar, rates)


def _waiting(reader: Worker, effort: Effort) -> Figure:
    rates: dict[int, list[float]] = {1: [], CLIENTS: []}
    for turn in range(-1, effort.of(5, 2)):
        for threads in (1, CLIENTS):
            count = 20 * threads
            chance = random.Random(f"{turn} {threads}")
            places = [(chance.random(), chance.random()) for _ in range(count)]
            answer = reader.ask("read_together", places=places, threads=threads)
            if turn >= 0:
                rates[threads].append(count / answer.wall)
    return _figure(WAITING, rates)


def _figure(bar: Bar, rates: dict[int, list[float]]) -> Figure:
    one, many = (statistics.median(rates[number]) for number in (1, CLIENTS))
    return Figure(
        bar=bar, value=many / one, ours=f"{many:,.0f} tiles/s", peer=f"{one:,.0f} tiles/s"
    )
