"""Finds the levels, the tile tables and the associated images in a TIFF-based slide file."""

from array import array
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides import jpeg, metadata
from labsight.slides.index import MAX_TILE_PX, MAX_TILES, Level, StoredTiles
from labsight.slides.metadata import ScanData
from labsight.slides.tags import Code, Directory
from labsight.slides.tiff import MAX_SIDE, Tiff

MAX_LEVELS = 32
MAX_TILE_BYTES = 16 << 20
MAX_JPEG_TABLES = 64 << 10  # bytes, in front of every tile that is sent
_HEAD = 4000  # characters of a text that tell what it is
JPEG = 7
RGB, GREY, YCBCR = 2, 1, 6

# TIFF compression -> name; those that OpenSlide or Pillow can decode
READABLE = {
    1: "none", 5: "LZW", 7: "JPEG", 8: "deflate", 32773: "PackBits", 32946: "deflate",
    33003: "JPEG 2000 (YCbCr)", 33005: "JPEG 2000 (RGB)", 34712: "JPEG 2000", 50000: "Zstandard",
}  # fmt: skip

# Formats whose levels or tiles need more than the TIFF structure tells (padded Philips levels,
# Leica and Ventana regions, one JPEG per NDPI level): OpenSlide knows them.
_FILE_BOUND_MARKS = ("Philips", "Leica", "<iScan", "<scn", "Trestle", "MedScan")


@dataclass(frozen=True)
class TiffLayout:
    """A file's parts: the levels (finest first) and the directories of its associated images.

    ``levels`` is empty when the stored tiles cannot be served as they are; ``reason`` then says
    why.
    """

    scan: ScanData
    levels: tuple[Level, ...]
    associated: dict[str, Directory]
    icc_profile: bool
    reason: str = ""


def read_layout(tiff: Tiff) -> TiffLayout:
    """Sort a file's directories; raise DamagedSlide or UnsupportedSlide."""
    first = tiff.directories[0]
    description = tiff.text(first, Code.DESCRIPTION, _HEAD)
    scan = _scan_data(tiff, first, description)
    if Code.NDPI_FORMAT in first or _mentions_file_bound(tiff, first, description):
        return TiffLayout(scan, (), {}, icc_profile=False, reason="a format that OpenSlide reads")
    _check_compression(tiff, first)
    tiled = [directory for directory in tiff.directories if Code.TILE_WIDTH in directory]
    reason = _why_not_stored(tiff, tiled)
    levels = () if reason else _levels(tiff, tiled)
    associated = _associated(tiff, scan.vendor)
    return TiffLayout(scan, levels, associated, Code.ICC_PROFILE in first, reason)


def _scan_data(tiff: Tiff, first: Directory, description: str) -> ScanData:
    if description.startswith("Aperio"):
        return metadata.aperio(tiff.text(first, Code.DESCRIPTION))
    found = ScanData()
    if "<OME" in description[:2000]:
        found = metadata.ome(tiff.text(first, Code.DESCRIPTION, metadata.MAX_OME_XML))
    mpp = found.mpp or metadata.resolution(
        tiff.ratio(first, Code.X_RESOLUTION),
        tiff.ratio(first, Code.Y_RESOLUTION),
        tiff.number(first, Code.RESOLUTION_UNIT, 2),
    )
    return ScanData(mpp=mpp, magnification=found.magnification, scanned_at=found.scanned_at)


def _mentions_file_bound(tiff: Tiff, first: Directory, description: str) -> bool:
    others = (tiff.text(first, code, _HEAD) for code in (Code.SOFTWARE, Code.MAKE, Code.XMP))
    texts = [description, *others]
    return any(mark in text for mark in _FILE_BOUND_MARKS for text in texts)


def _check_compression(tiff: Tiff, directory: Directory) -> None:
    compression = tiff.number(directory, Code.COMPRESSION, 1)
    if compression not in READABLE:
        raise UnsupportedSlide(
            f"its image data has TIFF compression {compression}, which labsight does not read; "
            "export the slide again with JPEG or JPEG 2000 compression"
        )


def _why_not_stored(tiff: Tiff, tiled: list[Directory]) -> str:
    """Say why the tiles cannot be sent as they stand; nothing when they can."""
    if not tiled or tiled[0] is not tiff.directories[0]:
        return "its first image is not tiled"
    first = tiled[0]
    compression = tiff.number(first, Code.COMPRESSION, 1)
    samples = tiff.number(first, Code.SAMPLES_PER_PIXEL, 1)
    photometric = tiff.number(first, Code.PHOTOMETRIC, GREY)
    if compression != JPEG:
        return f"its tiles have compression {compression} ({READABLE[compression]})"
    if set(tiff.numbers(first, Code.BITS_PER_SAMPLE, at_most=64)) - {8}:
        return "its samples are not of 8 bits"
    if tiff.number(first, Code.PLANAR, 1) != 1 and samples > 1:
        return "its colours are stored in separate planes"
    if (photometric, samples) not in {(RGB, 3), (YCBCR, 3), (GREY, 1)}:
        return f"its {samples} samples of photometric kind {photometric} are not what browsers show"
    return ""


def _levels(tiff: Tiff, tiled: list[Directory]) -> tuple[Level, ...]:
    """Read the levels, their tables last: by then it is known how large those may be."""
    directories = _pyramid(tiff, tiled)
    grids = [_grid(tiff, directory) for directory in directories]
    if any(above.width <= below.width for above, below in pairwise(grids)):
        raise DamagedSlide("the levels of the slide do not get smaller one by one")
    tiles = sum(level.columns * level.rows for level in grids)
    if len(grids) > MAX_LEVELS or tiles > MAX_TILES:
        raise DamagedSlide(
            f"the slide has {len(grids)} levels of {tiles} tiles in all; at most {MAX_LEVELS} and "
            f"{MAX_TILES} are read"
        )
    levels = tuple(map(partial(_with_tiles, tiff), directories, grids))
    _check_total(tiff, levels)
    for level in levels:
        _check_frame(tiff, level)
    return levels


def _pyramid(tiff: Tiff, tiled: list[Directory]) -> list[Directory]:
    """Return the directories of the levels, finest first."""
    first = tiled[0]
    candidates = [*tiled[1:], *tiff.sub_directories(first)]
    finest = _size(tiff, first)
    smaller = {
        _size(tiff, directory): directory
        for directory in candidates
        if Code.TILE_WIDTH in directory
        and _same_kind(tiff, first, directory)
        and _is_reduction(finest, _size(tiff, directory))
    }
    return [first, *(smaller[size] for size in sorted(smaller, reverse=True))]


def _same_kind(tiff: Tiff, first: Directory, other: Directory) -> bool:
    codes = (Code.COMPRESSION, Code.PHOTOMETRIC, Code.SAMPLES_PER_PIXEL)
    return all(tiff.number(first, code, 1) == tiff.number(other, code, 1) for code in codes)


def _is_reduction(finest: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether ``size`` is ``finest`` made smaller: the same shape but for rounding."""
    if size[0] >= finest[0] or size[1] > finest[1]:
        return False
    expected = finest[1] * size[0] / finest[0]
    return abs(size[1] - expected) <= max(2, expected / 50)


def _grid(tiff: Tiff, directory: Directory) -> Level:
    width, height = _size(tiff, directory)
    tile_width = _side(tiff.number(directory, Code.TILE_WIDTH, 0), "tile width")
    tile_height = _side(tiff.number(directory, Code.TILE_HEIGHT, 0), "tile height")
    if tile_width * tile_height > MAX_TILE_PX:
        raise UnsupportedSlide(
            f"its tiles are {tile_width} x {tile_height} px, at most {MAX_TILE_PX:,} px are shown; "
            "export the slide again with tiles of 256 x 256 px"
        )
    return Level(width, height, tile_width, tile_height)


def _with_tiles(tiff: Tiff, directory: Directory, level: Level) -> Level:
    count = level.columns * level.rows
    places = tiff.count(directory, Code.TILE_OFFSETS)
    sizes = tiff.count(directory, Code.TILE_LENGTHS)
    if places != count or sizes != count:
        raise DamagedSlide(
            f"a level of {level.width} x {level.height} px needs {count} tiles, the file lists "
            f"{places} places and {sizes} lengths"
        )
    offsets = tiff.numbers(directory, Code.TILE_OFFSETS)
    lengths = tiff.numbers(directory, Code.TILE_LENGTHS)
    _check_places(tiff, offsets, lengths)
    tables = tiff.raw(directory, Code.JPEG_TABLES, MAX_JPEG_TABLES)
    rgb = tiff.number(directory, Code.PHOTOMETRIC, GREY) == RGB
    stored = StoredTiles(jpeg.head(tables, rgb=rgb), array("Q", offsets), array("I", lengths))
    return replace(level, stored=stored)


def _check_places(tiff: Tiff, offsets: "array[int]", lengths: "array[int]") -> None:
    if min(offsets) < 0 or min(lengths) < 0:
        raise DamagedSlide("a tile claims to lie before the start of the file")
    if max(lengths) > MAX_TILE_BYTES:
        raise DamagedSlide(f"a tile claims {max(lengths)} bytes; at most {MAX_TILE_BYTES} are read")
    end = max(offset + length for offset, length in zip(offsets, lengths, strict=True))
    if end > tiff.size:
        raise DamagedSlide(
            f"a tile lies at bytes up to {end}, the file has {tiff.size}: it was cut off or is "
            "damaged; copy it again from the scanner"
        )


def _check_total(tiff: Tiff, levels: tuple[Level, ...]) -> None:
    """Refuse tiles that share their bytes, but for blank ones that some writers store once."""
    total = sum(sum(level.stored.lengths) for level in levels if level.stored)
    if total > 2 * tiff.size:
        raise DamagedSlide(
            f"the tiles claim {total} bytes, far more than the file has ({tiff.size}): many are "
            "said to lie at the same place"
        )


def _check_frame(tiff: Tiff, level: Level) -> None:
    """Trust the first tile's own header, not the tags, for what the tiles are."""
    stored = level.stored
    if stored is None or not any(stored.lengths):
        return
    number = next(number for number, length in enumerate(stored.lengths) if length)
    data = tiff.data(stored.offsets[number], stored.lengths[number])
    width, height, _ = jpeg.frame_size(jpeg.complete(stored.head, data))
    if (width, height) != (level.tile_width, level.tile_height):
        raise DamagedSlide(
            f"a tile is {width} x {height} px, its level has tiles of "
            f"{level.tile_width} x {level.tile_height} px"
        )


def _associated(tiff: Tiff, vendor: str | None) -> dict[str, Directory]:
    """Find label and macro by subfile type or description: newer scanners leave the type empty."""
    found: dict[str, Directory] = {}
    for directory in tiff.directories[1:]:
        if Code.STRIP_OFFSETS not in directory or vendor != "aperio":
            continue
        text = tiff.text(directory, Code.DESCRIPTION, _HEAD)
        kind = tiff.number(directory, Code.SUBFILE_TYPE, 0)
        words = text.partition("\n")[2].split(" ", 1)[0] if "\n" in text else text.split(" ", 1)[0]
        if kind == 9 or words == "macro":
            found.setdefault("macro", directory)
        elif kind == 1 or words == "label":
            found.setdefault("label", directory)
    return found


def _size(tiff: Tiff, directory: Directory) -> tuple[int, int]:
    width = _side(tiff.number(directory, Code.WIDTH, 0), "width")
    return width, _side(tiff.number(directory, Code.HEIGHT, 0), "height")


def _side(value: int, name: str) -> int:
    if not 0 < value <= MAX_SIDE:
        raise DamagedSlide(f"an image of the file claims a {name} of {value} px")
    return value
