"""What labsight asks of an object store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

PARALLEL = 6  # reads at once of a store on a network, as many as browsers make


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """One version of an object.

    ``etag`` is opaque and without quotes; it differs whenever the content differs. ``size`` is in
    bytes. ``metadata`` is what was written with it, names in small letters; only ``head`` tells it.
    """

    key: str
    size: int
    etag: str
    modified: datetime
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)


class ObjectStore(Protocol):
    """Objects under keys; every method raises StorageUnavailable when the store itself fails.

    ``parallel`` is how many reads are worth having under way at once: one where they take no time.
    """

    @property
    def parallel(self) -> int:
        """Reads side by side that pay."""
        ...

    def head(self, key: str) -> ObjectInfo:
        """Describe an object; raise ObjectMissing."""
        ...

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        """Return ``length`` bytes from ``start``, fewer at the end of the object, none beyond it.

        Raises ObjectMissing, and ObjectChanged when ``etag`` is given and the object has another.
        """
        ...

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Store an object whole; with ``if_absent`` raise ObjectExists rather than replace one."""
        ...

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects under ``prefix`` whose keys come after ``after``, in order."""
        ...

    def download(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Copy an object into a file; on any error no file is left. Raises as ``read`` does."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Return the file that holds the object when there is one on this machine."""
        ...
