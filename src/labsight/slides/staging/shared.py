"""Copies of slides on a file system that many processes share, as functions do with EFS."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from labsight.errors import NotASlide, SlideError, StorageUnavailable
from labsight.objects import ObjectStore
from labsight.slides.index import SourceFile
from labsight.slides.staging import copies
from labsight.slides.staging.copies import Copy
from labsight.slides.staging.room import BUSY, Room
from labsight.slides.staging.staged import CopyLost, SlideFile, StagedSlide

OPEN_SLIDES = 16
WAIT_SECONDS = 20.0
_TOUCH_SECONDS = 30.0  # a copy's last use is noted no more often
_TRIES = 3  # to find a copy that others may remove as soon as it is there


class SharedScratch:
    """Slides by version; the copy that nobody has used for longest goes first.

    Where the store has files on this machine they are opened in place and nothing is copied.
    ``wait_seconds``: how long a reader waits for a copy that somebody else is fetching.
    """

    def __init__(
        self,
        store: ObjectStore,
        folder: Path,
        max_bytes: int,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._room = Room(folder, max_bytes, wait_seconds)
        self._open: OrderedDict[Copy, SlideFile] = OrderedDict()
        self._touched: dict[Copy, float] = {}
        self._lock = threading.Lock()  # of what is open

    def slide(self, files: tuple[SourceFile, ...]) -> StagedSlide:
        """Return the slide, ready to be read; safe to share between threads.

        Raises UnsupportedSlide when the files exceed the space, NotASlide or DamagedSlide when
        OpenSlide cannot open them, ObjectChanged when the store holds another version,
        StorageUnavailable when the space is full or another's fetching takes too long.
        """
        copy = Copy(files)
        lying = copies.in_place(self._store, copy)
        if lying is not None:
            slide = StagedSlide(partial(_lend, lying))
            slide.check()
            return slide
        slide = StagedSlide(partial(self._borrow, copy))
        try:
            slide.check()
        except NotASlide:  # nobody will want it again
            self._forget(copy)
            self._room.drop(copy)
            raise
        return slide

    @contextmanager
    def _borrow(self, copy: Copy) -> Iterator[SlideFile]:
        """Lend a slide's file; nobody removes it meanwhile, as long as the locks hold."""
        try:
            with self._pinned(copy):
                try:
                    yield self._opened(copy)
                except (SlideError, OSError):
                    if self._room.has(copy):
                        raise
                    raise CopyLost(BUSY) from None
        except CopyLost:
            self._forget(copy)
            raise
        except OSError as error:
            raise StorageUnavailable(
                f"the scratch folder cannot be used ({error.strerror}); try again in a moment"
            ) from None

    @contextmanager
    def _pinned(self, copy: Copy) -> Iterator[None]:
        """Keep a copy in its place; fetch it when it is missing."""
        for _ in range(_TRIES):
            with self._room.reading(copy):
                if self._room.has(copy):
                    self._touch(copy)
                    yield
                    return
            copies.check_room(copy, self._max_bytes)
            with self._room.fetching(copy) as folder:
                if folder is not None:
                    copies.fetch(self._store, copy, folder)
        raise StorageUnavailable(BUSY)

    def _touch(self, copy: Copy) -> None:
        now = time.monotonic()
        if now - self._touched.get(copy, -_TOUCH_SECONDS) >= _TOUCH_SECONDS:
            self._room.used(copy)
            self._touched[copy] = now

    def _opened(self, copy: Copy) -> SlideFile:
        """Return the copy's file with its handle, one of the last that were used."""
        with self._lock:
            file = self._open.get(copy)
            if file is None:
                path = copy.path(self._room.place(copy))
                file = self._open[copy] = SlideFile(path, lambda: None)
            self._open.move_to_end(copy)
            while len(self._open) > OPEN_SLIDES:
                self._touched.pop(self._open.popitem(last=False)[0], None)
            return file

    def _forget(self, copy: Copy) -> None:
        with self._lock:
            self._open.pop(copy, None)
            self._touched.pop(copy, None)


@contextmanager
def _lend(file: SlideFile) -> Iterator[SlideFile]:
    yield file
