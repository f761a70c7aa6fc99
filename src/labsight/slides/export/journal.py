"""Remembers what an export has written, so that it can be continued whenever it was killed.

The journal only grows: an entry is appended once the bytes it tells of are written. What the file
holds beyond the last whole entry is not believed, and written again.
"""

import json
import os
import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from labsight.errors import Conflict
from labsight.slides.export.disk import lock, write_all, writing
from labsight.slides.export.plan import Layer

_ENTRY = struct.Struct("<IIQII")  # layer, number, offset, bytes, CRC-32
_MAX_HEADER = 64 << 10
_READ = _ENTRY.size << 14

Entry = tuple[int, int, int, int, int]


class Journal:
    """What is written of one export; locked, so that two runs do not write the same thing.

    ``resumed`` says that there was something before. Raises Conflict when the journal is that of
    another version of the slide or of other options, or held by another run.
    """

    def __init__(
        self, path: Path, identity: Mapping[str, str | int], layers: Sequence[Layer]
    ) -> None:
        self.path = path
        self._layers = layers
        self._done = [bytearray(one.count) for one in layers]
        self._offsets = [array("Q", bytes(8 * one.count)) for one in layers]
        self._sizes = [array("I", bytes(4 * one.count)) for one in layers]
        self._sums = [array("I", bytes(4 * one.count)) for one in layers]
        with writing(path):
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._file = os.open(path, flags, 0o666)
            try:
                lock(self._file, path)
                self.resumed = self._load(identity)
            except BaseException:
                os.close(self._file)
                raise

    def has(self, layer: int, number: int) -> bool:
        """Whether this was written."""
        return self._done[layer][number] != 0

    def entry(self, layer: int, number: int) -> Entry:
        """Return where a tile lies."""
        return (
            layer,
            number,
            self._offsets[layer][number],
            self._sizes[layer][number],
            self._sums[layer][number],
        )

    def places(self, layer: int) -> "tuple[array[int], array[int]]":
        """Return copies of a layer's offsets and sizes, 0 where nothing was written."""
        return self._offsets[layer][:], self._sizes[layer][:]

    def entries(self) -> Iterator[Entry]:
        """Yield all that was written, layer by layer."""
        for layer, done in enumerate(self._done):
            for number, one in enumerate(done):
                if one:
                    yield self.entry(layer, number)

    def add(self, entries: Sequence[Entry]) -> None:
        """Note what is written now."""
        with writing(self.path):
            write_all(self._file, b"".join(_ENTRY.pack(*one) for one in entries))
        self._keep(entries)

    def forget(self, layer: int, number: int) -> None:
        """Have something written again that is gone."""
        self._done[layer][number] = 0

    def close(self) -> None:
        """Unlock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """End: all is written and has its final name."""
        with writing(self.path):
            if os.name == "nt":  # an open file cannot be removed there
                self.close()
            self.path.unlink(missing_ok=True)
        self.close()

    def _keep(self, entries: Iterable[Entry]) -> None:
        for layer, number, offset, size, crc in entries:
            self._offsets[layer][number] = offset
            self._sizes[layer][number] = size
            self._sums[layer][number] = crc
            self._done[layer][number] = 1

    def _load(self, identity: Mapping[str, str | int]) -> bool:
        start = self._header(identity)
        if start is None:
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            write_all(self._file, json.dumps(dict(identity), sort_keys=True).encode() + b"\n")
            return False
        end = os.lseek(self._file, start, os.SEEK_SET)
        while data := os.read(self._file, _READ):
            whole = len(data) - len(data) % _ENTRY.size
            self._keep(self._checked(data[:whole]))
            end += whole
            os.lseek(self._file, end, os.SEEK_SET)
            if not whole:
                break
        os.ftruncate(self._file, end)
        return True

    def _header(self, identity: Mapping[str, str | int]) -> int | None:
        """Return where entries begin; None where there is no journal yet."""
        head, newline, _ = os.read(self._file, _MAX_HEADER).partition(b"\n")
        if not newline:
            return None
        try:
            found = json.loads(head)
        except ValueError:
            found = None
        if not isinstance(found, dict) or found.get("export") != identity["export"]:
            raise Conflict(f"{self.path} was not written by this labsight: {self._anew()}")
        if found.get("slide") != identity["slide"]:
            raise Conflict(
                "the slide has changed since this export was begun, and half of one version with "
                f"half of another would be wrong: {self._anew()}"
            )
        if found != dict(identity):
            told = ", ".join(
                f"{name} was {str(found.get(name))[:60]}"
                for name in sorted(found.keys() | identity.keys())
                if found.get(name) != identity.get(name)
            )
            raise Conflict(
                f"this export was begun with other options ({told}): give the same to continue "
                f"it, or {self._anew()}"
            )
        return len(head) + 1

    def _checked(self, data: bytes) -> Iterator[Entry]:
        for entry in _ENTRY.iter_unpack(data):
            if entry[0] >= len(self._layers) or entry[1] >= self._layers[entry[0]].count:
                raise Conflict(f"{self.path} is damaged: {self._anew()}")
            yield entry

    def _anew(self) -> str:
        part = self.path.with_suffix("")
        return f"delete {self.path.name} and {part.name} in {self.path.parent} to begin anew"
