"""Reads and decodes the chunks of a level that a region touches."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from PIL import Image

from labsight.errors import DamagedSlide
from labsight.slides.index import Chunks, Level
from labsight.slides.pixels.decode import SHRINKS, decode, decode_jpeg
from labsight.slides.pixels.intervals import MAX_JPEG_SIDE, join

Box = tuple[int, int, int, int]  # x, y, width, height in px of a level
# Numbers of chunks -> number and bytes of each that is not blank
ReadChunks = Callable[[Iterable[int]], Iterator[tuple[int, bytes]]]

# Half of an odd size is half of it rounded up: a little more than half.
_NEARLY = 0.02
_JOINED_PX = 1 << 24  # of restart intervals decoded together, 64 MB


def shrink_of(level: Level, wanted: float) -> int:
    """Return by how much chunks are shrunk as they are decoded, so that they still fit together.

    It is as much as is wanted, or at most half of that: what is between is left to a filter that
    has enough px to go by.
    """
    fitting = (
        shrink
        for shrink in SHRINKS
        if (abs(wanted / shrink - 1) <= _NEARLY or wanted >= 2 * shrink)
        and (level.chunk_columns == 1 or not level.chunk_width % shrink)
        and (level.chunk_rows == 1 or not level.chunk_height % shrink)
    )
    return next(fitting, 1)


def touched(level: Level, box: Box) -> tuple[range, range]:
    """Return the columns and rows of the chunks that a box touches."""
    x, y, width, height = box
    right, bottom = -(-(x + width) // level.chunk_width), -(-(y + height) // level.chunk_height)
    columns = range(max(0, x // level.chunk_width), min(level.chunk_columns, right))
    return columns, range(max(0, y // level.chunk_height), min(level.chunk_rows, bottom))


def pieces(
    level: Level, chunks: Chunks, box: Box, shrink: int, read: ReadChunks
) -> Iterator[tuple[int, int, Image.Image]]:
    """Yield pictures, shrunk, with their places (x, y in px of the level) that make up a region.

    Blank chunks are left out; what overhangs the level's edges is cut off. Raises what decoding
    raises.
    """
    columns, rows = touched(level, box)
    if level.coding is not None and level.coding.kind == "ndpi":
        yield from _joined(level, chunks, (columns, rows), shrink, read)
        return
    numbers = (row * level.chunk_columns + column for row in rows for column in columns)
    for number, data in read(numbers):
        row, column = divmod(number, level.chunk_columns)
        x, y = column * level.chunk_width, row * level.chunk_height
        width, height = _inside(level, x, y, 1, 1)
        image = decode(level, chunks.head, data, shrink, height)
        if (width, height) != (level.chunk_width, level.chunk_height):
            image = image.crop((0, 0, -(-width // shrink), -(-height // shrink)))
        yield x, y, image


def _joined(
    level: Level, chunks: Chunks, place: tuple[range, range], shrink: int, read: ReadChunks
) -> Iterator[tuple[int, int, Image.Image]]:
    """Decode neighbouring restart intervals as one picture: each alone would cost a header."""
    if level.coding is None:
        return
    for columns, rows in _blocks(level, place, shrink):
        numbers = [[row * level.chunk_columns + column for column in columns] for row in rows]
        found = dict(read(number for row in numbers for number in row))
        if len(found) < len(columns) * len(rows):
            raise DamagedSlide("a level lacks restart intervals: import the slide again")
        x, y = columns[0] * level.chunk_width, rows[0] * level.chunk_height
        size = _inside(level, x, y, len(columns), len(rows))
        stream = join(chunks.head, [[found[number] for number in row] for row in numbers], *size)
        yield x, y, decode_jpeg(stream, level.coding, shrink, (size,))


def _blocks(
    level: Level, place: tuple[Sequence[int], Sequence[int]], shrink: int
) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Cut columns and rows of chunks into parts that one JPEG and memory can hold."""
    columns, rows = place
    wide = max(1, min(len(columns), MAX_JPEG_SIDE // level.chunk_width))
    row_px = wide * level.chunk_width * level.chunk_height
    high = max(1, min(_JOINED_PX * shrink * shrink // row_px, MAX_JPEG_SIDE // level.chunk_height))
    for top in range(0, len(rows), high):
        for left in range(0, len(columns), wide):
            yield columns[left : left + wide], rows[top : top + high]


def _inside(level: Level, x: int, y: int, columns: int, rows: int) -> tuple[int, int]:
    """Return how much of chunks from (x, y) on lies inside the level, px."""
    width = min(columns * level.chunk_width, level.width - x)
    return width, min(rows * level.chunk_height, level.height - y)
