"""What whoever runs a tile service may decide."""

from collections.abc import Callable
from dataclasses import dataclass

from labsight.objects import ObjectStore
from labsight.slides.index import Chunks, SlideIndex
from labsight.tiles.http import Request, Response

# Reads one chunk of a slide: (index, table, number) -> its bytes
ReadChunk = Callable[[SlideIndex, Chunks, int], bytes]
# Asks another server that has the slide's files at hand
Elsewhere = Callable[[Request], Response]
# Makes the index of a slide anew from what is left of its sidecar; None when that tells nothing
Rebuild = Callable[[str, bytes], SlideIndex | None]
# (key, seconds) -> an address that anybody may read for so long
Presign = Callable[[str, int], str]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a service serves; everything is off, or as plain as can be, unless said otherwise.

    ``kept`` is where made tiles last, beyond this process. ``presign`` turns on reading without a
    server, ``elsewhere`` hands on what only OpenSlide can read, ``allowed_origin`` lets pages of
    other sites (``*`` for all) read IIIF images, ``rebuild`` makes an old or damaged index anew,
    ``read_chunk`` reads chunks in a way of its own.
    """

    show_labels: bool = False
    kept: ObjectStore | None = None
    presign: Presign | None = None
    elsewhere: Elsewhere | None = None
    allowed_origin: str | None = None
    rebuild: Rebuild | None = None
    read_chunk: ReadChunk | None = None


DEFAULT_OPTIONS = Options()
