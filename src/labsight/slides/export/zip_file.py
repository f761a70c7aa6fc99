"""An export as one ZIP file without compression: JPEG does not get smaller.

Layout: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory),
4.3.14 to 4.3.16 (its end, with ZIP64), 4.5.3 (ZIP64 extra field).
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from labsight.slides.export.journal import Entry, Journal
from labsight.slides.export.part_file import PartFile
from labsight.slides.export.plan import Batch, Layer

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")
_UTF8 = 0x800  # of the general flags: names are UTF-8
_DATE = (1 << 5) | 1  # 1 January 1980, so that the same slide gives the same file
_VERSION, _VERSION64 = 20, 45
_UNIX = 3 << 8  # made by
_MODE = 0o100644 << 16
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_BUFFERED = 1 << 20  # bytes of the directory that are written together


class ZipSink:
    """Entries of a ZIP file, one behind the other; its directory is written at the end."""

    def __init__(self, final: Path, journal: Journal, layers: Sequence[Layer]) -> None:
        self._journal = journal
        self._layers = layers
        end = max((self._data(one) + one[3] for one in journal.entries()), default=0)
        self._file = PartFile(final, journal, end)

    def has(self, layer: int, number: int) -> bool:
        """Whether an entry is written."""
        return self._journal.has(layer, number)

    def put(self, batch: Batch) -> int:
        """Write entries."""
        parts: list[bytes] = []
        entries: list[Entry] = []
        at = self._file.end
        layer = self._layers[batch.layer]
        for number, data in batch.tiles:
            name = layer.path(number).encode()
            crc, size = zlib.crc32(data), len(data)
            parts += (_local(name, crc, size), name, data)
            entries.append((batch.layer, number, at, size, crc))
            at += _LOCAL.size + len(name) + size
        self._file.append(b"".join(parts))
        self._journal.add(entries)
        return sum(entry[3] for entry in entries)

    def read(self, layer: int, number: int) -> bytes:
        """Return an entry's content."""
        entry = self._journal.entry(layer, number)
        return self._file.read(self._data(entry), entry[3])

    def finish(self) -> None:
        """Write the directory and give the file its name."""
        start, count = self._file.end, 0
        buffer: list[bytes] = []
        size = 0
        for one in self._directory():
            buffer.append(one)
            size, count = size + len(one), count + 1
            if size >= _BUFFERED:
                self._file.append(b"".join(buffer))
                buffer, size = [], 0
        self._file.append(b"".join(buffer))
        self._file.append(_ending(count, start, self._file.end))
        self._file.finish()
        self._journal.remove()

    def close(self) -> None:
        """Let go of the file and the journal."""
        self._file.close()
        self._journal.close()

    def _name(self, entry: Entry) -> bytes:
        return self._layers[entry[0]].path(entry[1]).encode()

    def _data(self, entry: Entry) -> int:
        """Return where an entry's content begins."""
        return entry[2] + _LOCAL.size + len(self._name(entry))

    def _directory(self) -> Iterator[bytes]:
        for entry in self._journal.entries():
            _, _, offset, size, crc = entry
            name = self._name(entry)
            large = offset >= _FULL32
            extra = struct.pack("<2HQ", 1, 8, offset) if large else b""
            version = _VERSION64 if large else _VERSION
            header = _CENTRAL.pack(
                b"PK\1\2", _UNIX | version, version, _UTF8, 0, 0, _DATE, crc, size, size,
                len(name), len(extra), 0, 0, 0, _MODE, _FULL32 if large else offset,
            )  # fmt: skip
            yield header + name + extra


def _local(name: bytes, crc: int, size: int) -> bytes:
    return _LOCAL.pack(
        b"PK\3\4", _VERSION, _UTF8, 0, 0, _DATE, crc, size, size, len(name), 0
    )  # fmt: skip


def _ending(count: int, start: int, end: int) -> bytes:
    """Return what stands behind the directory of ``count`` entries, which lies from start to end.

    ZIP64's own ending is only there where the plain one cannot say it.
    """
    size, more = end - start, b""
    if count >= _FULL16 or size >= _FULL32 or start >= _FULL32:
        more = _END64.pack(
            b"PK\6\6", _END64.size - 12, _UNIX | _VERSION64, _VERSION64, 0, 0, count, count,
            size, start,
        )  # fmt: skip
        more += _LOCATOR64.pack(b"PK\6\7", 0, end, 1)
    shown = min(count, _FULL16)
    return more + _END.pack(
        b"PK\5\6", 0, 0, shown, shown, min(size, _FULL32), min(start, _FULL32), 0
    )
