"""Bytes as an object store keeps them: small ones in memory, large ones in a temporary file."""

import base64
import hashlib
import threading
import zlib
from collections.abc import Callable, Sequence
from tempfile import SpooledTemporaryFile
from typing import Protocol

from awscrt import checksums

_IN_MEMORY = 32 << 20  # bytes


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    """A CRC as hashlib has hashes; its digest is big-endian."""

    def __init__(self, function: Callable[[bytes, int], int], width: int) -> None:
        self._function, self._width, self._value = function, width, 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width, "big")


HASHES: dict[str, Callable[[], _Hash]] = {
    "crc64nvme": lambda: _Crc(checksums.crc64nvme, 8),
    "crc32": lambda: _Crc(zlib.crc32, 4),
    "crc32c": lambda: _Crc(getattr(checksums, "crc32c"), 4),  # noqa: B009 - not in its stubs
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
}
FULL_OBJECT = {"crc64nvme": 8, "crc32": 4, "crc32c": 4}  # bytes; S3 combines these over parts


class Piece:
    """A stretch of bytes as it came, with its digests by algorithm (md5 always)."""

    def __init__(self, algorithms: set[str]) -> None:
        self.size = 0
        self.digests: dict[str, bytes] = {}
        self._hashes: dict[str, _Hash] = {name: HASHES[name]() for name in sorted(algorithms)}
        self._hashes["md5"] = hashlib.md5()
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with the server
        self._lock = threading.Lock()

    def add(self, data: bytes) -> None:
        """Append bytes."""
        self.size += len(data)
        self._file.write(data)
        for one in self._hashes.values():
            one.update(data)

    def end(self) -> None:
        """Take the digests."""
        self.digests = {name: one.digest() for name, one in self._hashes.items()}

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end`` (exclusive); none where they are swapped."""
        if start >= end:
            return b""
        with self._lock:
            self._file.seek(start)
            return self._file.read(end - start)

    def flip(self, position: int) -> None:
        """Change one bit, as a failing disk does: the digests stay as they were."""
        with self._lock:
            self._file.seek(position)
            (byte,) = self._file.read(1)
            self._file.seek(position)
            self._file.write(bytes([byte ^ 1]))

    def close(self) -> None:
        """Give the file up."""
        self._file.close()


def composite(pieces: Sequence[Piece], algorithm: str) -> str:
    """Return the checksum of the parts' checksums, with their number."""
    joined = HASHES[algorithm]()
    for piece in pieces:
        joined.update(piece.digests[algorithm])
    return f"{written(joined.digest())}-{len(pieces)}"


def full_object(pieces: Sequence[Piece], algorithm: str) -> str:
    """Return the checksum of all bytes of an object in parts."""
    combine = getattr(checksums, f"combine_{algorithm}")
    value = 0
    for piece in pieces:
        value = combine(value, int.from_bytes(piece.digests[algorithm], "big"), piece.size)
    return written(value.to_bytes(FULL_OBJECT[algorithm], "big"))


def written(digest: bytes) -> str:
    """Write a digest as S3 does."""
    return base64.b64encode(digest).decode()
