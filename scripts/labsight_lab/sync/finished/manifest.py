"""One manifest: JSON lines in which a microscope's software lists the files it has finished.

    {"path": "well A1/image 1.ome.tif", "state": "complete", "size": 8192, "crc64nvme": "…"}

``path`` is relative to the folder of the manifest; ``size`` is bytes, ``crc64nvme`` is written as
S3 writes it (base64 of 8 bytes) or in 16 hexadecimal digits. Later lines win: any other ``state``
says that a file is not finished. The manifests of Squid's microscopes are read as well
(https://github.com/Cephla-Lab/Squid/pull/649): there it is ``"event": "complete"`` with ``bytes``,
and ``"kind": "dir"`` stands for all below a folder.

A manifest grows while it is read, so its last line may be half written; and each look at it reads
only what was added since.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

MAX_LINE = 64 << 10
MAX_ENTRIES = 200_000
SCHEMA = 1  # of Squid; a higher one may mean something else by "complete"
_BLOCK = 1 << 20
_MAX_STATE = 80  # characters of a state that are told
_TAIL = 64  # bytes by which a manifest is known to be the one that was read before
_HEX = re.compile(r"[0-9a-fA-F]{16}")
_NEVER_SENT = ".zarr/"  # chunks of such folders are listed by the hundred thousand


class Told(NamedTuple):
    """What a manifest says of a file: its size in bytes and its CRC-64, where it tells them."""

    size: int | None = None
    crc64: int | None = None


@dataclass
class Manifest:
    """What was read of one manifest so far; paths are relative to its folder.

    ``taken_back`` are files and folders that are not complete, with the state that is told instead.
    """

    files: dict[str, Told] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    taken_back: dict[str, str] = field(default_factory=dict)
    _read: int = 0
    _tail: bytes = b""
    _trusted: bool = True

    def read(self, file: BinaryIO, size: int) -> None:
        """Read what was added; begin anew if the file is another one. Raises OSError."""
        file.seek(self._read - len(self._tail))
        if size < self._read or file.read(len(self._tail)) != self._tail:
            self.files, self.folders, self.taken_back = {}, set(), {}
            self._read, self._tail, self._trusted = 0, b"", True
            file.seek(0)
        self._lines(file)

    def _lines(self, file: BinaryIO) -> None:
        rest = b""
        while block := file.read(_BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self._take(line)
                self._read += len(line) + 1
                self._tail = (self._tail + line + b"\n")[-_TAIL:]
            if len(rest) > _BLOCK:  # no line is as long; the file is none of ours
                return
        self._take(rest)  # a last line may lack its end; if it is cut, it is no JSON yet

    def _take(self, line: bytes) -> None:
        if len(line) > MAX_LINE:
            return
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(told, dict):
            return
        if told.get("event") == "start":
            schema = told.get("schema", SCHEMA)
            self._trusted = isinstance(schema, int) and schema <= SCHEMA
        path = relative(told.get("path"))
        if path is None or not self._trusted or _NEVER_SENT in path:
            return
        self._note(path, told)

    def _note(self, path: str, told: dict[str, Any]) -> None:
        state = told.get("state", told.get("event"))
        if not isinstance(state, str) or not state:
            return
        size = told.get("size", told.get("bytes"))
        if state == "complete" and not (size is None or (type(size) is int and size >= 0)):
            return
        self.files.pop(path, None)
        self.folders.discard(path)
        self.taken_back.pop(path, None)
        if len(self.files) + len(self.folders) + len(self.taken_back) >= MAX_ENTRIES:
            return
        if state != "complete":
            self.taken_back[path] = state[:_MAX_STATE]
        elif told.get("kind") == "dir":
            self.folders.add(path)
        else:
            self.files[path] = Told(size, _crc64(told.get("crc64nvme")))


def relative(path: object) -> str | None:
    """Return a path below a manifest's folder as it was meant, None for any other."""
    if not isinstance(path, str) or path.startswith("/") or set(path) & set("\\:\0"):
        return None
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return "/".join(parts) if parts and ".." not in parts else None


def _crc64(text: object) -> int | None:
    if not isinstance(text, str):
        return None
    if _HEX.fullmatch(text):
        return int(text, 16)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return int.from_bytes(raw, "big") if len(raw) == 8 else None
