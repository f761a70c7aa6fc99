"""Reads stored tiles, neighbours in the file with one request, several requests side by side."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from labsight.errors import DamagedSlide
from labsight.objects.side_by_side import side_by_side
from labsight.slides.index import Chunks

MAX_RUN_BYTES = 8 << 20  # held in memory at once; a single tile may be larger
MAX_GAP = 4096  # bytes between two tiles that are cheaper to read over than a request

ReadBytes = Callable[[int, int], bytes]
_Read = tuple[list[int], int, bytes]  # numbers of a run, where it starts, its bytes


def read_tiles(
    stored: Chunks,
    numbers: Iterable[int],
    read: ReadBytes,
    parallel: int = 1,
    gap: int = MAX_GAP,
) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each tile that is not blank, in order; raise DamagedSlide.

    With ``parallel``, ``read`` is called from that many threads (see ObjectStore); the runs are
    then shorter, so that no more is held in memory than by one alone.
    """
    found = runs(stored, numbers, MAX_RUN_BYTES // parallel, gap)
    reads: Iterator[_Read]
    if parallel == 1:
        reads = (_read(stored, run, read) for run in found)
    else:
        reads = side_by_side((partial(_read, stored, run, read) for run in found), parallel)
    for run, start, data in reads:
        for number in run:
            place = stored.offsets[number] - start
            yield number, data[place : place + stored.lengths[number]]


def runs(
    stored: Chunks, numbers: Iterable[int], most: int = MAX_RUN_BYTES, gap: int = MAX_GAP
) -> Iterator[list[int]]:
    """Yield the tiles that are not blank in groups which lie one behind the other in the file.

    A group spans at most ``most`` bytes unless it is a single tile; ``gap`` bytes of other things
    may lie between two tiles.
    """
    run: list[int] = []
    start = end = 0
    for number in numbers:
        length = stored.lengths[number]
        if not length:
            continue
        offset = stored.offsets[number]
        if run and not (end <= offset <= end + gap and offset + length - start <= most):
            yield run
            run = []
        if not run:
            start = offset
        run.append(number)
        end = offset + length
    if run:
        yield run


def _read(stored: Chunks, run: list[int], read: ReadBytes) -> _Read:
    start = stored.offsets[run[0]]
    end = stored.offsets[run[-1]] + stored.lengths[run[-1]]
    data = read(start, end - start)
    if len(data) != end - start:
        raise DamagedSlide("the slide's file ends inside a tile: it was cut off")
    return run, start, data
