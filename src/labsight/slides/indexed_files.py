"""Reads the files of an indexed slide, each in the version that was indexed."""

from collections.abc import Callable

from labsight.objects import ObjectStore
from labsight.slides.index import SlideIndex

# (number of the file, first byte, bytes) -> the bytes, fewer only where the file ends
ReadFile = Callable[[int, int, int], bytes]


class IndexedFiles:
    """The bytes of one slide; raises ObjectChanged when a file is no longer what was indexed."""

    def __init__(self, store: ObjectStore, index: SlideIndex) -> None:
        self._store = store
        self._files = index.files

    def read(self, file: int, start: int, length: int) -> bytes:
        """Return a part of a file by one ranged read."""
        source = self._files[file]
        return self._store.read(source.key, start, length, etag=source.etag)
