"""A TIFF writer that lays out bytes as slide scanners do.

General writers refuse what scanners really store: private compression codes, tiles of no bytes,
tags that contradict the compressed stream. This one writes whatever compressed chunks it is given,
each page's data first and its directory behind it. Nothing in the file depends on the day or the
machine.
"""

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# TIFF 6.0, section 2, and BigTIFF: field type -> letter for struct
ASCII, SHORT, LONG, UNDEFINED, LONG8 = 2, 3, 4, 7, 16
_STRUCT = {SHORT: "H", LONG: "I", LONG8: "Q"}

SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
DESCRIPTION, STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 270, 273, 277, 278, 279
PLANAR, SOFTWARE, PREDICTOR, TILE_WIDTH, TILE_HEIGHT = 284, 305, 317, 322, 323
TILE_OFFSETS, TILE_BYTES, SUB_IFDS, JPEG_TABLES, SUBSAMPLING = 324, 325, 330, 347, 530
IMAGE_DEPTH = 32997  # private tag that every page of an Aperio file carries

Value = int | tuple[int, ...] | bytes | str

_TYPES = {
    SUBFILE_TYPE: LONG,
    DESCRIPTION: ASCII,
    SOFTWARE: ASCII,
    JPEG_TABLES: UNDEFINED,
    IMAGE_DEPTH: LONG,
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """One image: its compressed tiles or strips, and its tags but those that say where these lie.

    A chunk of no bytes is written as offset 0, count 0: the scanner found nothing there.
    """

    tags: Mapping[int, Value]
    chunks: Sequence[bytes]
    reduced: Sequence["Page"] = field(default=())

    @property
    def tiled(self) -> bool:
        """Whether the chunks are tiles, by the tag that says so."""
        return TILE_WIDTH in self.tags


def write_tiff(path: Path, pages: Sequence[Page], *, bigtiff: bool = False) -> None:
    """Write the pages as one little-endian TIFF; ``reduced`` pages become SubIFDs of theirs."""
    layout = _Layout(bigtiff=bigtiff)
    for page in pages:
        layout.chain(page)
    path.write_bytes(layout.finish())


class _Layout:
    """The file so far, and where the next link of the directory chain has to go."""

    def __init__(self, *, bigtiff: bool) -> None:
        self._big = bigtiff
        self._out = io.BytesIO()
        self._word = "Q" if bigtiff else "I"
        self._out.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if bigtiff else b"II*\0\0\0\0\0")
        self._link = 8 if bigtiff else 4
        self._out.write(bytes(-self._out.tell() % 16))

    def chain(self, page: Page) -> None:
        start, link = self._directory(page)
        self._patch(self._link, start)
        self._link = link

    def finish(self) -> bytes:
        return self._out.getvalue()

    def _patch(self, where: int, value: int) -> None:
        self._out.seek(where)
        self._out.write(struct.pack(f"<{self._word}", value))
        self._out.seek(0, io.SEEK_END)

    def _directory(self, page: Page) -> tuple[int, int]:
        """Write a page; return where its directory starts and where its next-link is."""
        offsets = tuple(self._append(chunk) if chunk else 0 for chunk in page.chunks)
        counts = tuple(len(chunk) for chunk in page.chunks)
        places = (TILE_OFFSETS, TILE_BYTES) if page.tiled else (STRIP_OFFSETS, STRIP_BYTES)
        tags: dict[int, Value] = {**page.tags, places[0]: offsets, places[1]: counts}
        if page.reduced:
            tags[SUB_IFDS] = tuple(self._directory(reduced)[0] for reduced in page.reduced)
        entries = b"".join(self._entry(code, tags[code]) for code in sorted(tags))
        count = struct.pack("<Q" if self._big else "<H", len(tags))
        start = self._append(count + entries + struct.pack(f"<{self._word}", 0))
        return start, start + len(count) + len(entries)

    def _entry(self, code: int, value: Value) -> bytes:
        kind, count, data = self._encode(code, value)
        inline = 8 if self._big else 4
        if len(data) > inline:
            data = struct.pack(f"<{self._word}", self._append(data))
        return struct.pack(f"<HH{self._word}", code, kind, count) + data.ljust(inline, b"\0")

    def _encode(self, code: int, value: Value) -> tuple[int, int, bytes]:
        if isinstance(value, str):
            value = value.encode() + b"\0"
        if isinstance(value, bytes):
            return _TYPES[code], len(value), value
        numbers = (value,) if isinstance(value, int) else value
        kind = _TYPES.get(code, SHORT)
        if code in {STRIP_OFFSETS, TILE_OFFSETS, SUB_IFDS}:
            kind = LONG8 if self._big else LONG
        elif code in {STRIP_BYTES, TILE_BYTES} or max(numbers) > 0xFFFF:
            kind = LONG
        return kind, len(numbers), struct.pack(f"<{len(numbers)}{_STRUCT[kind]}", *numbers)

    def _append(self, data: bytes) -> int:
        """Write data on a word boundary, as TIFF asks; return where."""
        self._out.write(bytes(self._out.tell() % 2))
        start = self._out.tell()
        self._out.write(data)
        return start
