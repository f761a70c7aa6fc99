"""Levels that the slide does not have, but Deep Zoom asks for."""

from collections.abc import Iterator
from functools import partial

from bench import slides
from bench.effort import Effort
from bench.interleaved import compared, interleave, together
from bench.processes import Worker
from bench.report import Bar, Figure

# (power of two, least rows of a grid there, bar against openslide, bar against large_image)
_LEVELS = (1, 58, 8, 4), (3, 14, 5, 3)
_PEERS = "openslide DeepZoom 254+1", "large_image tiff"


def _bar(power: int, peer: str, least: float) -> Bar:
    return Bar(what=f"lacking level, 1/{1 << power}", against=peer, least=least)


BARS = tuple(
    _bar(power, peer, least)
    for power, _, *bars in _LEVELS
    for peer, least in zip(_PEERS, bars, strict=True)
)


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare with large_image as it is by default and as it is fastest; the faster one counts."""
    slide = str(slides.aperio())
    starts = {
        "ours": partial(Worker, "bench.ours:LocalTiles", peer=False, slide=slide),
        "openslide": partial(Worker, "bench.peers:DeepZoom", peer=True, slide=slide),
        **{
            f"large_image {plain}": partial(
                Worker, "bench.peers:LargeImage", peer=True, slide=slide, source="tiff", plain=plain
            )
            for plain in (True, False)
        },
    }
    with together(starts) as readers:
        for power, rows, *bars in _LEVELS:
            cost = interleave(readers, power, rounds=effort.of(7, 3), tiles=20, least=rows)
            fastest = min(
                (cost[f"large_image {plain}"] for plain in (True, False)), key=lambda one: one.cpu
            )
            for peer, least, other in zip(_PEERS, bars, (cost["openslide"], fastest), strict=True):
                yield compared(_bar(power, peer, least), cost["ours"], other)
