"""Reads NDPI files as labsight does, and as OpenSlide does."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openslide
from PIL import Image

from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.ndpi import read_ndpi
from labsight.slides.index import Level
from labsight.slides.pixels.intervals import join
from labsight.slides.ranges import Bytes
from tests.support.ndpi_files import NdpiFile, Picture, Pixels

Box = tuple[int, int, int, int]
RESTARTS, RESTARTS_HIGH = 65426, 65432


def picture(width: int, height: int, seed: int = 1) -> Pixels:
    """Return a colourful picture without two equal places."""
    coarse = np.random.default_rng(seed).integers(
        0, 256, (height // 16 + 2, width // 16 + 2, 3), dtype=np.uint8
    )
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(smooth)


def region(data: Bytes, level: Level, box: Box | None = None, plane: int = 0) -> Pixels:
    """Decode a region of a level out of the chunks it touches."""
    x, y, width, height = box or (0, 0, level.width, level.height)
    across, down = level.chunk_width, level.chunk_height
    columns = range(x // across, -(-(x + width) // across))
    rows = range(y // down, -(-(y + height) // down))
    chunks = level.planes[plane]
    found = [
        [data.read(chunks.offsets[number], chunks.lengths[number]) for number in numbers]
        for numbers in ([row * level.chunk_columns + column for column in columns] for row in rows)
    ]
    left, top = columns.start * across, rows.start * down
    right = min(columns.stop * across, level.width)
    bottom = min(rows.stop * down, level.height)
    assert level.coding is not None
    if level.coding.kind == "ndpi":
        stream = join(chunks.head, found, right - left, bottom - top)
    else:
        assert (level.coding.kind, chunks.head) == ("jpeg", b"\xff\xd8")
        stream = found[0][0]
    return pixels_of(stream)[y - top :, x - left :][:height, :width]


def pixels_of(stream: bytes) -> Pixels:
    with Image.open(io.BytesIO(stream)) as image:
        return np.asarray(image.convert("RGB"))


def by_openslide(path: Path, level: int, box: Box) -> Pixels:
    with openslide.OpenSlide(path) as slide:
        downsample = slide.level_downsamples[level]
        place = (round(box[0] * downsample), round(box[1] * downsample))
        return np.asarray(slide.read_region(place, level, box[2:]).convert("RGB"))


def worst(one: Pixels, other: Pixels) -> int:
    assert one.shape == other.shape
    difference: npt.NDArray[np.int16] = np.abs(one.astype(np.int16) - other.astype(np.int16))
    return int(difference.max())


def structure_of(*pictures: Picture) -> tuple[Structure, NdpiFile]:
    file = NdpiFile(pictures)
    return read_ndpi(Tiff(file)), file
