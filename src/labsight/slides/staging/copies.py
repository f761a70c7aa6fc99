"""Copies of a slide's files on a disk, under the names they have beside each other in the lab.

OpenSlide opens one file by name and finds the others of its slide by theirs, so those are kept.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from labsight import keys
from labsight.errors import DamagedSlide, ObjectChanged, StorageUnavailable, UnsupportedSlide
from labsight.objects import ObjectStore
from labsight.slides.index import SourceFile
from labsight.slides.staging.staged import SlideFile

PART = 8 << 20  # bytes of one ranged read
CONNECTIONS = 8  # ranged reads at a time: 64 MiB of memory at most
_LONGEST_NAME = 255  # bytes: of a file on ext4, and on NFS
_ONLY = "slide"  # what the copy of a slide of one file is called


@dataclass(frozen=True)
class Copy:
    """What is copied: the files of one version of a slide; the first is the one to open."""

    files: tuple[SourceFile, ...]

    @cached_property
    def name(self) -> str:
        """32 hex digits that stand for these files in these versions."""
        versions = "\n".join(f"{file.key}:{file.etag}:{file.size}" for file in self.files)
        return hashlib.sha256(versions.encode()).hexdigest()[:32]

    @cached_property
    def bytes(self) -> int:
        """The room that the copy takes, bytes."""
        return sum(file.size for file in self.files)

    @cached_property
    def places(self) -> tuple[PurePosixPath, ...]:
        """Where each file lies below the copy's folder; raise UnsupportedSlide when it cannot."""
        if len(self.files) == 1:  # nothing refers to its name, which may be too long for a disk
            return (PurePosixPath(_ONLY + PurePosixPath(self.files[0].key).suffix[:10]),)
        paths = [PurePosixPath(keys.place_of(file.key)[1]) for file in self.files]
        shared = os.path.commonpath([path.parent for path in paths])
        places = tuple(path.relative_to(shared) for path in paths)
        for place in places:
            if not all(map(_is_name, place.parts)):
                raise UnsupportedSlide(
                    f"a file of the slide is called {place.as_posix()[:80]!r}, which cannot be "
                    "kept on a disk: rename it and send the slide again"
                )
        if len(set(places)) < len(places):
            raise UnsupportedSlide("two files of the slide have the same name: send it again")
        return places

    def path(self, folder: Path) -> Path:
        """Return the file to open of a copy in ``folder``."""
        return folder / self.places[0]


def in_place(store: ObjectStore, copy: Copy) -> SlideFile | None:
    """Return the slide where it lies, when the store has its files on this machine."""
    path = store.local_path(copy.files[0].key)
    return None if path is None else SlideFile(path, partial(_check, store, copy))


def check_room(copy: Copy, max_bytes: int) -> None:
    """Raise UnsupportedSlide for a slide that is larger than all the room there is."""
    if copy.bytes > max_bytes:
        raise UnsupportedSlide(
            "a slide of this format must be copied whole before it is read; it has "
            f"{copy.bytes:,} bytes, LABSIGHT_SCRATCH_BYTES allows {max_bytes:,}"
        )


def fetch(store: ObjectStore, copy: Copy, folder: Path) -> None:
    """Copy the files into ``folder``, which exists, by ranged reads side by side.

    Raises what the store raises, ObjectChanged when a file is not the version that was indexed,
    DamagedSlide when one is shorter than it was, StorageUnavailable when the disk fails.
    """
    try:
        for file, place in zip(copy.files, copy.places, strict=True):
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            if not file.size:
                path.touch()
        _fill(store, copy, folder)
    except OSError as error:
        raise StorageUnavailable(
            f"the slide cannot be copied to the scratch folder ({error.strerror}); try again"
        ) from None


def _fill(store: ObjectStore, copy: Copy, folder: Path) -> None:
    """Read all parts; after the first failure no further one is begun."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        jobs = [
            pool.submit(_part, store, copy.files[number], folder / copy.places[number], start)
            for number, start in _parts(copy)
        ]
        done, _ = wait(jobs, return_when=FIRST_EXCEPTION)
        failure = next((job.exception() for job in done if job.exception()), None)
        if failure is not None:
            pool.shutdown(cancel_futures=True)
            raise failure


def _parts(copy: Copy) -> Iterator[tuple[int, int]]:
    for number, file in enumerate(copy.files):
        for start in range(0, file.size, PART):
            yield number, start


def _part(store: ObjectStore, file: SourceFile, path: Path, start: int) -> None:
    length = min(PART, file.size - start)
    data = store.read(file.key, start, length, etag=file.etag)
    if len(data) != length:
        raise DamagedSlide(f"the file ended at byte {start + len(data)} while it was copied")
    target = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        view = memoryview(data)
        while view:
            written = os.pwrite(target, view, start)
            start, view = start + written, view[written:]
    finally:
        os.close(target)


def _check(store: ObjectStore, copy: Copy) -> None:
    """Raise ObjectChanged when files that lie in place are not what they were."""
    for file in copy.files:
        if store.head(file.key).etag != file.etag:
            raise ObjectChanged(f"{file.key}: the file changed since it was indexed")


def _is_name(part: str) -> bool:
    return part not in {"..", "/"} and len(part.encode("utf-8", "surrogatepass")) <= _LONGEST_NAME
