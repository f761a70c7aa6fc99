"""DICOM files of the kinds that most tests start from."""

from dataclasses import replace
from typing import Any

from labsight.slides.formats.dicom.series import read_dicom
from tests.support.dicom_slides import (
    EXPLICIT,
    DicomFile,
    Pixels,
    Value,
    encoded,
    opened,
    picture,
    pixels_of,
    tiles_of,
)

TILE = (64, 64)
SIZE = (150, 100)  # 3 x 2 tiles


def coloured(pixels: Pixels | None = None, **changes: Any) -> DicomFile:
    """A brightfield file with JPEG frames."""
    frames = [
        encoded(tile) for tile in tiles_of(picture(*SIZE) if pixels is None else pixels, TILE)
    ]
    file = DicomFile(frames=frames, size=SIZE, tile=TILE)
    return replace(file, **changes)


def native(pixels: Pixels, **changes: Any) -> DicomFile:
    """A file with frames that are not compressed."""
    file = DicomFile(
        frames=[tile.tobytes() for tile in tiles_of(pixels, TILE)],
        size=(pixels.shape[1], pixels.shape[0]),
        tile=TILE,
        syntax=EXPLICIT,
        photometric="RGB" if pixels.ndim == 3 else "MONOCHROME2",
        samples=3 if pixels.ndim == 3 else 1,
        bits=8 * pixels.dtype.itemsize,
    )
    return replace(file, **changes)


def stack(planes: list[Pixels], **changes: Any) -> DicomFile:
    """A grey file with several planes, their frames one plane after the other."""
    frames = [tile.tobytes() for plane in planes for tile in tiles_of(plane, TILE)]
    return replace(native(planes[0]), frames=frames, **changes)


def grey(seed: int) -> Pixels:
    return picture(*SIZE, seed, grey=True)


def read_back(file: DicomFile, plane: int = 0) -> Pixels:
    files = opened(file.content())
    return pixels_of(read_dicom(files), files, plane=plane)


def half(pixels: Pixels) -> Pixels:
    return pixels[::2, ::2]


def other(file: DicomFile, instance: str, **more: tuple[str, Value]) -> DicomFile:
    return replace(
        file, instance=instance, more={**file.more, **{int(k[1:], 16): v for k, v in more.items()}}
    )
