"""An object store in memory, for tests and small work."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from labsight.errors import ObjectChanged, ObjectExists, ObjectMissing
from labsight.objects.store import ObjectInfo


class MemoryStore:
    """Objects in a dictionary; ``reads`` counts the ranged reads, so that tests can bound them."""

    parallel = 1

    def __init__(self) -> None:
        self._objects: dict[str, tuple[ObjectInfo, bytes]] = {}
        self._lock = threading.Lock()
        self.metadata: dict[str, dict[str, str]] = {}
        self.reads = 0

    def head(self, key: str) -> ObjectInfo:
        """Describe an object."""
        return self._get(key)[0]

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        """Return a part of an object."""
        self.reads += 1
        info, data = self._get(key)
        if etag is not None and info.etag != etag:
            raise ObjectChanged(f"{key}: expected version {etag}, the store holds {info.etag}")
        return data[start : None if length is None else start + length]

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Store an object."""
        info = ObjectInfo(
            key=key,
            size=len(data),
            etag=hashlib.sha256(data).hexdigest()[:32],
            modified=datetime.now(UTC),
            metadata={name.lower(): value for name, value in (metadata or {}).items()},
        )
        with self._lock:
            if if_absent and key in self._objects:
                raise ObjectExists(f"{key}: there is an object under this key; it is not replaced")
            self._objects[key] = (info, bytes(data))
            self.metadata[key] = {"content-type": content_type, **(metadata or {})}
        return info

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield objects in the order of their keys."""
        for key in sorted(self._objects):
            if key.startswith(prefix) and key > after:
                yield self._objects[key][0]

    def download(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Copy an object into a file."""
        path.write_bytes(self.read(key, etag=etag))

    def local_path(self, key: str) -> Path | None:
        """Memory has no files."""
        del key
        return None

    def delete(self, key: str) -> None:
        """Forget an object."""
        with self._lock:
            self._objects.pop(key, None)

    def _get(self, key: str) -> tuple[ObjectInfo, bytes]:
        try:
            return self._objects[key]
        except KeyError:
            raise ObjectMissing(f"{key}: no such object") from None
