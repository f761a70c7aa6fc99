"""Tiles that had to be made, so that each is made once.

In memory always, bounded in bytes. In the store as well where one is given: only tiles that every
viewer of the slide asks for, never an odd size that one caller thought of, so the room they take is
bounded by the slide. There they are for a time; the archive lets them go by age.
"""

import logging
import threading
from collections import OrderedDict

from labsight import keys
from labsight.errors import LabsightError, ObjectMissing
from labsight.objects import ObjectStore
from labsight.slides.index import SlideIndex

MAX_BYTES = 64 << 20
MAX_TILE_BYTES = 1 << 20  # larger ones are pictures that somebody asked for, not tiles

_log = logging.getLogger(__name__)


class KeptTiles:
    """Made tiles by slide, version and name; safe to share between threads."""

    def __init__(self, store: ObjectStore | None = None, max_bytes: int = MAX_BYTES) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._tiles: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, index: SlideIndex, name: str, *, lasting: bool) -> bytes | None:
        """Return a tile that was made before; ``lasting`` ones may lie in the store."""
        key = _key(index, name)
        with self._lock:
            data = self._tiles.get(key)
            if data is not None:
                self._tiles.move_to_end(key)
                return data
        if not lasting or self._store is None:
            return None
        try:
            data = self._store.read(key)
        except ObjectMissing:
            return None
        except LabsightError as error:
            _log.warning("%s could not be looked up: %s", key, error)
            return None
        self._remember(key, data)
        return data

    def put(self, index: SlideIndex, name: str, data: bytes, *, lasting: bool) -> None:
        """Keep a tile, but no large picture; that it cannot be stored the log alone is told."""
        if len(data) > MAX_TILE_BYTES:
            return
        key = _key(index, name)
        self._remember(key, data)
        if lasting and self._store is not None:
            try:
                self._store.write(key, data, content_type="image/jpeg")
            except LabsightError as error:
                _log.warning("%s could not be kept: %s", key, error)

    def _remember(self, key: str, data: bytes) -> None:
        with self._lock:
            self._bytes += len(data) - len(self._tiles.pop(key, b""))
            self._tiles[key] = data
            while self._bytes > self._max_bytes and len(self._tiles) > 1:
                _, dropped = self._tiles.popitem(last=False)
                self._bytes -= len(dropped)


def _key(index: SlideIndex, name: str) -> str:
    return keys.made_tile_key(keys.slide_id(index.key), index.version, name)
