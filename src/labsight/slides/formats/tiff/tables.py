"""Reads where the chunks of TIFF directories lie, and checks it before it is used."""

from array import array
from itertools import compress, count
from operator import add, not_

from labsight.errors import DamagedSlide
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.grid import Grid, Size, Source
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.index import Chunks
from labsight.slides.pixels import jpeg

MAX_CHUNK_BYTES = 16 << 20  # compressed; uncompressed ones are as long as their pixels take
MAX_JPEG_TABLES = 64 << 10  # bytes, in front of every tile that is sent


class Tables:
    """Reads the table of each directory once, and keeps count of the bytes they claim."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, int], tuple[bytes, array[int], array[int]]] = {}
        self._sizes: dict[int, int] = {}  # of the files, by number
        self._claimed = 0

    def chunks(self, source: Source, grid: Grid, cut: Size) -> Chunks:
        """Return the table of one plane, of the first ``cut`` columns and rows."""
        place = source.file, source.directory.offset
        if place not in self._read:
            self._read[place] = self._of(source, grid)
            self._sizes[source.file] = source.tiff.size
        head, offsets, lengths = self._read[place]
        each = grid.columns * grid.rows
        if grid.apart > 1:
            own = slice(source.sample * each, (source.sample + 1) * each)
            offsets, lengths = offsets[own], lengths[own]
        if cut != (grid.columns, grid.rows):
            offsets, lengths = _cut(offsets, grid.columns, cut), _cut(lengths, grid.columns, cut)
        return Chunks(head, offsets, lengths, source.file)

    def check_total(self) -> None:
        """Refuse chunks that share their bytes, but for blank ones that some writers store once."""
        size = sum(self._sizes.values())
        if self._claimed > 2 * size:
            raise DamagedSlide(
                f"the tiles claim {self._claimed} bytes, far more than the file has ({size}): many "
                "are said to lie at the same place"
            )

    def _of(self, source: Source, grid: Grid) -> tuple[bytes, "array[int]", "array[int]"]:
        tiff, directory = source.tiff, source.directory
        offsets, lengths = _table(tiff, directory, grid)
        self._claimed += sum(lengths)
        if grid.coding.kind != "jpeg":
            return b"", offsets, lengths
        tables = tiff.raw(directory, Code.JPEG_TABLES, MAX_JPEG_TABLES)
        return jpeg.head(tables, rgb=grid.coding.colour == "rgb"), offsets, lengths


def _table(tiff: Tiff, directory: Directory, grid: Grid) -> tuple["array[int]", "array[int]"]:
    """Read where a directory's chunks lie and how long they are; both in pieces, to save memory."""
    # Some writers name the tables of tiles as those of strips (libtiff reads both).
    tiles = grid.tiled and Code.TILE_OFFSETS in directory
    places = Code.TILE_OFFSETS if tiles else Code.STRIP_OFFSETS
    sizes = Code.TILE_LENGTHS if tiles else Code.STRIP_LENGTHS
    wanted = grid.columns * grid.rows * grid.apart
    found = tiff.count(directory, places), tiff.count(directory, sizes)
    if found != (wanted, wanted):
        raise DamagedSlide(
            f"a level of {grid.width} x {grid.height} px needs {wanted} tiles, the file lists "
            f"{found[0]} places and {found[1]} lengths"
        )
    offsets = array("Q")
    for piece in tiff.pieces(directory, places):
        _check_sign(piece)
        offsets.extend(_as("Q", piece))
    lengths, longest = array("I"), _longest(grid)
    for piece in tiff.pieces(directory, sizes):
        _check_sign(piece)
        if max(piece) > longest:
            raise DamagedSlide(f"a tile claims {max(piece)} bytes; at most {longest} are read")
        lengths.extend(_as("I", piece))
    _check_ends(tiff, offsets, lengths)
    for blank in compress(count(), map(not_, lengths)):
        offsets[blank] = 0
    return offsets, lengths


def _check_sign(numbers: "array[int]") -> None:
    if min(numbers) < 0:
        raise DamagedSlide("a tile claims to lie before the start of the file")


def _check_ends(tiff: Tiff, offsets: "array[int]", lengths: "array[int]") -> None:
    end = max(map(add, compress(offsets, lengths), filter(None, lengths)), default=0)
    if end > tiff.size:
        raise DamagedSlide(
            f"a tile lies at bytes up to {end}, the file has {tiff.size}: it was cut off or is "
            "damaged; copy it again from the scanner"
        )


def _longest(grid: Grid) -> int:
    pixels = grid.chunk_width * grid.chunk_height
    return max(MAX_CHUNK_BYTES, pixels * grid.coding.samples * grid.coding.bits // 8)


def _as(code: str, numbers: "array[int]") -> "array[int]":
    return numbers if numbers.typecode == code else array(code, numbers)


def _cut(numbers: "array[int]", columns: int, cut: Size) -> "array[int]":
    """Return the first columns and rows of a table."""
    kept = array(numbers.typecode)
    for row in range(cut[1]):
        kept.extend(numbers[row * columns : row * columns + cut[0]])
    return kept
