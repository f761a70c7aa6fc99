"""Writes BigTIFF files of any length out of chunks that are compressed already.

Layout: https://www.loc.gov/preservation/digital/formats/fdd/fdd000328.shtml; all is little-endian.
"""

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
DESCRIPTION, STRIP_OFFSETS, SAMPLES, STRIP_ROWS, STRIP_LENGTHS = 270, 273, 277, 278, 279
PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT = 284, 317, 322, 323
TILE_OFFSETS, TILE_LENGTHS, JPEG_TABLES, SUBSAMPLING = 324, 325, 347, 530

Value = int | tuple[int, ...] | str | bytes

_ASCII, _SHORT, _LONG, _UNDEFINED, _LONG8 = 2, 3, 4, 7, 16  # field types
_LETTERS = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}


class TiffWriter:
    """A file in the making: the chunks of each page as they come, its directory behind them."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
        self._link = 8  # where the place of the next directory is written

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def page(self, tags: Mapping[int, Value], chunks: Iterable[bytes]) -> None:
        """Add an image; tiles when ``tags`` tell of a tile width, else strips."""
        offsets, lengths = [], []
        for chunk in chunks:
            offsets.append(self._append(chunk))
            lengths.append(len(chunk))
        tiled = TILE_WIDTH in tags
        places = (TILE_OFFSETS, TILE_LENGTHS) if tiled else (STRIP_OFFSETS, STRIP_LENGTHS)
        whole = {**tags, places[0]: tuple(offsets), places[1]: tuple(lengths)}
        entries = [self._entry(code, whole[code]) for code in sorted(whole)]
        start = self._append(struct.pack("<Q", len(entries)) + b"".join(entries) + bytes(8))
        self._file.seek(self._link)
        self._file.write(struct.pack("<Q", start))
        self._link = start + 8 + 20 * len(entries)

    def _entry(self, code: int, value: Value) -> bytes:
        kind, count, data = _field(code, value)
        if len(data) > 8:
            data = struct.pack("<Q", self._append(data))
        return struct.pack("<HHQ8s", code, kind, count, data)

    def _append(self, data: bytes) -> int:
        """Write at the end, on a word boundary as TIFF asks; return where."""
        end = self._file.seek(0, 2)
        self._file.write(bytes(end % 2) + data)
        return end + end % 2


def _field(code: int, value: Value) -> tuple[int, int, bytes]:
    """Return type, count and bytes of a value."""
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return _ASCII, len(text), text
    if isinstance(value, bytes):
        return _UNDEFINED, len(value), value
    numbers = (value,) if isinstance(value, int) else value
    kind = _SHORT if max(numbers) < 1 << 16 else _LONG
    if code in {TILE_OFFSETS, STRIP_OFFSETS}:
        kind = _LONG8
    return kind, len(numbers), struct.pack(f"<{len(numbers)}{_LETTERS[kind]}", *numbers)
