"""DICOM slides frame by frame against pydicom, the files written by hand among them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from labsight.slides.formats.dicom.series import read_dicom
from labsight.slides.index import Level
from labsight.slides.pixels.decode import decode
from tests.support.dicom_slides import (
    EXPLICIT,
    IMPLICIT,
    JPEG_2000,
    DicomFile,
    Pixels,
    Place,
    codestream,
    encoded,
    opened,
    picture,
    tiles_of,
)

pydicom = pytest.importorskip("pydicom", reason="pydicom is not installed")

TILE, SIZE = (64, 64), (150, 100)
COLOURS, GREY = tiles_of(picture(*SIZE), TILE), tiles_of(picture(*SIZE, grey=True), TILE)
DEEP = [tile.astype(np.uint16) * 16 for tile in GREY]
PLACES = [Place(column=n % 3 * 64 + 1, row=n // 3 * 64 + 1, z=n / 10) for n in range(6)]


def file_of(frames: list[bytes], **changes: Any) -> DicomFile:
    return DicomFile(frames=frames, size=SIZE, tile=TILE, **changes)


def raw(tiles: list[Pixels]) -> list[bytes]:
    return [tile.tobytes() for tile in tiles]


MONO: dict[str, Any] = {"samples": 1, "photometric": "MONOCHROME2"}
FILES = {
    "jpeg": file_of([encoded(tile) for tile in COLOURS]),
    "jpeg, extended table": file_of([encoded(tile) for tile in COLOURS], table="extended"),
    "jpeg, no table": file_of([encoded(tile) for tile in COLOURS], table="none"),
    "jpeg, sparse": file_of([encoded(tile) for tile in COLOURS], places=PLACES, undefined=True),
    "jpeg, rgb": file_of(
        [encoded(tile, keep_rgb=True) for tile in COLOURS], photometric="RGB", table="basic"
    ),
    "jpeg, grey": file_of([encoded(tile) for tile in GREY], **MONO),
    "jpeg 2000": file_of(
        [codestream(tile) for tile in COLOURS], syntax=JPEG_2000, photometric="YBR_RCT"
    ),
    "explicit": file_of(raw(COLOURS), syntax=EXPLICIT, photometric="RGB"),
    "implicit": file_of(raw(COLOURS), syntax=IMPLICIT, photometric="RGB", places=PLACES),
    "16 bit": file_of(raw(DEEP), syntax=EXPLICIT, bits=16, stored=12, undefined=True, **MONO),
}


def truth(content: bytes) -> Pixels:
    """Return all frames as pydicom decodes them."""
    found = pydicom.dcmread(io.BytesIO(content))
    pixels: Pixels = found.pixel_array
    return pixels if int(found.get("NumberOfFrames", 1)) > 1 else pixels[np.newaxis]


def frames_of(level: Level, content: bytes) -> list[Pixels]:
    """Return the frames of all planes of a level, as they lie in the file."""
    places = sorted(
        (offset, length, plane)
        for plane in range(len(level.planes))
        for offset, length in zip(
            level.planes[plane].offsets, level.planes[plane].lengths, strict=True
        )
    )
    return [
        np.asarray(decode(level, level.planes[plane].head, content[offset : offset + length]))
        for offset, length, plane in places
    ]


def assert_alike(frames: list[Pixels], expected: Pixels, *, exact: bool) -> None:
    assert len(frames) == len(expected)
    for frame, other in zip(frames, expected, strict=True):
        difference = np.abs(frame.astype(int) - other.astype(int))
        # pydicom turns YCbCr into RGB in floating point, libjpeg in whole numbers.
        assert difference.max() == 0 if exact else difference.max() <= 2


@pytest.mark.parametrize("name", FILES)
def test_frames_are_those_that_pydicom_finds(name: str) -> None:
    content = FILES[name].content()
    (level,) = read_dicom(opened(content)).levels
    exact = "jpeg" not in name or "2000" in name or "grey" in name or "rgb" in name
    assert_alike(frames_of(level, content), truth(content), exact=exact)


def test_every_frame_of_the_fluorescence_series_is_pydicom_s(real_data: Path) -> None:
    paths = sorted((real_data / "slides/dicom-wg26-FluorCell").glob("*.dcm"))
    contents = [path.read_bytes() for path in paths]
    found = read_dicom(opened(*contents))
    for level in found.levels:
        content = contents[level.planes[0].file]
        assert_alike(frames_of(level, content), truth(content), exact=True)


def test_the_label_is_pydicom_s(real_data: Path) -> None:
    path = real_data / "slides/dicom-wg26-FluorCell"
    contents = [(path / name).read_bytes() for name in ("12_0.dcm", "2.dcm")]
    label: Image.Image = read_dicom(opened(*contents)).pictures["label"]()
    assert_alike([np.asarray(label)], truth(contents[1]), exact=False)


def test_every_frame_of_the_small_sample_is_pydicom_s(real_data: Path) -> None:
    content = (real_data / "slides/highdicom-sm_image.dcm").read_bytes()
    (level,) = read_dicom(opened(content)).levels
    assert_alike(frames_of(level, content), truth(content), exact=True)
