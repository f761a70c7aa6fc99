"""Slides in memory, made of chunks of any coding, and a reader of them that notes what it reads."""

import io
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from labsight.slides.axes import NO_AXES, Axes
from labsight.slides.index import Chunks, Coding, Level, SlideIndex, SourceFile
from labsight.slides.pixels.jpeg import SOI

Array = npt.NDArray[Any]


class Reads:
    """Files in memory that note what is read of them."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = list(contents)
        self.ranges: list[tuple[int, int]] = []

    def __call__(self, file: int, start: int, length: int) -> bytes:
        self.ranges.append((start, length))
        return self.contents[file][start : start + length]

    def of_first(self, start: int, length: int) -> bytes:
        return self(0, start, length)


def table_of(streams: Sequence[bytes], gap: int = 0, head: bytes = SOI) -> tuple[Chunks, bytes]:
    """Return the table of chunks that lie one behind the other, ``gap`` bytes between, and them."""
    offsets, content = [], b""
    for stream in streams:
        offsets.append(len(content))
        content += stream + bytes(gap)
    return Chunks(head, array("Q", offsets), array("I", map(len, streams))), content


def slide_of(
    size: tuple[int, int],
    chunk: tuple[int, int],
    coding: Coding,
    planes: Sequence[Sequence[bytes]],
    *,
    axes: Axes = NO_AXES,
    head: bytes = SOI,
) -> tuple[SlideIndex, Reads]:
    """Return a slide of one level; each plane lies in a file of its own."""
    tables = []
    contents = []
    for number, streams in enumerate(planes):
        table, content = table_of(streams, head=head)
        tables.append(Chunks(table.head, table.offsets, table.lengths, number))
        contents.append(content)
    level = Level(*size, 512, 512, coding, *chunk, tuple(tables))
    files = tuple(SourceFile(str(number), "e", 1) for number in range(len(planes)))
    index = SlideIndex(
        key="k", etag="e", size=1, format="tif", files=files, levels=(level,), axes=axes
    )
    return index, Reads(*contents)


def cut(pixels: Array, width: int, height: int, *, padded: bool = True) -> list[Array]:
    """Cut a picture into chunks, row by row; those at the edges are filled up or shorter."""
    found = []
    for top in range(0, pixels.shape[0], height):
        for left in range(0, pixels.shape[1], width):
            part = pixels[top : top + height, left : left + width]
            if padded:
                missing = [(0, height - part.shape[0]), (0, width - part.shape[1])]
                missing += [(0, 0)] * (pixels.ndim - 2)
                part = np.pad(part, missing, constant_values=7)
            found.append(np.ascontiguousarray(part))
    return found


def jpeg_of(pixels: Array, quality: int = 95, **options: object) -> bytes:
    """Encode a chunk as JPEG, with chroma at full size unless told."""
    file = io.BytesIO()
    options = {"subsampling": 0, **options}
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def wavelets_of(pixels: Array, **options: Any) -> bytes:
    """Encode a chunk as a JPEG 2000 codestream, without loss unless told."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG2000", no_jp2=True, **options)
    return file.getvalue()


def picture(
    width: int, height: int, samples: int = 3, seed: int = 1, grain: int = 16
) -> npt.NDArray[np.uint8]:
    """Return soft colours (or grey) without two equal places, as fine as ``grain`` px."""
    shape = (height // grain + 2, width // grain + 2, *((3,) if samples == 3 else ()))
    coarse = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(smooth)


def picture16(width: int, height: int, seed: int = 1) -> npt.NDArray[np.uint16]:
    """Return 16-bit grey whose low byte matters."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 65536, (height, width), dtype=np.uint16)
