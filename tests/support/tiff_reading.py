"""Reads TIFF slides out of memory as labsight does."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labsight.objects.memory import MemoryStore
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff.slide import read_tiff
from labsight.slides.index import SlideIndex
from labsight.slides.pixels.render import ChunkPixels
from labsight.slides.ranges import Bytes, ObjectBytes


def data_of(content: bytes) -> ObjectBytes:
    """Return a file that counts the requests it takes to read it."""
    store = MemoryStore()
    return ObjectBytes(store, store.write("slides/lab/x.tif", content))


def structure_of(content: bytes, others: Mapping[str, bytes] | None = None) -> Structure:
    """Read a file; ``others`` are the files of its set by name, numbered from 1 in this order."""
    numbers = {name: number for number, name in enumerate(others or {}, 1)}

    def open_other(name: str) -> tuple[int, Bytes] | None:
        return (numbers[name], data_of((others or {})[name])) if name in numbers else None

    return read_tiff(data_of(content), None if others is None else open_other)


def pixels_of(structure: Structure, *files: bytes, level: int = 0, plane: int = 0) -> NDArray[Any]:
    """Return all samples of one plane of a level, decoded out of its chunks."""
    index = SlideIndex(
        key="slides/lab/x.tif",
        etag="x",
        size=len(files[0]),
        format="tif",
        files=(),
        levels=structure.levels,
        axes=structure.axes,
    )
    pixels = ChunkPixels(index, lambda file, start, length: files[file][start : start + length])
    shown = structure.levels[level]
    box = (0, 0, shown.width, shown.height)
    return np.asarray(pixels.samples(level, box, (shown.width, shown.height), plane))


def worst(one: NDArray[Any], other: NDArray[Any]) -> int:
    """Return the largest difference of two pictures of the same size."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(np.int64) - other.astype(np.int64)).max())
