"""TIFF files that no scanner in particular wrote: the first image and its reductions."""

from collections.abc import Iterable

from labsight.slides.formats import channels
from labsight.slides.formats.metadata import ScanData, resolution
from labsight.slides.formats.pyramid import MAX_ICC, LeftToOpenSlide, is_reduction
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.grid import Size, Source, grid_of, size_of
from labsight.slides.formats.tiff.leftovers import holds_only
from labsight.slides.formats.tiff.levels import build
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.index import Chunks, Level

_EMPTY = 2  # bytes of a text that says nothing: NUL, and what it is padded with
_REDUCED = 1  # NewSubfileType, bit 0


def scan_data(tiff: Tiff, directory: Directory) -> ScanData:
    """Read what the resolution tags of a directory tell."""
    return ScanData(
        mpp=resolution(
            tiff.ratio(directory, Code.X_RESOLUTION),
            tiff.ratio(directory, Code.Y_RESOLUTION),
            tiff.number(directory, Code.RESOLUTION_UNIT, 2),
        )
    )


def read_generic(tiff: Tiff, scan: ScanData) -> Structure:
    """Return the first image of a file and the smaller copies of it that follow."""
    directories = pyramid(tiff)
    grid = grid_of(tiff, directories[0])
    levels = build([planes_of(tiff, one, grid.apart) for one in directories])
    # A description that nobody understands may name a patient as well as anything else.
    plain = holds_only(tiff, directories, tables_of(levels), description_bytes=_EMPTY)
    return Structure(
        scan=scan,
        levels=levels,
        axes=channels.plain(grid.coding, grid.apart),
        icc=icc_of(tiff, directories[0]),
        identifying=not plain,
    )


def tables_of(levels: Iterable[Level]) -> list[Chunks]:
    """Return the tables of all planes of all levels."""
    return [chunks for level in levels for chunks in level.planes]


def planes_of(tiff: Tiff, directory: Directory, apart: int) -> list[Source]:
    """Return the planes of a directory: one, or one for each sample stored apart."""
    return [Source(tiff, directory, sample=sample) for sample in range(apart)]


def pyramid(tiff: Tiff) -> list[Directory]:
    """Return the directories of the levels, finest first; raise LeftToOpenSlide.

    Tiled levels need no mark, because scanners leave it out (Aperio); a stripped image is a level
    only when it says that it is a reduction, for it may as well be a picture of the label.
    """
    first = tiff.directories[0]
    tiled = Code.TILE_WIDTH in first
    others = tiff.directories[1:]
    if not tiled and any(Code.TILE_WIDTH in one for one in others):
        raise LeftToOpenSlide("its first image is not tiled, while later ones are")
    finest = size_of(tiff, first)
    smaller: dict[Size, Directory] = {}
    for one in (*others, *tiff.sub_directories(first)):
        if _is_level(tiff, one, tiled=tiled) and _same_kind(tiff, first, one):
            size = size_of(tiff, one)
            if is_reduction(finest, size):
                smaller.setdefault(size, one)
    return [first, *(smaller[size] for size in sorted(smaller, reverse=True))]


def _is_level(tiff: Tiff, directory: Directory, *, tiled: bool) -> bool:
    if tiled:
        return Code.TILE_WIDTH in directory
    return bool(tiff.number(directory, Code.SUBFILE_TYPE, 0) & _REDUCED)


def _same_kind(tiff: Tiff, first: Directory, other: Directory) -> bool:
    codes = (Code.COMPRESSION, Code.PHOTOMETRIC, Code.SAMPLES_PER_PIXEL, Code.PLANAR)
    same = all(tiff.number(first, code, 1) == tiff.number(other, code, 1) for code in codes)
    return same and set(tiff.numbers(first, Code.BITS_PER_SAMPLE, 64)) == set(
        tiff.numbers(other, Code.BITS_PER_SAMPLE, 64)
    )


def icc_of(tiff: Tiff, directory: Directory) -> bytes:
    """Return the colour profile of an image, nothing where there is none that makes sense.

    A profile tells its own length first and has ``acsp`` at byte 36 (ICC.1:2022, section 7.2).
    """
    if not 128 <= tiff.count(directory, Code.ICC_PROFILE) <= MAX_ICC:
        return b""
    profile = tiff.raw(directory, Code.ICC_PROFILE, MAX_ICC)
    return profile if profile[36:40] == b"acsp" else b""
