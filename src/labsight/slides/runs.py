"""Reads stored tiles, neighbours in the file with one request."""

from collections.abc import Callable, Iterable, Iterator

from labsight.errors import DamagedSlide
from labsight.slides.index import StoredTiles

MAX_RUN_BYTES = 8 << 20  # held in memory at once; a single tile may be larger
MAX_GAP = 4096  # bytes between two tiles that are cheaper to read over than a request

ReadBytes = Callable[[int, int], bytes]


def read_tiles(
    stored: StoredTiles, numbers: Iterable[int], read: ReadBytes
) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each tile that is not blank; raise DamagedSlide."""
    for run in _runs(stored, numbers):
        start, end = stored.offsets[run[0]], _end(stored, run[-1])
        data = read(start, end - start)
        if len(data) != end - start:
            raise DamagedSlide("the slide's file ends inside a tile: it was cut off")
        for number in run:
            place = stored.offsets[number] - start
            yield number, data[place : place + stored.lengths[number]]


def _runs(stored: StoredTiles, numbers: Iterable[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if not stored.lengths[number]:
            continue
        if run and not _continues(stored, run, number):
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _continues(stored: StoredTiles, run: list[int], number: int) -> bool:
    gap = stored.offsets[number] - _end(stored, run[-1])
    whole = _end(stored, number) - stored.offsets[run[0]]
    return 0 <= gap <= MAX_GAP and whole <= MAX_RUN_BYTES


def _end(stored: StoredTiles, number: int) -> int:
    return stored.offsets[number] + stored.lengths[number]
