"""What is known of an imported slide: enough to make each tile one ranged read.

A level's pixels lie in *chunks* (TIFF tiles and strips, DICOM frames, NDPI restart intervals), one
table of them per *plane* (one channel at one z and one t). Where a chunk is a JPEG stream that
browsers show, it is also the tile that is published: it is sent as it is stored.
"""

import hashlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from labsight.errors import NotFound
from labsight.slides.axes import NO_AXES, WHITE, Axes
from labsight.slides.view import FULL_WINDOW, View, default_view

# Raised when sidecars of older releases no longer tell what is needed: those are made anew.
FORMAT_VERSION = 2
MAX_TILES = 8 << 20  # of all levels and planes together
MAX_TILE_PX = 1 << 24  # 4096 x 4096 px, 64 MB decoded
# What no published tile has: sizes in between are published as the file has them.
MIN_TILE_SIDE, MAX_TILE_SIDE = 64, 4096
DEFAULT_TILE_SIDE = 512  # px, for files whose own grid cannot be published


@dataclass(frozen=True)
class SourceFile:
    """One of the files a slide's bytes lie in, in the version that was indexed; size in bytes."""

    key: str
    etag: str
    size: int


@dataclass(frozen=True)
class Coding:
    """How the bytes of a chunk become samples.

    ``kind``: jpeg, jpeg2000, lzw, deflate, packbits, zstd, none, or ndpi (restart intervals of one
    JPEG stream). ``samples`` per pixel, ``bits`` per sample (8 or 16). ``colour``: rgb, ycbcr,
    grey, or inverted (grey, 0 is white). ``order``: ``<`` or ``>``, of 16-bit samples.
    ``predictor``: 1 none, 2 horizontal differences (TIFF 6.0, section 14).
    """

    kind: str
    samples: int = 3
    bits: int = 8
    colour: str = "rgb"
    order: str = "<"
    predictor: int = 1

    @property
    def for_browsers(self) -> bool:
        """Whether a chunk with its head in front is a picture that any browser shows."""
        return self.kind == "jpeg" and self.bits == 8 and self.colour != "inverted"


@dataclass(frozen=True)
class Chunks:
    """Where the chunks of one plane of a level lie in a file, row by row.

    ``head`` goes in front of each JPEG chunk in place of its own SOI; for ndpi it is the level's
    JPEG header up to the scan's first byte. ``offsets`` (u64) and ``lengths`` (u32) are in bytes;
    length 0 is a chunk the scanner left out as blank. ``file`` is a number in SlideIndex.files.
    """

    head: bytes
    offsets: "array[int]"
    lengths: "array[int]"
    file: int = 0


@dataclass(frozen=True)
class Level:
    """One resolution, sizes in px: of the level, of a published tile, of a chunk in the file.

    Without ``coding`` and ``planes`` only OpenSlide can read the level. ``made`` says that labsight
    made it at import, because the file has nothing so small.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    coding: Coding | None = None
    chunk_width: int = 0
    chunk_height: int = 0
    planes: tuple[Chunks, ...] = field(default=(), repr=False)
    made: bool = False

    @cached_property
    def columns(self) -> int:
        """Published tiles in a row."""
        return -(-self.width // self.tile_width)

    @cached_property
    def rows(self) -> int:
        """Rows of published tiles."""
        return -(-self.height // self.tile_height)

    @cached_property
    def chunk_columns(self) -> int:
        """Chunks in a row."""
        return -(-self.width // self.chunk_width)

    @cached_property
    def chunk_rows(self) -> int:
        """Rows of chunks."""
        return -(-self.height // self.chunk_height)

    @cached_property
    def stored(self) -> bool:
        """Whether a published tile is a chunk that can be sent as it is."""
        own = (self.chunk_width, self.chunk_height) == (self.tile_width, self.tile_height)
        return self.coding is not None and self.coding.for_browsers and own

    def tile_size(self, column: int, row: int) -> tuple[int, int]:
        """Return the size of a tile that lies inside the level; raise NotFound outside."""
        if 0 <= column < self.columns - 1 and 0 <= row < self.rows - 1:
            return self.tile_width, self.tile_height
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            raise NotFound(
                f"tile {column}_{row}: this level has {self.columns} columns and {self.rows} rows"
            )
        width = min(self.tile_width, self.width - column * self.tile_width)
        return width, min(self.tile_height, self.height - row * self.tile_height)


@dataclass(frozen=True)
class Associated:
    """A picture kept beside the slide: thumbnail, label or macro; size in px.

    ``etag`` is the version of the kept picture, so that an index never shows that of another.
    """

    name: str
    width: int
    height: int
    etag: str | None = None


@dataclass(frozen=True, kw_only=True)
class SlideIndex:
    """Geometry, tables and scan data of one version of a slide.

    ``key``, ``etag`` and ``size`` are those of the object that was imported: the slide's file, or
    the ``unit.json`` of a slide of several. ``levels`` are finest first, with their real sizes.
    ``mpp`` is µm per px (x, y). ``icc`` is the ETag of the kept colour profile. ``identifying``
    says that the files may hold a label or macro, so none may be handed out whole. ``properties``
    holds only what an allow-list lets through: a scanner's free text may name a person. ``failure``
    stands in the index of a slide that was shown once and cannot be any more; it has no levels.
    """

    key: str
    etag: str
    size: int
    format: str
    files: tuple[SourceFile, ...]
    levels: tuple[Level, ...]
    axes: Axes = NO_AXES
    vendor: str | None = None
    mpp: tuple[float, float] | None = None
    magnification: float | None = None
    scanned_at: str | None = None
    image_id: str | None = None
    icc: str | None = None
    associated: tuple[Associated, ...] = ()
    identifying: bool = True
    properties: Mapping[str, str] = field(default_factory=dict)
    failure: str | None = None

    @cached_property
    def version(self) -> str:
        """Eight hex digits that change with the file or with how its tiles are made."""
        return version_of(self.etag)

    @cached_property
    def usual_view(self) -> View:
        """What is shown of the slide when nothing else is asked for."""
        return default_view(self.axes)

    @property
    def width(self) -> int:
        """Width of the finest level, px."""
        return self.levels[0].width

    @property
    def height(self) -> int:
        """Height of the finest level, px."""
        return self.levels[0].height

    @property
    def file_bound(self) -> bool:
        """Whether the slide's pixels can be had only through OpenSlide, from whole files."""
        return not self.levels[0].planes

    @property
    def may_be_handed_out(self) -> bool:
        """Whether others may read the slide's files whole, and can make use of them by range."""
        return not self.identifying and not self.file_bound

    @property
    def table_bytes(self) -> int:
        """Memory that the tables take, bytes."""
        return sum(12 * len(one.offsets) for level in self.levels for one in level.planes)

    def level(self, number: int) -> Level:
        """Return a level; raise NotFound."""
        if 0 <= number < len(self.levels):
            return self.levels[number]
        raise NotFound(f"level {number}: this slide has levels 0 to {len(self.levels) - 1}")

    def stored_plane(self, level: Level, view: View) -> int | None:
        """Return the plane whose chunks are a level's tiles in this view, as they are stored."""
        if not level.stored:
            return None
        if not self.axes.channels:
            return self.axes.plane(0, view.z, view.t)
        if len(view.channels) != 1:
            return None
        shown = view.channels[0]
        plain = shown.colour == WHITE and shown.window == FULL_WINDOW
        return self.axes.plane(shown.channel, view.z, view.t) if plain else None

    def downsample(self, number: int) -> float:
        """Return how many finest px one px of the level covers."""
        return self.width / self.levels[number].width


def version_of(etag: str) -> str:
    """Return the version that a slide file of this ETag has under this release."""
    return hashlib.sha256(f"{FORMAT_VERSION}:{etag}".encode()).hexdigest()[:8]
