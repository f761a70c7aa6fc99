"""Makes an index anew where its sidecar is of an older release or damaged."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from labsight import keys
from labsight.errors import LabsightError, ObjectMissing
from labsight.objects import ObjectStore
from labsight.slides import sidecar
from labsight.slides.index import Associated, SlideIndex
from labsight.slides.indexing import index_of
from labsight.slides.made_levels import is_lacking
from labsight.slides.pixels import jpeg

_log = logging.getLogger(__name__)


def rebuilt(store: ObjectStore, slide: str, data: bytes) -> SlideIndex | None:
    """Return the index of a slide by what is left of its sidecar, from a few ranged reads.

    None when that names no slide of this id, when the file has been replaced since (what was kept
    beside it, a label for one, is of the file before), or when making it needs more than a look
    into the file (levels to be made, files only OpenSlide opens): then it has to be imported again.
    """
    key, kept = sidecar.key_of(data), sidecar.kept_of(data)
    if key is None or kept is None or keys.slide_id(key) != slide:
        return None
    etag, pictures = kept
    try:
        indexed = index_of(store, key)
        index = indexed.index
        if index.etag != etag or is_lacking(index):
            return None
        if not all(one.has_window for one in index.axes.channels):
            return None
        listed = _associated(store, slide, pictures)
        return replace(index, associated=listed, icc=_icc(store, slide, indexed.icc))
    except LabsightError as error:
        _log.warning("the index of %s cannot be made anew: %s", slide, error)
        return None


def _associated(store: ObjectStore, slide: str, kept: Mapping[str, str]) -> tuple[Associated, ...]:
    """List the small pictures that are still those which import kept, ``kept`` with their ETags."""
    found = []
    for name in keys.ASSOCIATED_IMAGES:
        if name not in kept:
            continue
        try:
            info = store.head(keys.associated_key(slide, name))
        except ObjectMissing:
            continue
        if info.etag == kept[name]:
            width, height, _ = jpeg.frame_size(store.read(info.key, etag=info.etag))
            found.append(Associated(name, width, height, info.etag))
    return tuple(found)


def _icc(store: ObjectStore, slide: str, profile: bytes) -> str | None:
    """Return the ETag of the kept profile when it is the file's."""
    try:
        info = store.head(keys.profile_key(slide))
    except ObjectMissing:
        return None
    same = info.size == len(profile) and store.read(info.key, etag=info.etag) == profile
    return info.etag if same else None
