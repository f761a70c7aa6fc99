"""A whole import, from a file and from a store, against OpenSlide doing the same from a file."""

import statistics
from collections.abc import Iterator

from bench import objects, slides
from bench.effort import Effort
from bench.lines.screen import DELAY_MS
from bench.processes import Answer, Worker
from bench.report import Bar, Figure

_WHAT = "whole import of it (pictures, barcode, quality)"
_REMOTE = f"{_WHAT} at 15 ms a request"
_PEER = "openslide, the same from a local file"
LOCAL = Bar(what=f"{_WHAT} from a local file", against=_PEER, least=1)
REMOTE = Bar(what=_REMOTE, against=_PEER, least=1)
REQUESTS = Bar(what=_REMOTE, most=60, unit="GETs")
BARS = LOCAL, REMOTE, REQUESTS


def measure(effort: Effort) -> Iterator[Figure]:
    """Take the wall clock in fresh processes, with all modules loaded."""
    slide = str(slides.aperio())
    found: dict[str, list[Answer]] = {"local": [], "remote": [], "peer": []}
    requests = []
    with objects.bucket(DELAY_MS) as bucket:
        own = {"endpoint": bucket.endpoint, "key": bucket.key}
        for _ in range(effort.of(7, 3)):
            with Worker("bench.imports:Import", peer=False, **own) as worker:
                found["local"].append(worker.ask("local", slide=slide))
            with Worker("bench.peer_import:Import", peer=True, slide=slide) as worker:
                found["peer"].append(worker.ask("run"))
            with Worker("bench.imports:Import", peer=False, **own) as worker:
                bucket.counts()
                found["remote"].append(worker.ask("remote"))
                asked = bucket.counts()
                requests.append(asked["GET"])
    peer = found["peer"]
    for bar, name in ((LOCAL, "local"), (REMOTE, "remote")):
        ratio = _wall(peer) / _wall(found[name])
        yield Figure(bar=bar, value=ratio, ours=_told(found[name]), peer=_told(peer))
    others = f"and {asked.get('HEAD', 0)} HEAD, {asked.get('PUT', 0)} PUT"
    yield Figure(bar=REQUESTS, value=max(requests), ours=others)


def _wall(answers: list[Answer]) -> float:
    return statistics.median(one.wall for one in answers)


def _told(answers: list[Answer]) -> str:
    cpu = statistics.median(one.cpu for one in answers)
    return f"{_wall(answers) * 1e3:.0f} ms, {cpu * 1e3:.0f} ms CPU"
