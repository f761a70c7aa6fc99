"""What is known of an imported slide: a small object that makes each tile one ranged read.

Sidecar format, version 1, little-endian: 8 bytes magic, u32 length of the header, header (JSON),
tile tables (zlib: per stored level the gaps between neighbouring tiles as i64, then the lengths as
u32), u32 CRC-32 of all before it.
"""

import base64
import hashlib
import json
import struct
import sys
import zlib
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

from labsight.errors import DamagedSlide, NotFound, UnsupportedSlide

MAGIC = b"LSINDEX\x01"
MAX_TILES = 8 << 20  # of all levels together
MAX_TABLE_BYTES = 12 * MAX_TILES
MAX_TILE_PX = 1 << 24  # 4096 x 4096 px, 50 MB decoded
_EDGE = 8 + 4 + 4  # magic, header length, CRC
# What reading a header or tables can raise that are not as they were written.
_FAULTS = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
    struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class StoredTiles:
    """Where a level's JPEG tiles lie in the file, row by row, and what goes in front of each.

    ``offsets`` (u64) and ``lengths`` (u32) are in bytes; length 0 is a tile the scanner left out as
    blank.
    """

    head: bytes
    offsets: "array[int]"
    lengths: "array[int]"


@dataclass(frozen=True)
class Level:
    """One resolution that the file really holds, sizes in px; to be decoded without ``stored``."""

    width: int
    height: int
    tile_width: int
    tile_height: int
    stored: StoredTiles | None = field(default=None, repr=False)

    @cached_property
    def columns(self) -> int:
        """Tiles in a row."""
        return -(-self.width // self.tile_width)

    @cached_property
    def rows(self) -> int:
        """Rows of tiles."""
        return -(-self.height // self.tile_height)

    def tile_size(self, column: int, row: int) -> tuple[int, int]:
        """Return the size of a tile that lies inside the level; raise NotFound outside."""
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            raise NotFound(
                f"tile {column}_{row}: this level has {self.columns} columns and {self.rows} rows"
            )
        if column < self.columns - 1 and row < self.rows - 1:
            return self.tile_width, self.tile_height
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
    """Geometry, tile tables and scan data of one version of a slide file.

    ``levels`` are finest first, with their real sizes. ``mpp`` is µm per px (x, y). ``properties``
    holds only what an allow-list lets through: a scanner's free text may name a person. ``failure``
    stands in the index of a slide that was shown once and cannot be any more; it has no levels.
    """

    key: str
    etag: str
    size: int
    format: str
    levels: tuple[Level, ...]
    vendor: str | None = None
    mpp: tuple[float, float] | None = None
    magnification: float | None = None
    scanned_at: str | None = None
    image_id: str | None = None
    icc_profile: bool = False
    associated: tuple[Associated, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    failure: str | None = None

    @cached_property
    def version(self) -> str:
        """Eight hex digits that change with the file or with how its tiles are made."""
        return version_of(self.etag)

    @property
    def width(self) -> int:
        """Width of the finest level, px."""
        return self.levels[0].width

    @property
    def height(self) -> int:
        """Height of the finest level, px."""
        return self.levels[0].height

    @property
    def stored(self) -> bool:
        """Whether tiles can be served as they are stored."""
        return any(level.stored is not None for level in self.levels)

    @property
    def table_bytes(self) -> int:
        """Memory that the tile tables take, bytes."""
        return sum(12 * len(level.stored.offsets) for level in self.levels if level.stored)

    def level(self, number: int) -> Level:
        """Return a level; raise NotFound."""
        if 0 <= number < len(self.levels):
            return self.levels[number]
        raise NotFound(f"level {number}: this slide has levels 0 to {len(self.levels) - 1}")

    def downsample(self, number: int) -> float:
        """Return how many finest px one px of the level covers."""
        return self.width / self.levels[number].width


def version_of(etag: str) -> str:
    """Return the version that a slide file of this ETag has under this release."""
    return hashlib.sha256(MAGIC + etag.encode()).hexdigest()[:8]


def to_bytes(index: SlideIndex) -> bytes:
    """Write the sidecar; raise UnsupportedSlide when it would be too large to read."""
    if index.table_bytes > MAX_TABLE_BYTES:
        raise UnsupportedSlide(
            f"it has {index.table_bytes // 12:,} tiles, at most {MAX_TABLE_BYTES // 12:,} are "
            "shown; export it again with larger tiles"
        )
    header = asdict(replace(index, levels=()))
    header["properties"] = dict(index.properties)
    header["levels"] = [_level_header(level) for level in index.levels]
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    tables = b"".join(_pack(level.stored) for level in index.levels if level.stored)
    body = MAGIC + struct.pack("<I", len(text)) + text + zlib.compress(tables, 6)
    return body + struct.pack("<I", zlib.crc32(body))


def from_bytes(data: bytes) -> SlideIndex:
    """Read a sidecar; raise DamagedSlide when it is of another version or damaged.

    Fields of the header that this release does not know are passed over.
    """
    if len(data) >= _EDGE and data[:8] == MAGIC and _crc(data) == zlib.crc32(data[:-4]):
        with suppress(*_FAULTS):
            return _parse(data)
    raise DamagedSlide("the slide's tile index is damaged or of another version: import it again")


def _parse(data: bytes) -> SlideIndex:
    (length,) = struct.unpack_from("<I", data, 8)
    header: dict[str, Any] = json.loads(data[12 : 12 + length])
    tables = _inflate(data[12 + length : -4])
    header["levels"] = tuple(_levels(header["levels"], tables))
    if not header["levels"] and not header.get("failure"):
        raise ValueError("the slide has no level")
    if header.get("mpp"):
        x, y = header["mpp"]
        header["mpp"] = (x, y)
    images = header.get("associated", ())
    header["associated"] = tuple(Associated(**_known(Associated, image)) for image in images)
    return SlideIndex(**_known(SlideIndex, header))


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    return {one.name: values[one.name] for one in fields(kind) if one.name in values}


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    tables = unpacker.decompress(packed, MAX_TABLE_BYTES + 1)
    if not unpacker.eof or len(tables) > MAX_TABLE_BYTES:
        raise ValueError("the tile tables are cut off or too large")
    return tables


def _level_header(level: Level) -> dict[str, Any]:
    sizes = [level.width, level.height, level.tile_width, level.tile_height]
    head = base64.b64encode(level.stored.head).decode() if level.stored else None
    return {"size": sizes, "head": head}


def _levels(headers: list[dict[str, Any]], tables: bytes) -> Iterator[Level]:
    at = 0
    for header in headers:
        level = Level(*header["size"])
        if min(header["size"]) < 1:
            raise ValueError("a level has no size")
        if header["head"] is not None:
            count = level.columns * level.rows
            head = base64.b64decode(header["head"], validate=True)
            level = replace(level, stored=_unpack(head, tables, at, count))
            at += 12 * count
        yield level
    if at != len(tables):
        raise ValueError("the tile tables are not those of the levels")


def _pack(stored: StoredTiles) -> bytes:
    """Tiles mostly lie one behind the other, so the gaps compress to almost nothing."""
    gaps, expected = array("q"), 0
    for offset, length in zip(stored.offsets, stored.lengths, strict=True):
        gaps.append(offset - expected)
        expected = offset + length
    return _little(gaps) + _little(array("I", stored.lengths))


def _unpack(head: bytes, tables: bytes, at: int, count: int) -> StoredTiles:
    gaps, lengths = array("q"), array("I")
    gaps.frombytes(tables[at : at + 8 * count])
    lengths.frombytes(tables[at + 8 * count : at + 12 * count])
    if sys.byteorder == "big":
        gaps.byteswap()
        lengths.byteswap()
    ends = accumulate(gap + length for gap, length in zip(gaps, lengths, strict=True))
    offsets = array("Q", (end - length for end, length in zip(ends, lengths, strict=True)))
    return StoredTiles(head, offsets, lengths)


def _little(values: "array[int]") -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _crc(data: bytes) -> int:
    return int.from_bytes(data[-4:], "little")
