"""NDPI files larger than classic TIFF or the memory of a function."""

import struct
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import openslide

from labsight.objects.memory import MemoryStore
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.ndpi import read_ndpi
from labsight.slides.ranges import ObjectBytes
from tests.support.ndpi_files import GB, LONG, NdpiFile, Picture, Stream, Tag, cut
from tests.support.ndpi_reading import (
    RESTARTS,
    RESTARTS_HIGH,
    by_openslide,
    picture,
    pixels_of,
    region,
    structure_of,
    worst,
)


def test_directories_and_streams_beyond_4_gb_are_found(tmp_path: Path) -> None:
    pixels = picture(1024, 256)
    found, file = structure_of(
        Picture(stream=cut(pixels, 512), lens=20, hole=5 * GB),
        Picture(stream=cut(pixels[::4, ::4].copy(), 256), lens=5, hole=4 * GB),
        Picture(stream=cut(pixels[::8, ::8].copy()), lens=-1),
    )
    assert file.size > 9 * GB
    first, second = found.levels
    assert first.planes[0].offsets[0] < GB
    assert second.planes[0].offsets[0] > 5 * GB
    path = file.write(tmp_path / "large.ndpi")
    assert worst(region(file, first), by_openslide(path, 0, (0, 0, 1024, 256))) == 0
    assert worst(region(file, second), by_openslide(path, 2, (0, 0, 256, 64))) == 0
    with openslide.OpenSlide(path) as slide:
        macro = np.asarray(slide.associated_images["macro"].convert("RGB"))
    assert worst(np.asarray(found.pictures["macro"]()), macro) == 0


def test_a_single_stream_of_over_4_gb_is_cut_by_the_upper_halves_of_its_table(
    tmp_path: Path,
) -> None:
    real = cut(picture(512, 8 * 320), 512)
    holes = (15 << 20,) * 300  # 300 rows that nobody looks at
    intervals = real.intervals[:10] + holes + real.intervals[310:]
    stream = Stream(real.width, real.height, real.head, intervals)
    assert stream.length > 4 * GB
    found, file = structure_of(Picture(stream=stream))
    level = found.levels[0]
    assert level.planes[0].offsets[-1] > 4 * GB
    box = (100, 8 * 311, 400, 70)
    expected = pixels_of(real.whole)[8 * 311 : 8 * 311 + 70, 100:500]
    assert worst(region(file, level, box), expected) == 0
    assert worst(by_openslide(file.write(tmp_path / "long.ndpi"), 0, box), expected) == 0
    assert sum(length for _, length in file.requests) < 100_000


class HoleStore(MemoryStore):
    """An object store with one file in it, which may be larger than memory."""

    def __init__(self, file: NdpiFile) -> None:
        super().__init__()
        self._file = file

    def data(self) -> ObjectBytes:
        info = self.write("slides/lab/a.ndpi", b"")
        return ObjectBytes(self, replace(info, size=self._file.size))

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        del key, etag
        return self._file.read(start, length or 0)


def of_holes(width: int, height: int, across: int) -> Picture:
    """Return a level whose table tells of all its intervals, of which only three are there."""
    real = cut(picture(3 * across, 8), across)
    head = real.head.replace(b"\0\x08" + struct.pack(">H", 3 * across), bytes(4))
    first, _, last = real.intervals
    count = width // across * height // 8
    assert isinstance(first, bytes)
    hole = 4000 * count
    stream = Stream(width, height, head, (first, hole, last))
    start, second, end = stream.starts()
    starts = [start, *(second + 4000 * number for number in range(count - 2)), end]
    tags: dict[int, Tag | None] = {RESTARTS: (LONG, [one & 0xFFFFFFFF for one in starts])}
    if end >> 32:
        tags[RESTARTS_HIGH] = (LONG, [one >> 32 for one in starts])
    return Picture(stream=stream, lens=width / 2048, tags=tags)


def test_a_slide_of_half_a_million_intervals_is_opened_by_its_directories_and_tables_alone() -> (
    None
):
    levels = [of_holes(98_304 >> number, 81_920 >> number, 2048) for number in range(5)]
    file = NdpiFile([*levels, Picture(stream=cut(picture(600, 200)), lens=-1)])
    data = HoleStore(file).data()
    started = time.process_time()
    found = read_ndpi(Tiff(data))
    assert time.process_time() - started < 2
    chunks = found.levels[0].planes[0]
    assert len(chunks.offsets) == 48 * 10_240
    assert set(chunks.lengths[2:-2]) == {3998}
    # For each level: a directory with the next stream's header, a table and its ends.
    assert data.requests <= 3 * len(levels)
    assert sum(length for _, length in file.requests) < 8 << 20
