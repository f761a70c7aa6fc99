"""Tiles of JPEG 2000, which no browser shows."""

from collections.abc import Iterator
from functools import partial

from bench import slides
from bench.effort import Effort
from bench.interleaved import compared, interleave, together
from bench.processes import Worker
from bench.report import Bar, Figure

OPENSLIDE = Bar(what="JPEG 2000 tile", against="openslide DeepZoom 254+1", least=2)
LARGE_IMAGE = Bar(what="JPEG 2000 tile", against="large_image, its fastest setting", least=1)
BARS = OPENSLIDE, LARGE_IMAGE
_SOURCES = "tiff", "openslide", "tifffile"


def measure(effort: Effort) -> Iterator[Figure]:
    """Let all of large_image's sources that open it take part, each with and without ICC."""
    slide = str(slides.jpeg2000())
    settings = {
        f"source {source}{', icc off' if plain else ''}": partial(
            Worker, "bench.peers:LargeImage", peer=True, slide=slide, source=source, plain=plain
        )
        for source in _SOURCES
        for plain in (True, False)
    }
    starts = {
        "ours": partial(Worker, "bench.ours:LocalTiles", peer=False, slide=slide),
        "openslide": partial(Worker, "bench.peers:DeepZoom", peer=True, slide=slide),
        **settings,
    }
    with together(starts) as readers:
        cost = interleave(readers, 0, rounds=effort.of(9, 3), tiles=40, least=48)
    yield compared(OPENSLIDE, cost["ours"], cost["openslide"])
    fastest = min(settings, key=lambda name: cost[name].cpu)
    found = compared(LARGE_IMAGE, cost["ours"], cost[fastest])
    yield Figure(bar=found.bar, value=found.value, ours=found.ours, peer=f"{fastest} {found.peer}")
