"""Tiles that lie side by side in a file are fetched together, and runs of them at once."""

import random
import threading
import time
from array import array

import pytest

from labsight.errors import DamagedSlide, StorageUnavailable
from labsight.objects.credentials import Credentials, Fixed
from labsight.objects.s3_http import HttpS3Store
from labsight.objects.store import PARALLEL
from labsight.slides.index import Chunks
from labsight.slides.pixels import runs
from labsight.slides.pixels.runs import read_tiles
from tests.support.range_server import serving

COLUMNS = 40
SIZE = 9000  # bytes of a tile, about those of a scanner


class Reads:
    """A file in memory that notes what is read of it, and by how many at once."""

    def __init__(self, content: bytes, seconds: float = 0.0) -> None:
        self.content, self.seconds = content, seconds
        self.ranges: list[tuple[int, int]] = []
        self.at_once = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, start: int, length: int) -> bytes:
        with self.lock:
            self.ranges.append((start, length))
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
        return self.content[start : start + length]


def grid(rows: int, columns: int = COLUMNS, size: int = SIZE) -> tuple[Chunks, bytes]:
    count = rows * columns
    content = random.Random(1).randbytes(count * size)
    offsets = array("Q", range(0, count * size, size))
    return Chunks(b"", offsets, array("I", [size] * count)), content


def screen(columns: int = 6, rows: int = 4) -> list[int]:
    return [
        row * COLUMNS + column for row in range(3, 3 + rows) for column in range(9, 9 + columns)
    ]


def tile(content: bytes, number: int, size: int = SIZE) -> bytes:
    return content[number * size : (number + 1) * size]


@pytest.mark.parametrize("parallel", [1, 2, PARALLEL])
def test_a_screen_is_one_request_a_row_and_comes_in_order(parallel: int) -> None:
    chunks, content = grid(8)
    reads = Reads(content, 0.005)
    found = list(read_tiles(chunks, screen(), reads, parallel))
    assert found == [(number, tile(content, number)) for number in screen()]
    assert len(reads.ranges) == 4
    assert reads.most == min(parallel, 4)


@pytest.mark.parametrize("seed", range(20))
def test_blank_scattered_and_overlapping_tiles_are_found_as_without_threads(seed: int) -> None:
    chance = random.Random(seed)
    content = chance.randbytes(50_000)
    lengths = array("I", [chance.choice([0, 1, 700]) for _ in range(200)])
    offsets = array("Q", [chance.randrange(49_000) for _ in range(200)])
    chunks = Chunks(b"", offsets, lengths)
    numbers = chance.sample(range(200), 150)
    expected = [(n, content[offsets[n] : offsets[n] + lengths[n]]) for n in numbers if lengths[n]]
    for parallel in (1, PARALLEL):
        assert list(read_tiles(chunks, numbers, Reads(content), parallel)) == expected


def test_all_that_is_in_flight_is_no_more_than_one_long_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "MAX_RUN_BYTES", 12 * SIZE)
    chunks, content = grid(8)
    reads = Reads(content)
    results = read_tiles(chunks, range(320), reads, 4)
    next(results)
    time.sleep(0.05)
    assert sum(length for _, length in reads.ranges) <= 12 * SIZE
    assert len(list(results)) == 319
    assert max(length for _, length in reads.ranges) == 3 * SIZE


def test_a_tile_larger_than_a_run_is_read_alone() -> None:
    chunks, content = grid(1, 3, 2 << 20)
    reads = Reads(content)
    assert len(list(read_tiles(chunks, range(3), reads, PARALLEL))) == 3
    assert [length for _, length in sorted(reads.ranges)] == [2 << 20] * 3


def test_the_first_error_ends_the_reading() -> None:
    chunks, content = grid(30)
    asked = []

    def read(start: int, length: int) -> bytes:
        asked.append(start)
        if start // SIZE // COLUMNS == 2:
            raise StorageUnavailable("gone")
        return content[start : start + length]

    numbers = [row * COLUMNS + column for row in range(30) for column in range(6)]
    found: list[tuple[int, bytes]] = []
    with pytest.raises(StorageUnavailable, match="gone"):
        found.extend(read_tiles(chunks, numbers, read, PARALLEL))
    assert len(found) == 12
    assert len(asked) <= 2 + PARALLEL


def test_a_file_that_ends_inside_a_run_is_damaged_with_threads_too() -> None:
    chunks, content = grid(8)
    with pytest.raises(DamagedSlide, match="cut off"):
        list(read_tiles(chunks, screen(), Reads(content[: 4 * COLUMNS * SIZE]), PARALLEL))


def test_a_screen_from_a_slow_store_takes_two_requests_time_at_most() -> None:
    chunks, content = grid(8)
    with serving() as files:
        files.contents["/archive/a"] = content
        files.delay = 0.015
        keys = Fixed(Credentials("id", "secret"))
        store = HttpS3Store("archive", "us-east-1", keys, files.url)

        def read(start: int, length: int) -> bytes:
            return store.read("a", start, length)

        list(read_tiles(chunks, screen(), read, PARALLEL))  # connects
        files.asked.clear()
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            list(read_tiles(chunks, screen(), read, PARALLEL))
            took.append(time.perf_counter() - begun)
        assert len(files.asked) == 20
        assert min(took) < 0.03
        store.close()
