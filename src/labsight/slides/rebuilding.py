"""Makes an index anew where its sidecar is of an older release or damaged."""

import logging
from dataclasses import replace

from labsight import keys
from labsight.errors import LabsightError, ObjectMissing
from labsight.objects import ObjectStore
from labsight.slides import sidecar
from labsight.slides.index import Associated, SlideIndex
from labsight.slides.indexing import index_of
from labsight.slides.lacking import is_lacking
from labsight.slides.pixels import jpeg

_log = logging.getLogger(__name__)


def rebuilt(store: ObjectStore, slide: str, data: bytes) -> SlideIndex | None:
    """Return the index of a slide by what is left of its sidecar, from a few ranged reads.

    None when that names no slide of this id, or when making it needs more than a look into the file
    (levels to be made, files only OpenSlide opens): then the slide has to be imported again.
    """
    key = sidecar.key_of(data)
    if key is None or keys.slide_id(key) != slide:
        return None
    try:
        index = index_of(store, key).index
        if is_lacking(index) or any(_is_open(one.window) for one in index.axes.channels):
            return None
        return replace(index, associated=_associated(store, slide), icc=_icc(store, slide))
    except LabsightError as error:
        _log.warning("the index of %s cannot be made anew: %s", key, error)
        return None


def _is_open(window: tuple[float, float]) -> bool:
    return window[0] >= window[1]


def _associated(store: ObjectStore, slide: str) -> tuple[Associated, ...]:
    """List the small pictures that import kept."""
    found = []
    for name in keys.ASSOCIATED_IMAGES:
        try:
            info = store.head(keys.associated_key(slide, name))
        except ObjectMissing:
            continue
        width, height, _ = jpeg.frame_size(store.read(info.key, etag=info.etag))
        found.append(Associated(name, width, height, info.etag))
    return tuple(found)


def _icc(store: ObjectStore, slide: str) -> str | None:
    try:
        return store.head(keys.profile_key(slide)).etag
    except ObjectMissing:
        return None
