"""The indexes of the slides in use, bounded in bytes."""

import threading
from collections import OrderedDict

from labsight import keys
from labsight.errors import NotFound, ObjectMissing
from labsight.objects import ObjectStore
from labsight.slides import index as sidecar
from labsight.slides.index import SlideIndex

_FIXED_BYTES = 4096  # what an index takes beside its tables, about


class IndexCache:
    """Sidecars by slide id; the one not used for longest goes first."""

    def __init__(self, store: ObjectStore, max_bytes: int = 64 << 20) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, SlideIndex] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, slide: str) -> SlideIndex:
        """Return a slide's index; raise InvalidInput (ill-formed id) or NotFound."""
        with self._lock:
            index = self._kept.get(slide)
            if index is not None:
                self._kept.move_to_end(slide)
                return index
        try:
            index = sidecar.from_bytes(self._store.read(keys.index_key(slide)))
        except ObjectMissing:
            raise NotFound(f"there is no slide {slide}, or it is not imported yet") from None
        with self._lock:
            self.forget(slide)
            self._kept[slide] = index
            self._bytes += _bytes(index)
            while self._bytes > self._max_bytes and len(self._kept) > 1:
                self._bytes -= _bytes(self._kept.popitem(last=False)[1])
        return index

    def forget(self, slide: str) -> None:
        """Drop an index, because its file has changed."""
        index = self._kept.pop(slide, None)
        if index is not None:
            self._bytes -= _bytes(index)


def _bytes(index: SlideIndex) -> int:
    return index.table_bytes + _FIXED_BYTES
