"""Lets requests for neighbouring tiles share one read, for a server that many browsers ask.

A browser asks for the tiles of a screen one by one, but neighbours of a row lie one behind the
other in the file. So the table of a level is cut into groups of eight tiles in a row; the first
request for any of them reads the group, those that come meanwhile wait for that read, and later
ones find it in memory. A single tile costs at most ``MAX_GROUP_BYTES`` more than itself: about
1 ms at the 100 MB/s that one connection to S3 carries, against 15 ms or more until its first byte.
"""

import threading
from collections import OrderedDict
from typing import NamedTuple

from labsight.errors import DamagedSlide, LabsightError
from labsight.objects import ObjectStore
from labsight.slides.index import Chunks, SlideIndex
from labsight.slides.pixels.runs import runs

GROUP = 8  # tiles
MAX_GROUP_BYTES = 128 << 10
DEFAULT_KEPT_BYTES = 64 << 20


class _Place(NamedTuple):
    """A group: its bytes in one version of a file."""

    key: str
    etag: str
    start: int
    length: int


class Coalesced:
    """Chunks of slides in one store; what was read last is kept, ``kept_bytes`` of it at most.

    For stores on a network: a local file gives a tile faster than a look-up here.
    """

    def __init__(self, store: ObjectStore, kept_bytes: int = DEFAULT_KEPT_BYTES) -> None:
        self._store = store
        self._max_bytes = kept_bytes
        self._bytes = 0
        self._kept: OrderedDict[_Place, bytes] = OrderedDict()
        self._under_way: dict[_Place, _Reading] = {}
        self._lock = threading.Lock()

    def chunk(self, index: SlideIndex, chunks: Chunks, number: int) -> bytes:
        """Return the bytes of a chunk as they are in the file, none of a blank one.

        Raises DamagedSlide when the file ends inside it, and what the store raises; an error
        reaches all who wait for the same read, and is not kept.
        """
        if not chunks.lengths[number]:
            return b""
        source = index.files[chunks.file]
        start, length = _group(chunks, number)
        data = self._read(_Place(source.key, source.etag, start, length))
        at, size = chunks.offsets[number] - start, chunks.lengths[number]
        found = data[at : at + size]
        if len(found) != size:
            raise DamagedSlide("the slide's file ends inside this tile: it was cut off")
        return found

    def _read(self, place: _Place) -> bytes:
        with self._lock:
            kept = self._kept.get(place)
            if kept is not None:
                self._kept.move_to_end(place)
                return kept
            reading = self._under_way.get(place)
            first = reading is None
            if reading is None:
                reading = self._under_way[place] = _Reading()
        return self._lead(place, reading) if first else reading.wait()

    def _lead(self, place: _Place, reading: "_Reading") -> bytes:
        """Read a group for all who wait for it."""
        try:
            data = self._store.read(place.key, place.start, place.length, etag=place.etag)
        except BaseException as error:
            reading.fail(error)
            with self._lock:
                del self._under_way[place]
            raise
        reading.finish(data)
        with self._lock:
            del self._under_way[place]
            self._keep(place, data)
        return data

    def _keep(self, place: _Place, data: bytes) -> None:
        if len(data) > self._max_bytes or len(data) < place.length:
            return
        self._kept[place] = data
        self._bytes += len(data)
        while self._bytes > self._max_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1])


class _Reading:
    """A read under way."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._data = b""
        self._error: BaseException | None = None

    def finish(self, data: bytes) -> None:
        """Hand out what was read."""
        self._data = data
        self._done.set()

    def fail(self, error: BaseException) -> None:
        """Hand out why nothing was read."""
        self._error = error
        self._done.set()

    def wait(self) -> bytes:
        """Return what the leader reads; each who waits raises an error of its own."""
        self._done.wait()
        error = self._error
        if isinstance(error, LabsightError):
            raise type(error)(error.message) from error
        if error is not None:
            raise RuntimeError("the read of a neighbouring tile was broken off") from error
        return self._data


def _group(chunks: Chunks, number: int) -> tuple[int, int]:
    """Return where the group of a chunk starts and its length in bytes, the same for all in it."""
    first = number - number % GROUP
    last = min(first + GROUP, len(chunks.lengths))
    for run in runs(chunks, range(first, last), MAX_GROUP_BYTES):
        if run[-1] >= number:
            break
    start, end = chunks.offsets[run[0]], chunks.offsets[run[-1]] + chunks.lengths[run[-1]]
    return start, end - start
