"""Keeps whole slide files on local disk for formats that OpenSlide must open by name."""

import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from labsight.errors import ObjectChanged, ObjectMissing, StorageUnavailable
from labsight.objects import ObjectStore
from labsight.slides.index import SourceFile
from labsight.slides.staging import copies
from labsight.slides.staging.copies import Copy
from labsight.slides.staging.private_folder import PrivateFolder
from labsight.slides.staging.staged import SlideFile, StagedSlide

OPEN_SLIDES = 16


@dataclass
class _Entry:
    """What is kept of one copy: its file, the bytes set aside for it, and who uses it now."""

    file: SlideFile | None = None
    bytes: int = 0
    users: int = 0
    fetching: threading.Lock = field(default_factory=threading.Lock)


# What may be copied to the temporary folder of a slide that only OpenSlide reads.
MAX_TEMPORARY_BYTES = 16 << 30


def temporary_scratch(store: ObjectStore) -> "Scratch":
    """Return a scratch in the temporary folder, for whoever reads a slide by itself."""
    return Scratch(store, Path(tempfile.gettempdir(), "labsight-slides"), MAX_TEMPORARY_BYTES)


class Scratch:
    """Slides by version, bounded in bytes; the one not used for longest goes first.

    Where the store has files on this machine they are opened in place and nothing is copied.
    Copies lie in a folder of this object alone, below ``folder``.
    """

    def __init__(self, store: ObjectStore, folder: Path, max_bytes: int) -> None:
        self._store = store
        self._parent = folder
        self._max_bytes = max_bytes
        self._folder: PrivateFolder | None = None
        self._entries: OrderedDict[Copy, _Entry] = OrderedDict()
        self._lock = threading.Lock()  # of the entries; never held while a file is fetched

    def slide(self, files: tuple[SourceFile, ...]) -> StagedSlide:
        """Return the slide, ready to be read; safe to share between threads.

        Raises UnsupportedSlide when the files exceed the scratch space, NotASlide or DamagedSlide
        when OpenSlide cannot open them, ObjectChanged when the store holds another version.
        """
        slide = StagedSlide(partial(self._borrow, Copy(files)))
        slide.check()
        return slide

    def close(self) -> None:
        """Forget every slide and remove the copies; what is lent at the moment is lost."""
        with self._lock:
            self._entries.clear()
            folder, self._folder = self._folder, None
        if folder is not None:
            folder.close()

    @contextmanager
    def _borrow(self, copy: Copy) -> Iterator[SlideFile]:
        """Lend a slide's file; it stays in its place meanwhile."""
        entry = self._enter(copy)
        try:
            with entry.fetching:
                entry.file = file = entry.file or self._fetch(copy, entry)
            yield file
        except (ObjectChanged, ObjectMissing):
            entry.file = None
            raise
        finally:
            self._leave(copy, entry)

    def _enter(self, copy: Copy) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(copy, _Entry())
            entry.users += 1
            self._entries.move_to_end(copy)
            for other in self._idle():
                if len(self._entries) <= OPEN_SLIDES:
                    break
                self._drop(other)
            return entry

    def _leave(self, copy: Copy, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            if not entry.users and entry.file is None:
                self._drop(copy)

    def _fetch(self, copy: Copy, entry: _Entry) -> SlideFile:
        lying = copies.in_place(self._store, copy)
        if lying is not None:
            return lying
        folder = self._make_room(copy, entry) / copy.name
        try:
            folder.mkdir(exist_ok=True)
            copies.fetch(self._store, copy, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return SlideFile(copy.path(folder), lambda: None)

    def _make_room(self, copy: Copy, entry: _Entry) -> Path:
        """Set the bytes of a slide aside and return the folder for copies."""
        copies.check_room(copy, self._max_bytes)
        with self._lock:
            self._folder = self._folder or PrivateFolder(self._parent)
            entry.bytes = copy.bytes
            for other in self._idle():
                if self._bytes() <= self._max_bytes:
                    break
                self._drop(other)
            if self._bytes() > self._max_bytes:
                entry.bytes = 0
                raise StorageUnavailable(
                    "the scratch space is full of slides that are being read; try again in a moment"
                )
            return self._folder.path

    def _bytes(self) -> int:
        return sum(entry.bytes for entry in self._entries.values())

    def _idle(self) -> list[Copy]:
        """Return the slides that nobody uses, the one not used for longest first."""
        return [copy for copy, entry in self._entries.items() if not entry.users]

    def _drop(self, copy: Copy) -> None:
        """Forget a slide, its handle and its copy."""
        entry = self._entries.pop(copy)
        if entry.bytes and self._folder is not None:
            shutil.rmtree(self._folder.path / copy.name, ignore_errors=True)
