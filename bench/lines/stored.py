"""A stored tile of a large Aperio slide, in process and by HTTP range."""

from collections.abc import Iterator
from functools import partial

from bench import objects, slides
from bench.effort import Effort
from bench.interleaved import compared, interleave, together
from bench.processes import Worker
from bench.report import Bar, Figure

_PEER = "openslide DeepZoom 254+1"
LOCAL = Bar(what="stored tile, in process", against=_PEER, least=200)
RANGED = Bar(what="stored tile by HTTP range, client side", against=_PEER, least=15)
BARS = LOCAL, RANGED


def measure(effort: Effort) -> Iterator[Figure]:
    """Take CPU of each reader's process; the object server is not counted, nor its wait."""
    slide = str(slides.aperio())
    with objects.bucket() as bucket:
        starts = {
            "local": partial(Worker, "bench.ours:LocalTiles", peer=False, slide=slide),
            "ranged": partial(
                Worker,
                "bench.ours:RemoteTiles",
                peer=False,
                endpoint=bucket.endpoint,
                key=bucket.key,
            ),
            "peer": partial(Worker, "bench.peers:DeepZoom", peer=True, slide=slide),
        }
        with together(starts) as readers:
            cost = interleave(
                readers, 0, rounds=effort.of(11, 5), tiles=effort.of(300, 60), least=100
            )
    yield compared(LOCAL, cost["local"], cost["peer"])
    yield compared(RANGED, cost["ranged"], cost["peer"])
