"""Keeps whole slide files on local disk for formats that OpenSlide must open by name."""

import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path

import openslide

from labsight.errors import DamagedSlide, NotASlide, UnsupportedSlide
from labsight.objects import ObjectStore

OPEN_SLIDES = 16


class Scratch:
    """Slide files by version, bounded in bytes; the one not used for longest goes first.

    Where the store has files on this machine they are opened in place and nothing is copied.
    """

    def __init__(self, store: ObjectStore, folder: Path, max_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._max_bytes = max_bytes
        self._sizes: OrderedDict[Path, int] = OrderedDict()
        self._open: OrderedDict[tuple[str, str], openslide.OpenSlide] = OrderedDict()
        self._lock = threading.Lock()

    def slide(self, key: str, etag: str, size: int) -> openslide.OpenSlide:
        """Return the opened slide; safe to share between threads.

        Raises UnsupportedSlide when OpenSlide does not know the format or the file exceeds the
        scratch space, DamagedSlide when OpenSlide fails on it.
        """
        with self._lock:
            opened = self._open.get((key, etag))
            if opened is None:
                opened = _open(self._file(key, etag, size))
                self._open[key, etag] = opened
                while len(self._open) > OPEN_SLIDES:
                    self._open.popitem(last=False)  # closed when its last reader lets go of it
            self._open.move_to_end((key, etag))
            return opened

    def _file(self, key: str, etag: str, size: int) -> Path:
        in_place = self._store.local_path(key)
        if in_place is not None:
            return in_place
        suffix = Path(key).suffix[:10]
        path = self._folder / (hashlib.sha256(f"{key}:{etag}".encode()).hexdigest()[:32] + suffix)
        if path not in self._sizes:
            self._make_room(size)
            self._folder.mkdir(parents=True, exist_ok=True)
            self._store.download(key, path, etag=etag)
            self._sizes[path] = size
        self._sizes.move_to_end(path)
        return path

    def _make_room(self, size: int) -> None:
        if size > self._max_bytes:
            raise UnsupportedSlide(
                f"a slide of this format must be copied whole before it is read; it has {size:,} "
                f"bytes, LABSIGHT_SCRATCH_BYTES allows {self._max_bytes:,}"
            )
        while self._sizes and sum(self._sizes.values()) + size > self._max_bytes:
            path, _ = self._sizes.popitem(last=False)
            path.unlink(missing_ok=True)


def _open(path: Path) -> openslide.OpenSlide:
    try:
        return openslide.OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError:
        raise NotASlide(
            "no reader knows this file: it is neither a tiled JPEG TIFF nor a format of OpenSlide"
        ) from None
    except openslide.OpenSlideError as error:
        # OpenSlide names files by path, which is where the copy lies: people see neither
        said = str(error).replace(f"Reading {path}: ", "").replace(f"{path.parent}{os.sep}", "")
        if _is_dicom(path):
            raise UnsupportedSlide(f"OpenSlide cannot show this DICOM file ({said})") from None
        raise DamagedSlide(f"OpenSlide cannot read the file ({said})") from None


def _is_dicom(path: Path) -> bool:
    """Whether the file starts as DICOM part 10 has it: 128 bytes of preamble, then DICM."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"
