"""A slide file on this machine, read through OpenSlide.

An OpenSlide handle that failed once fails for ever after, whatever it is asked. So who meets an
error asks a new handle, which takes the place of the broken one: a damaged tile costs that tile.
"""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TypeVar

from openslide import OpenSlide, OpenSlideError, OpenSlideUnsupportedFormatError
from PIL import Image

from labsight.errors import DamagedSlide, NotASlide, StorageUnavailable, UnsupportedSlide

Found = TypeVar("Found")
_ASSOCIATED = "openslide.associated."
_TRIES = 3  # to read from a copy that others may remove


class CopyLost(StorageUnavailable):
    """The copy went while it was read, through no fault of the slide: fetching it anew helps."""


class SlideFile:
    """A file and the handle that its readers share.

    ``check`` raises when the file is no longer the version it was; it has the last word.
    """

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        self.path = path
        self._check = check
        self._shared: OpenSlide | None = None
        self._lock = threading.Lock()

    def use(self, work: Callable[[OpenSlide], Found]) -> Found:
        """Return what ``work`` finds; raise SlideError, or what ``check`` raises."""
        try:
            return self._attempt(work)
        finally:
            self._check()

    def _attempt(self, work: Callable[[OpenSlide], Found]) -> Found:
        """Ask the shared handle; when it fails, a new one: another reader may have broken it."""
        with self._lock:
            shared = self._shared = self._shared or _open(self.path)
        try:
            return work(shared)
        except OpenSlideError:
            own = _open(self.path)
        try:
            found = work(own)
        except OpenSlideError as error:
            said = _without_place(error, self.path)
            raise DamagedSlide(f"OpenSlide cannot read a part of the file: {said}") from None
        with self._lock:
            self._shared = own
        return found


class StagedSlide:
    """One version of a slide; safe to share between threads. Every failure is a SlideError.

    ``borrow`` lends the slide's file for one use, and fetches it first where it is not at hand.
    """

    def __init__(self, borrow: Callable[[], AbstractContextManager[SlideFile]]) -> None:
        self._borrow = borrow

    def check(self) -> None:
        """Open the slide, fetched if need be; raise NotASlide or DamagedSlide when that fails."""
        self._use(lambda _: None)

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """Width and height of each level, px, finest first."""
        return self._use(lambda slide: tuple(slide.level_dimensions))

    @property
    def properties(self) -> Mapping[str, str]:
        """What OpenSlide tells of the slide, under its own names."""
        return self._use(lambda slide: dict(slide.properties))

    @property
    def associated(self) -> Mapping[str, tuple[int, int]]:
        """Width and height of each associated image, px, by its name."""
        return self._use(_associated)

    @property
    def icc_profile(self) -> bytes:
        """The colour profile, empty when there is none."""
        return self._use(_icc_profile)

    def region(self, level: int, box: tuple[int, int, int, int]) -> Image.Image:
        """Return ``box`` (x, y, width, height in px of ``level``) as RGBA."""
        x, y, width, height = box

        def read(slide: OpenSlide) -> Image.Image:
            if not 0 <= level < slide.level_count:
                raise DamagedSlide(f"the file has no level {level}: import it again")
            factor = slide.level_downsamples[level]
            return slide.read_region((round(x * factor), round(y * factor)), level, (width, height))

        return self._use(read)

    def picture(self, name: str) -> Image.Image:
        """Return an associated image as RGBA, however large: see ``associated`` before."""

        def read(slide: OpenSlide) -> Image.Image:
            if name not in slide.associated_images:
                raise DamagedSlide(f"the file has no {name} image")
            return slide.associated_images[name]

        return self._use(read)

    def _use(self, work: Callable[[OpenSlide], Found]) -> Found:
        for _ in range(_TRIES - 1):
            with suppress(CopyLost), self._borrow() as file:
                return file.use(work)
        with self._borrow() as file:
            return file.use(work)


def _associated(slide: OpenSlide) -> dict[str, tuple[int, int]]:
    """Take the sizes from the properties: the images themselves would be decoded for them."""
    properties = slide.properties
    return {
        name: (
            int(properties.get(f"{_ASSOCIATED}{name}.width", 0)),
            int(properties.get(f"{_ASSOCIATED}{name}.height", 0)),
        )
        for name in slide.associated_images
    }


def _icc_profile(slide: OpenSlide) -> bytes:
    profile = slide.color_profile if "openslide.icc-size" in slide.properties else None
    return b"" if profile is None else profile.tobytes()


def _open(path: Path) -> OpenSlide:
    try:
        return OpenSlide(path)
    except OpenSlideUnsupportedFormatError:
        raise NotASlide(
            "no reader knows this file: it is no slide in TIFF, NDPI or DICOM, and nothing "
            "OpenSlide opens"
        ) from None
    except OpenSlideError as error:
        said = _without_place(error, path)
        if _is_dicom(path):
            raise UnsupportedSlide(f"OpenSlide cannot show this DICOM file ({said})") from None
        raise DamagedSlide(f"OpenSlide cannot read the file ({said})") from None


def _without_place(error: OpenSlideError, path: Path) -> str:
    """Return OpenSlide's words without the path, which is where the copy lies."""
    return str(error).replace(f"Reading {path}: ", "").replace(f"{path.parent}{os.sep}", "")


def _is_dicom(path: Path) -> bool:
    """Whether the file starts as DICOM part 10 has it: 128 bytes of preamble, then DICM."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"
