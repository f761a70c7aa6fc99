"""Reads the levels of NDPI files: JPEG streams as large as the slide.

Such a stream would have to be decoded from its start, were it not for restart markers. Each restart
interval is a chunk, mostly 1,000 to 4,000 px wide and one MCU (8 or 16 px) high. Streams without
markers occur among the smallest levels; they are one chunk.
"""

from array import array

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.formats.tiff.container import MAX_SIDE, Tiff
from labsight.slides.formats.tiff.restarts import MAX_INTERVAL_BYTES, Restarts, Stream
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.index import (
    DEFAULT_TILE_SIDE,
    MAX_TILE_PX,
    MAX_TILES,
    Chunks,
    Coding,
    Level,
)
from labsight.slides.pixels import jpeg
from labsight.slides.pixels.intervals import MAX_HEAD, MAX_JPEG_SIDE, Header, read_header

JPEG, JPEG_XR = 7, 22610  # TIFF compression
_HEADS = (4 << 10, MAX_HEAD)  # bytes read for a JPEG header, more when the first do not do
_JPEG_LIMIT = 65_535  # px; what the 16 bits of a JPEG header hold
# px by which the size in the TIFF tags may differ from a stream's, "due to inconsistent rounding"
# at the smallest levels (https://openslide.org/formats/hamamatsu/); the stream's then holds.
_ROUNDING = 16


class LevelReader:
    """Reads the levels of one file, all of them together within bounds."""

    def __init__(self, tiff: Tiff) -> None:
        self._tiff = tiff
        self._restarts = Restarts(tiff)
        self._chunks = 0
        self._bytes = 0

    def read(self, directories: list[Directory]) -> Level:
        """Read a level of one directory per focal plane.

        Raises DamagedSlide, or UnsupportedSlide saying why no part of it can be read alone.
        """
        planes = [self._plane(directory) for directory in directories]
        (width, height), chunk, coding, _ = planes[0]
        if any(plane[:3] != planes[0][:3] for plane in planes):
            raise UnsupportedSlide("the focal planes of a level differ in size or coding")
        chunks = tuple(plane[3] for plane in planes)
        side = DEFAULT_TILE_SIDE
        return Level(width, height, side, side, coding, *chunk, chunks)

    def _plane(
        self, directory: Directory
    ) -> tuple[tuple[int, int], tuple[int, int], Coding, Chunks]:
        """Return size, chunk size, coding and table of one focal plane."""
        stream, head = self._stream(directory)
        header = stream.header
        size = self._size(directory, header)
        grid = header.grid(*size)
        columns, rows = grid or (1, 1)
        self._check_total(columns * rows, stream.length)
        if columns * rows == 1:
            coding = Coding("jpeg", header.components, colour=header.colour)
            return size, size, coding, _single(stream, size)
        chunk = header.chunk(size[0])
        if chunk[0] > MAX_JPEG_SIDE or chunk[0] * chunk[1] > MAX_TILE_PX:
            raise UnsupportedSlide(
                f"its image can only be cut into pieces of {chunk[0]} x {chunk[1]} px"
            )
        coding = Coding("ndpi", header.components, colour=header.colour)
        offsets, lengths = self._restarts.find(directory, stream, columns * rows)
        return size, chunk, coding, Chunks(head, offsets, lengths)

    def _stream(self, directory: Directory) -> tuple[Stream, bytes]:
        """Return a directory's JPEG stream and its header's bytes."""
        tiff = self._tiff
        compression = tiff.number(directory, Code.COMPRESSION, 1)
        if compression != JPEG:
            name = "JPEG XR" if compression == JPEG_XR else f"TIFF compression {compression}"
            raise UnsupportedSlide(f"its image data has {name}")
        if tiff.count(directory, Code.STRIP_OFFSETS) != 1:
            raise UnsupportedSlide("its levels are not of one strip each")
        start = tiff.number(directory, Code.STRIP_OFFSETS, 0)
        length = tiff.number(directory, Code.STRIP_LENGTHS, 0)
        if start < 0 or length < 1 or start + length > tiff.size:
            raise DamagedSlide(
                f"a level lies at bytes {start} to {start + length}, the file has {tiff.size}: it "
                "was cut off or is damaged; copy it again from the scanner"
            )
        header, head = self._header(start, length)
        return Stream(start, length, header), head

    def _header(self, start: int, length: int) -> tuple[Header, bytes]:
        few, many = (min(size, length) for size in _HEADS)
        data = self._tiff.data(start, few)
        try:
            header = read_header(data)
        except DamagedSlide:
            if many == few:
                raise
            data = self._tiff.data(start, many)
            header = read_header(data)
        return header, data[: header.length]

    def _size(self, directory: Directory, header: Header) -> tuple[int, int]:
        """Return the level's size: the stream's, or the tags' where JPEG's 16 bits do not do."""
        width = self._tiff.number(directory, Code.WIDTH, 0)
        height = self._tiff.number(directory, Code.HEIGHT, 0)
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise DamagedSlide(f"a level claims {width} x {height} px")
        return _side(width, header.width), _side(height, header.height)

    def _check_total(self, chunks: int, length: int) -> None:
        self._chunks += chunks
        self._bytes += length
        if self._chunks > MAX_TILES:
            raise UnsupportedSlide(
                f"it has {self._chunks:,} restart intervals; at most {MAX_TILES:,} are listed"
            )
        if self._bytes > 2 * self._tiff.size:
            raise DamagedSlide(
                f"the levels claim {self._bytes} bytes, far more than the file has "
                f"({self._tiff.size}): many are said to lie at the same place"
            )


def _single(stream: Stream, size: tuple[int, int]) -> Chunks:
    """Return the table of a level that is read whole."""
    header = stream.header
    small = size[0] * size[1] <= MAX_TILE_PX and stream.length <= MAX_INTERVAL_BYTES
    if size != (header.width, header.height) or max(size) > MAX_JPEG_SIDE or not small:
        raise UnsupportedSlide(
            f"a level of {size[0]} x {size[1]} px has no restart markers by which it could be cut"
        )
    return Chunks(jpeg.SOI, array("Q", [stream.start]), array("I", [stream.length]))


def _side(tagged: int, own: int) -> int:
    if not own or tagged > _JPEG_LIMIT:
        return tagged
    if abs(tagged - own) > _ROUNDING:
        raise DamagedSlide(f"a level is said to be {tagged} px wide or high, its stream is {own}")
    return own
