"""Writes and reads the sidecar, the small object that keeps a slide's index.

Little-endian: 7 bytes magic, u8 version, u32 length of the header, header (JSON), tables (zlib: for
each plane of each level the gaps between neighbouring chunks as i64, then the lengths as u32), u32
CRC-32 of all before it. Header, key, ETag and pictures stay readable in every version, so that an
old or damaged sidecar still tells which slide it was of, and what was kept of it.
"""

import base64
import json
import struct
import sys
import zlib
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, fields, replace
from itertools import accumulate
from typing import Any

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.axes import Axes, Channel
from labsight.slides.index import (
    FORMAT_VERSION,
    MAX_TILES,
    Associated,
    Chunks,
    Coding,
    Level,
    SlideIndex,
    SourceFile,
)

MAGIC = b"LSINDEX"
MAX_TABLE_BYTES = 12 * MAX_TILES
MAX_PLANES = 1 << 16  # of all levels together
_EDGE = 8 + 4 + 4  # magic, version, header length, CRC
# What reading a header or tables can raise that are not as they were written.
_FAULTS = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
    struct.error, zlib.error,
)  # fmt: skip


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
    tables = b"".join(_pack(chunks) for level in index.levels for chunks in level.planes)
    body = MAGIC + struct.pack("<BI", FORMAT_VERSION, len(text)) + text + zlib.compress(tables, 6)
    return body + struct.pack("<I", zlib.crc32(body))


def from_bytes(data: bytes) -> SlideIndex:
    """Read a sidecar; raise DamagedSlide when it is of another version or damaged.

    Fields of the header that this release does not know are passed over.
    """
    edge = MAGIC + bytes([FORMAT_VERSION])
    if len(data) >= _EDGE and data[:8] == edge and _crc(data) == zlib.crc32(data[:-4]):
        with suppress(*_FAULTS):
            return _parse(data)
    raise DamagedSlide("the slide's tile index is damaged or of another version: import it again")


def key_of(data: bytes) -> str | None:
    """Return the key of the slide that a sidecar of any version, even a damaged one, was of."""
    key = _left_of(data).get("key")
    return key if isinstance(key, str) else None


def kept_of(data: bytes) -> tuple[str, dict[str, str]] | None:
    """Return the ETag of the file it was of, and those of the pictures kept beside it, by name."""
    header = _left_of(data)
    with suppress(*_FAULTS):
        etag, pictures = header["etag"], {one["name"]: one["etag"] for one in header["associated"]}
        if all(isinstance(one, str) for one in (etag, *pictures, *pictures.values())):
            return etag, pictures
    return None


def _left_of(data: bytes) -> dict[str, Any]:
    """Return what can be read of the header of a sidecar of any version, even a damaged one."""
    if data[:7] == MAGIC:
        with suppress(*_FAULTS):
            (length,) = struct.unpack_from("<I", data, 8)
            header = json.loads(data[12 : 12 + length])
            return header if isinstance(header, dict) else {}
    return {}


def _parse(data: bytes) -> SlideIndex:
    (length,) = struct.unpack_from("<I", data, 8)
    header: dict[str, Any] = json.loads(data[12 : 12 + length])
    tables = _inflate(data[12 + length : -4])
    header["files"] = tuple(SourceFile(**_known(SourceFile, one)) for one in header["files"])
    header["axes"] = _axes(header["axes"])
    header["levels"] = tuple(_levels(header["levels"], tables))
    if not header["levels"] and not header.get("failure"):
        raise ValueError("the slide has no level")
    _check(header)
    if header.get("mpp"):
        x, y = header["mpp"]
        header["mpp"] = (x, y)
    images = header.get("associated", ())
    header["associated"] = tuple(Associated(**_known(Associated, image)) for image in images)
    return SlideIndex(**_known(SlideIndex, header))


def _check(header: dict[str, Any]) -> None:
    """Refuse tables that do not fit the axes and files; who reads them need not look again."""
    planes = {len(level.planes) for level in header["levels"]} - {0}
    files = {chunks.file for level in header["levels"] for chunks in level.planes}
    if planes - {header["axes"].planes} or not files <= set(range(len(header["files"]))):
        raise ValueError("the tables do not fit the axes or files")


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    return {one.name: values[one.name] for one in fields(kind) if one.name in values}


def _axes(header: dict[str, Any]) -> Axes:
    channels = tuple(
        Channel(one["name"], one["colour"], (one["window"][0], one["window"][1]))
        for one in header["channels"]
    )
    axes = Axes(**{**_known(Axes, header), "channels": channels})
    if not 0 < axes.planes <= MAX_PLANES:
        raise ValueError("the axes make no sense")
    return axes


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    tables = unpacker.decompress(packed, MAX_TABLE_BYTES + 1)
    if not unpacker.eof or len(tables) > MAX_TABLE_BYTES:
        raise ValueError("the tables are cut off or too large")
    return tables


def _level_header(level: Level) -> dict[str, Any]:
    """Write a level; planes with the same head share it, as those of one file mostly do."""
    heads = list(dict.fromkeys(chunks.head for chunks in level.planes))
    return {
        "size": [level.width, level.height, level.tile_width, level.tile_height],
        "chunk": [level.chunk_width, level.chunk_height],
        "coding": asdict(level.coding) if level.coding else None,
        "heads": [base64.b64encode(head).decode() for head in heads],
        "planes": [[heads.index(chunks.head), chunks.file] for chunks in level.planes],
        "made": level.made,
    }


def _levels(headers: list[dict[str, Any]], tables: bytes) -> Iterator[Level]:
    at = 0
    for header in headers:
        coding = Coding(**_known(Coding, header["coding"])) if header["coding"] else None
        width, height, tile_width, tile_height = header["size"]
        chunk_width, chunk_height = header["chunk"]
        level = Level(
            width,
            height,
            tile_width,
            tile_height,
            coding,
            chunk_width,
            chunk_height,
            made=header["made"],
        )
        if min(header["size"]) < 1 or (header["planes"] and min(header["chunk"]) < 1):
            raise ValueError("a level has no size")
        heads = [base64.b64decode(head, validate=True) for head in header["heads"]]
        planes = []
        for head, file in header["planes"]:
            count = level.chunk_columns * level.chunk_rows
            planes.append(_unpack(heads[head], file, tables, at, count))
            at += 12 * count
        yield replace(level, planes=tuple(planes))
    if at != len(tables):
        raise ValueError("the tables are not those of the levels")


def _pack(chunks: Chunks) -> bytes:
    """Chunks mostly lie one behind the other, so the gaps compress to almost nothing."""
    gaps, expected = array("q"), 0
    for offset, length in zip(chunks.offsets, chunks.lengths, strict=True):
        gaps.append(offset - expected)
        expected = offset + length
    return _little(gaps) + _little(array("I", chunks.lengths))


def _unpack(head: bytes, file: int, tables: bytes, at: int, count: int) -> Chunks:
    gaps, lengths = array("q"), array("I")
    gaps.frombytes(tables[at : at + 8 * count])
    lengths.frombytes(tables[at + 8 * count : at + 12 * count])
    if sys.byteorder == "big":
        gaps.byteswap()
        lengths.byteswap()
    ends = accumulate(gap + length for gap, length in zip(gaps, lengths, strict=True))
    offsets = array("Q", (end - length for end, length in zip(ends, lengths, strict=True)))
    return Chunks(head, offsets, lengths, file)


def _little(values: "array[int]") -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _crc(data: bytes) -> int:
    return int.from_bytes(data[-4:], "little")
