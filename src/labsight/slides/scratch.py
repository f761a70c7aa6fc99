"""Keeps whole slide files on local disk for formats that OpenSlide must open by name."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from labsight.errors import ObjectChanged, ObjectMissing, StorageUnavailable, UnsupportedSlide
from labsight.objects import ObjectStore
from labsight.slides.private_folder import PrivateFolder
from labsight.slides.staged import SlideFile, StagedSlide

OPEN_SLIDES = 16


class _Version(NamedTuple):
    """Which slide: ``size`` is in bytes."""

    key: str
    etag: str
    size: int


@dataclass
class _Entry:
    """What is kept of one version: its file, the bytes set aside for it, and who uses it now."""

    file: SlideFile | None = None
    bytes: int = 0
    users: int = 0
    fetching: threading.Lock = field(default_factory=threading.Lock)


class Scratch:
    """Slide files by version, bounded in bytes; the one not used for longest goes first.

    Where the store has files on this machine they are opened in place and nothing is copied.
    Copies lie in a folder of this object alone, below ``folder``.
    """

    def __init__(self, store: ObjectStore, folder: Path, max_bytes: int) -> None:
        self._store = store
        self._parent = folder
        self._max_bytes = max_bytes
        self._folder: PrivateFolder | None = None
        self._entries: OrderedDict[_Version, _Entry] = OrderedDict()
        self._lock = threading.Lock()  # of the entries; never held while a file is fetched

    def slide(self, key: str, etag: str, size: int) -> StagedSlide:
        """Return the slide, ready to be read; safe to share between threads.

        Raises UnsupportedSlide when the file exceeds the scratch space, NotASlide or DamagedSlide
        when OpenSlide cannot open it, ObjectChanged when the store holds another version.
        """
        borrow = partial(self._borrow, _Version(key, etag, size))
        with borrow() as file:
            file.use(lambda _: None)
        return StagedSlide(borrow)

    def close(self) -> None:
        """Forget every slide and remove the copies; what is lent at the moment is lost."""
        with self._lock:
            self._entries.clear()
            folder, self._folder = self._folder, None
        if folder is not None:
            folder.close()

    @contextmanager
    def _borrow(self, version: _Version) -> Iterator[SlideFile]:
        """Lend a version's file; it stays in its place meanwhile."""
        entry = self._enter(version)
        try:
            with entry.fetching:
                entry.file = file = entry.file or self._fetch(version, entry)
            yield file
        except (ObjectChanged, ObjectMissing):
            entry.file = None
            raise
        finally:
            self._leave(version, entry)

    def _enter(self, version: _Version) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(version, _Entry())
            entry.users += 1
            self._entries.move_to_end(version)
            for other in self._idle():
                if len(self._entries) <= OPEN_SLIDES:
                    break
                self._drop(other)
            return entry

    def _leave(self, version: _Version, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            if not entry.users and entry.file is None:
                self._drop(version)

    def _fetch(self, version: _Version, entry: _Entry) -> SlideFile:
        in_place = self._store.local_path(version.key)
        if in_place is not None:
            return SlideFile(in_place, partial(self._check, version))
        folder = self._make_room(version, entry)
        name = hashlib.sha256(f"{version.key}:{version.etag}".encode()).hexdigest()[:32]
        path = folder / f"{name}{Path(version.key).suffix[:10]}"
        self._store.download(version.key, path, etag=version.etag)
        return SlideFile(path, lambda: None)

    def _check(self, version: _Version) -> None:
        """Raise ObjectChanged when a file that lies in place is not what it was."""
        if self._store.head(version.key).etag != version.etag:
            raise ObjectChanged(f"{version.key}: the file changed since it was indexed")

    def _make_room(self, version: _Version, entry: _Entry) -> Path:
        """Set the bytes of a version aside and return the folder for its copy."""
        if version.size > self._max_bytes:
            raise UnsupportedSlide(
                "a slide of this format must be copied whole before it is read; it has "
                f"{version.size:,} bytes, LABSIGHT_SCRATCH_BYTES allows {self._max_bytes:,}"
            )
        with self._lock:
            self._folder = self._folder or PrivateFolder(self._parent)
            entry.bytes = version.size
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

    def _idle(self) -> list[_Version]:
        """Return the versions that nobody uses, the one not used for longest first."""
        return [version for version, entry in self._entries.items() if not entry.users]

    def _drop(self, version: _Version) -> None:
        """Forget a version, its handle and its copy."""
        entry = self._entries.pop(version)
        if entry.file is not None and entry.bytes:
            entry.file.path.unlink(missing_ok=True)
