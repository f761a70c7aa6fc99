"""What the chunks of a TIFF directory are: its tiles, or its strips of rows."""

from dataclasses import dataclass

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.formats.tiff.coding import coding_of
from labsight.slides.formats.tiff.container import MAX_SIDE, Tiff
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.index import MAX_TILE_PX, Coding

Size = tuple[int, int]


@dataclass(frozen=True)
class Source:
    """Where one plane of a level lies: a directory, and which of its samples stored apart."""

    tiff: Tiff
    directory: Directory
    file: int = 0
    sample: int = 0


@dataclass(frozen=True)
class Grid:
    """What all planes of a level share: sizes in px, how chunks are coded.

    ``apart`` is in how many planes the samples are stored, one table behind the other.
    """

    width: int
    height: int
    chunk_width: int
    chunk_height: int
    tiled: bool
    coding: Coding
    apart: int

    @property
    def columns(self) -> int:
        """Chunks in a row."""
        return -(-self.width // self.chunk_width)

    @property
    def rows(self) -> int:
        """Rows of chunks."""
        return -(-self.height // self.chunk_height)


def size_of(tiff: Tiff, directory: Directory) -> Size:
    """Return width and height of a directory's image, px."""
    width = _side(tiff.number(directory, Code.WIDTH, 0), "width")
    return width, _side(tiff.number(directory, Code.HEIGHT, 0), "height")


def grid_of(tiff: Tiff, directory: Directory) -> Grid:
    """Read sizes and coding of a directory; raise LeftToOpenSlide, DamagedSlide or Unsupported."""
    width, height = size_of(tiff, directory)
    coding, apart = coding_of(tiff, directory)
    tiled = Code.TILE_WIDTH in directory
    if tiled:
        across = _side(tiff.number(directory, Code.TILE_WIDTH, 0), "tile width")
        down = _side(tiff.number(directory, Code.TILE_HEIGHT, 0), "tile height")
    else:
        across = width
        down = min(height, tiff.number(directory, Code.ROWS_PER_STRIP, height))
        _side(down, "strip height")
    if across * down > MAX_TILE_PX:
        raise UnsupportedSlide(
            f"its {'tiles' if tiled else 'strips'} are {across} x {down} px, at most "
            f"{MAX_TILE_PX:,} px are shown; export the slide again with tiles of 256 x 256 px"
        )
    return Grid(width, height, across, down, tiled, coding, apart)


def _side(value: int, name: str) -> int:
    if not 0 < value <= MAX_SIDE:
        raise DamagedSlide(f"an image of the file claims a {name} of {value} px")
    return value
