"""From the start of a fresh process to its first stored tile."""

import statistics
import subprocess
import time
from collections.abc import Iterator

from bench import objects, slides
from bench.effort import Effort
from bench.folders import ROOT
from bench.processes import Worker, environment, python
from bench.report import Bar, Figure
from labsight.keys import slide_id

_WHAT = "fresh process to first stored tile"
RATIO = Bar(what=_WHAT, against="openslide + boto3", least=3)
TIME = Bar(what=_WHAT, most=130, unit="ms")
BARS = RATIO, TIME


def measure(effort: Effort) -> Iterator[Figure]:
    """Take the wall clock until the tile has come out of the process, medians."""
    ours: list[float] = []
    peers: list[float] = []
    with objects.bucket() as bucket:
        arguments = {"endpoint": bucket.endpoint, "key": bucket.key}
        with Worker("bench.imports:Import", peer=False, **arguments) as worker:
            worker.ask("remote")  # so that there is an index
        path = f"/slides/{slide_id(bucket.key)}/tiles/0/20_20.jpg"
        own = f"ours({bucket.endpoint!r}, {path!r})"
        other = f"openslide_boto3({bucket.endpoint!r}, {bucket.key!r}, {str(slides.aperio())!r})"
        for turn in range(-1, effort.of(15, 5)):
            for call, found, peer in ((own, ours, False), (other, peers, True)):
                took = _fresh(call, peer=peer)
                if turn >= 0:  # the first one compiles what it imports
                    found.append(took)
    own_ms, other_ms = statistics.median(ours), statistics.median(peers)
    told = f"{own_ms:.0f} ms"
    yield Figure(bar=RATIO, value=other_ms / own_ms, ours=told, peer=f"{other_ms:.0f} ms")
    yield Figure(bar=TIME, value=own_ms, ours=told)


def _fresh(call: str, *, peer: bool) -> float:
    """Run a program that writes a tile; return ms."""
    command = [python(peer=peer), "-c", f"from bench import first_tile; first_tile.{call}"]
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=True, timeout=60
    )
    took = time.perf_counter() - start
    if not done.stdout.startswith(b"\xff\xd8"):
        raise RuntimeError(f"{call}: no tile came out")
    return took * 1e3
