"""One file of a DICOM slide: which picture it holds, how it is coded and where its frames lie."""

from dataclasses import dataclass

from labsight.errors import DamagedSlide
from labsight.slides.formats.dicom import coding as codings
from labsight.slides.formats.dicom.elements import Part10
from labsight.slides.formats.dicom.frames import Frames, find_frames
from labsight.slides.formats.dicom.paths import OpticalPath, optical_paths
from labsight.slides.formats.dicom.positions import Positions, read_positions
from labsight.slides.formats.dicom.tags import WHOLE_SLIDE, Tag
from labsight.slides.formats.dicom.values import Elements
from labsight.slides.formats.pyramid import LeftToOpenSlide
from labsight.slides.formats.tiff.container import MAX_SIDE
from labsight.slides.index import MAX_TILE_PX, Coding
from labsight.slides.ranges import Bytes

# Of one file, so that its tables stay far below 100 MB; the largest scans have a tenth of it.
MAX_FRAMES, MAX_PLACES = 1 << 21, 1 << 22
# Value 3 of Image Type (PS3.3, C.8.12.4.1.1)
VOLUME, THUMBNAIL = "VOLUME", "THUMBNAIL"
LABEL, OVERVIEW = "LABEL", "OVERVIEW"
_SHOWN = frozenset({VOLUME, THUMBNAIL, LABEL, OVERVIEW})


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Size of a picture and of its frames, px."""

    width: int
    height: int
    chunk_width: int
    chunk_height: int

    @property
    def columns(self) -> int:
        """Frames in a row."""
        return -(-self.width // self.chunk_width)

    @property
    def count(self) -> int:
        """Frames of one plane."""
        return self.columns * -(-self.height // self.chunk_height)


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """How the frames of a file are coded, where they lie, and where they stand if they tell."""

    coding: Coding
    frames: Frames
    positions: Positions | None


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A file of the slide, by its number. ``reason`` says why it has no ``pixels``."""

    file: int
    data: Bytes
    found: Elements
    flavour: str
    grid: Grid
    paths: list[OpticalPath]
    pixels: Pixels | None = None
    reason: str = ""

    def text(self, tag: Tag) -> str:
        """Return the first value of a text attribute."""
        return self.found.text(tag)

    @property
    def shared_path(self) -> str:
        """The identifier of the optical path of all frames, empty when they have several."""
        shared = self.found.item(Tag.SHARED_GROUPS, Tag.OPTICAL_PATH_IDENTIFICATION_SEQUENCE)
        return shared.text(Tag.OPTICAL_PATH_IDENTIFIER)

    @property
    def z(self) -> float:
        """Where the lowest focal plane lies, µm above the glass."""
        for above in (
            self.found.item(Tag.SHARED_GROUPS, Tag.PLANE_POSITION_SEQUENCE),
            self.found.item(Tag.TOTAL_ORIGIN_SEQUENCE),
        ):
            told = above.decimals(Tag.Z_OFFSET)
            if told:
                return told[0]
        return 0.0

    @property
    def z_step(self) -> float | None:
        """µm between focal planes, None when the file does not tell."""
        measures = self.found.item(Tag.SHARED_GROUPS, Tag.PIXEL_MEASURES_SEQUENCE)
        told = measures.decimals(Tag.SPACING_BETWEEN_SLICES)  # mm
        return told[0] * 1000 if told and told[0] > 0 else None


def read_instance(file: int, data: Bytes) -> Instance | None:
    """Read one file by range; None when it is no whole slide image.

    Raises NotASlide, DamagedSlide and UnsupportedSlide.
    """
    part = Part10(data)
    part.read_until(Tag.PER_FRAME_GROUPS)
    found = part.found
    if found.text(Tag.SOP_CLASS_UID) != WHOLE_SLIDE:
        return None
    flavour = [*found.texts(Tag.IMAGE_TYPE), "", "", ""][2]
    paths = optical_paths(found)
    if flavour not in _SHOWN:
        nothing = Grid(width=1, height=1, chunk_width=1, chunk_height=1)
        return Instance(
            file=file, data=data, found=found, flavour=flavour, grid=nothing, paths=paths
        )
    grid, pixels, reason = _grid(found), None, ""
    try:
        pixels = _pixels(part, grid)
    except LeftToOpenSlide as left:
        reason = str(left)
    return Instance(
        file=file,
        data=data,
        found=found,
        flavour=flavour,
        grid=grid,
        paths=paths,
        pixels=pixels,
        reason=reason,
    )


def _grid(found: Elements) -> Grid:
    """Return the sizes; a picture of one frame need not tell its own apart from the frame's."""
    chunk_width, chunk_height = found.number(Tag.COLUMNS), found.number(Tag.ROWS)
    grid = Grid(
        width=found.number(Tag.TOTAL_COLUMNS, chunk_width),
        height=found.number(Tag.TOTAL_ROWS, chunk_height),
        chunk_width=chunk_width,
        chunk_height=chunk_height,
    )
    sides = (grid.width, grid.height, chunk_width, chunk_height)
    if not all(0 < side <= MAX_SIDE for side in sides):
        raise DamagedSlide(
            f"the DICOM file claims a picture of {grid.width} x {grid.height} px in frames of "
            f"{chunk_width} x {chunk_height} px"
        )
    return grid


def _pixels(part: Part10, grid: Grid) -> Pixels:
    """Find the frames of a file that was read up to the groups of its frames."""
    found = part.found
    coding = codings.coding_of(part.syntax, found)
    if grid.chunk_width * grid.chunk_height > MAX_TILE_PX:
        raise LeftToOpenSlide(
            f"its frames are {grid.chunk_width} x {grid.chunk_height} px, at most {MAX_TILE_PX:,} "
            "px are shown"
        )
    frames = found.count(Tag.NUMBER_OF_FRAMES, 1)
    if not 0 < frames <= min(MAX_FRAMES, part.source.size) or grid.count > MAX_PLACES:
        raise DamagedSlide(
            f"the DICOM file claims {frames:,} frames for {grid.count:,} places; at most "
            f"{MAX_FRAMES:,} and {MAX_PLACES:,} are read"
        )
    part.allow(frames)
    positions = read_positions(part, frames) if _is_sparse(found, grid, frames) else None
    part.read_until(Tag.PIXEL_DATA + 1)
    length = codings.frame_bytes(coding, grid.chunk_width, grid.chunk_height)
    places = find_frames(part, frames, length)
    first = next((number for number, one in enumerate(places.lengths) if one), None)
    if first is not None:
        size = codings.stream_head(places.lengths[first])
        stream = part.source.aside(places.offsets[first], size)
        coding = codings.check_frame(coding, stream, grid.chunk_width, grid.chunk_height)
    return Pixels(coding=coding, frames=places, positions=positions)


def _is_sparse(found: Elements, grid: Grid, frames: int) -> bool:
    """Whether each frame has to tell its place; older files do, and name no organization."""
    kind = found.text(Tag.DIMENSION_ORGANIZATION_TYPE)
    return kind != "TILED_FULL" and (kind == "TILED_SPARSE" or (grid.count, frames) != (1, 1))
