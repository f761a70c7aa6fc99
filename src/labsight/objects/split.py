"""Several stores as one, told apart by the start of the key."""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path

from labsight.errors import ObjectMissing
from labsight.objects.store import ObjectInfo, ObjectStore


class SplitStore:
    """Sends each key to the store of its prefix."""

    def __init__(self, stores: Mapping[str, ObjectStore]) -> None:
        self._stores = tuple(stores.items())

    @property
    def parallel(self) -> int:
        """Reads side by side that pay: as many as for the slowest of the stores."""
        return max(store.parallel for _, store in self._stores)

    def head(self, key: str) -> ObjectInfo:
        """Describe an object."""
        return self._store(key).head(key)

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        """Return a part of an object."""
        return self._store(key).read(key, start, length, etag=etag)

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
        return self._store(key).write(
            key, data, content_type=content_type, metadata=metadata, if_absent=if_absent
        )

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects of all stores that the prefix touches, in the order of their keys."""
        for own, store in sorted(self._stores, key=itemgetter(0)):
            if own.startswith(prefix) or prefix.startswith(own):
                yield from store.walk(prefix, after=after)

    def download(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Copy an object into a file."""
        self._store(key).download(key, path, etag=etag)

    def local_path(self, key: str) -> Path | None:
        """Return the file that holds the object when there is one."""
        return self._store(key).local_path(key)

    def _store(self, key: str) -> ObjectStore:
        for prefix, store in self._stores:
            if key.startswith(prefix):
                return store
        raise ObjectMissing(f"{key}: no store holds such keys")
