"""The folder in which many processes keep copies of slides, bounded in bytes together.

    <folder>/lock                                who makes room holds it
    <folder>/<name>-<bytes>/                     a copy, whole: it got its name when it was
    <folder>/<name>-<bytes>.lock                 readers share it, who fetches or removes holds it
    <folder>/part-<random>-<name>-<bytes>/       a copy on its way; its bytes count already
    <folder>/gone-<random>/                      on its way out

``name`` stands for the files and their versions, so a copy never changes. Whoever is killed leaves
a part whose lock nobody holds: the next one that makes room removes it.
"""

import contextlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labsight.errors import StorageUnavailable
from labsight.slides.staging.copies import Copy
from labsight.slides.staging.locks import held, hold

_NAME = re.compile(r"(?:part-[0-9a-f]{32}-)?([0-9a-f]{32}-([0-9]{1,18}))")
_PART, _GONE, _LOCK = "part-", "gone-", ".lock"

BUSY = (
    "this slide is being copied to where it can be read, which takes a while the first time; try "
    "again in a moment"
)


class Room:
    """Places of copies below ``folder``, of ``max_bytes`` together.

    ``wait_seconds``: how long somebody waits for who holds what is wanted; then it is
    StorageUnavailable.
    """

    def __init__(self, folder: Path, max_bytes: int, wait_seconds: float) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._wait = wait_seconds

    def place(self, copy: Copy) -> Path:
        """Return the folder where a copy lies, or will."""
        return self._folder / _name(copy)

    def has(self, copy: Copy) -> bool:
        """Whether a copy is there, whole."""
        return self.place(copy).is_dir()

    @contextmanager
    def reading(self, copy: Copy) -> Iterator[None]:
        """Keep others from removing a copy, and wait while it is on its way."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with held(self._hold(_lock_of(self.place(copy)), shared=True)):
            yield

    @contextmanager
    def fetching(self, copy: Copy) -> Iterator[Path | None]:
        """Lend a new folder to fill, which becomes the copy; None: somebody filled one meanwhile.

        Each one fills a folder of its own: should two believe that they hold the lock, both are
        whole and the second is thrown away.
        """
        with held(self._hold(_lock_of(self.place(copy)), shared=False)):
            if self.has(copy):
                yield None
                return
            part = self._make(copy)
            try:
                yield part
                with contextlib.suppress(OSError):  # there is one: it is as good
                    part.rename(self.place(copy))
            finally:
                shutil.rmtree(part, ignore_errors=True)

    def used(self, copy: Copy) -> None:
        """Note that a copy is of use, where all who make room see it."""
        os.utime(_lock_of(self.place(copy)))

    def drop(self, copy: Copy) -> None:
        """Remove a copy that is of no use, unless somebody reads it."""
        self._evict(self.place(copy))
        self._empty()

    def _make(self, copy: Copy) -> Path:
        """Remove what is in the way, and return a new folder that counts as the copy's bytes."""
        with held(self._hold(self._folder / "lock", shared=False)):
            taken = self._sweep(_name(copy))
            for other, size in self._longest_unused():
                if taken + copy.bytes <= self._max_bytes:
                    break
                taken -= size if self._evict(other) else 0
            if taken + copy.bytes > self._max_bytes:
                raise StorageUnavailable(
                    "the scratch space is full of slides that are being read; try again in a moment"
                )
            part = self._folder / f"{_PART}{uuid.uuid4().hex}-{_name(copy)}"
            part.mkdir()
        self._empty()
        return part

    def _sweep(self, own: str) -> int:
        """Put away what dead processes left half done; return the bytes of all the rest."""
        taken = 0
        for path, name, size in self._found():
            if path.name.startswith(_PART) and self._is_dead(name, own):
                self._put_away(path)
            else:
                taken += size
        return taken

    def _is_dead(self, name: str, own: str) -> bool:
        """Whether nobody is fetching that copy; our own lock is held by us, so by nobody else."""
        if name == own:
            return True
        lock = hold(self._folder / (name + _LOCK), shared=False, until=0)
        if lock is None:
            return False
        os.close(lock)
        return True

    def _longest_unused(self) -> list[tuple[Path, int]]:
        """Return the copies and their bytes, the one not used for longest first."""
        whole = [(path, size) for path, name, size in self._found() if path.name == name]
        return sorted(whole, key=lambda one: _last_use(one[0]))

    def _evict(self, path: Path) -> bool:
        """Take a copy out of its place, unless somebody reads it."""
        lock = hold(_lock_of(path), shared=False, until=0)
        if lock is None:
            return False
        with held(lock):
            self._put_away(path)
            _lock_of(path).unlink(missing_ok=True)
        return True

    def _put_away(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            path.rename(self._folder / f"{_GONE}{uuid.uuid4().hex}")

    def _empty(self) -> None:
        """Remove what was put away, by us or by one who was killed over it."""
        for path in self._folder.glob(f"{_GONE}*/"):
            shutil.rmtree(path, ignore_errors=True)

    def _found(self) -> list[tuple[Path, str, int]]:
        """Return folder, name and bytes of all copies, those on their way among them."""
        with os.scandir(self._folder) as entries:
            named = [(Path(entry), _NAME.fullmatch(entry.name)) for entry in entries]
        return [(path, match[1], int(match[2])) for path, match in named if match]

    def _hold(self, path: Path, *, shared: bool) -> int:
        lock = hold(path, shared=shared, until=time.monotonic() + self._wait)
        if lock is None:
            raise StorageUnavailable(BUSY)
        return lock


def _name(copy: Copy) -> str:
    return f"{copy.name}-{copy.bytes}"


def _lock_of(place: Path) -> Path:
    return place.with_name(place.name + _LOCK)


def _last_use(place: Path) -> float:
    try:
        return _lock_of(place).stat().st_mtime
    except FileNotFoundError:
        return 0.0
