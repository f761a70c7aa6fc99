"""The indexes of the slides in use, bounded in bytes."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from labsight import keys
from labsight.errors import DamagedSlide, NotFound, ObjectMissing, StorageUnavailable
from labsight.objects import ObjectStore
from labsight.slides import sidecar
from labsight.slides.index import SlideIndex
from labsight.tiles.options import Rebuild

# A slide that is imported again is seen with its new index after so long at the latest.
FRESH_SECONDS = 30.0
DOUBT_SECONDS = 1.0  # however many ask for another version
STALE_SECONDS = 300.0  # while the store does not answer
# What an index takes beside its tables, about: by itself, and for each of its files and planes.
_FIXED_BYTES, _PART_BYTES = 4096, 400


@dataclass
class _Kept:
    index: SlideIndex
    etag: str
    checked: float

    @property
    def size(self) -> int:
        planes = sum(len(level.planes) for level in self.index.levels)
        parts = len(self.index.files) + planes
        return self.index.table_bytes + _FIXED_BYTES + _PART_BYTES * parts


class IndexCache:
    """Sidecars by slide id; the one not used for longest goes first."""

    def __init__(
        self,
        store: ObjectStore,
        max_bytes: int = 64 << 20,
        clock: Callable[[], float] = time.monotonic,
        rebuild: Rebuild | None = None,
    ) -> None:
        self._rebuild = rebuild
        self._store = store
        self._max_bytes = max_bytes
        self._clock = clock
        self._bytes = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._latest = ""  # what was used last need not be moved to the end again
        self._lock = threading.Lock()

    def get(self, slide: str) -> SlideIndex:
        """Return a slide's index; raise InvalidInput (ill-formed id) or NotFound."""
        kept = self._kept.get(slide)
        if kept is not None and slide != self._latest:
            with self._lock:
                self._latest = slide
                if slide in self._kept:
                    self._kept.move_to_end(slide)
        if kept is None or not self._is_fresh(slide, kept):
            kept = self._load(slide)
        return kept.index

    def newest(self, slide: str) -> SlideIndex:
        """Return a slide's index as it is now, give or take a second."""
        kept = self._kept.get(slide)
        now = self._clock()
        if kept is not None and now - kept.checked >= DOUBT_SECONDS:
            kept.checked = min(kept.checked, now - FRESH_SECONDS)  # so that it is looked at again
        return self.get(slide)

    def forget(self, slide: str) -> None:
        """Drop an index, because its file has changed."""
        with self._lock:
            self._drop(slide)

    def _is_fresh(self, slide: str, kept: _Kept) -> bool:
        now = self._clock()
        if now - kept.checked < FRESH_SECONDS:
            return True
        try:
            same = self._store.head(keys.index_key(slide)).etag == kept.etag
        except ObjectMissing:
            same = False
        except StorageUnavailable:
            # What was right half a minute ago is worth more than an error for a while.
            return now - kept.checked < STALE_SECONDS
        if same:
            kept.checked = now
        return same

    def _load(self, slide: str) -> _Kept:
        key = keys.index_key(slide)
        try:
            etag = self._store.head(key).etag
            index = self._read(slide, self._store.read(key, etag=etag))
        except ObjectMissing:
            self.forget(slide)
            raise NotFound(f"there is no slide {slide}, or it is not imported yet") from None
        kept = _Kept(index, etag, self._clock())
        with self._lock:
            self._drop(slide)
            self._kept[slide], self._latest = kept, slide
            self._bytes += kept.size
            while self._bytes > self._max_bytes and len(self._kept) > 1:
                self._drop(next(iter(self._kept)))
        return kept

    def _read(self, slide: str, data: bytes) -> SlideIndex:
        """Read a sidecar; one that is old or damaged is made anew where that is possible."""
        try:
            return sidecar.from_bytes(data)
        except DamagedSlide:
            index = self._rebuild(slide, data) if self._rebuild else None
            if index is None:
                raise
            return index

    def _drop(self, slide: str) -> None:
        kept = self._kept.pop(slide, None)
        if kept is not None:
            self._bytes -= kept.size
