"""What these tests share: an archive in memory, slides in memory, a moment in time."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import tifffile
from awscrt.checksums import crc64nvme

from labsight.errors import ObjectChanged, ObjectMissing
from labsight_lab.sync.journal.commits import Change, Commits
from labsight_lab.sync.journal.entries import SETTLED, Identity, Part
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.candidate import Candidate
from labsight_lab.sync.look.scan import scan
from labsight_lab.sync.sending.archive import AlreadyThere, NewObject, Refused, Stored, UploadGone
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.source import Fingerprint

LONG_AGO = 1_600_000_000


class Killed(BaseException):
    """The process dies here: nothing after it is done, nothing is caught."""


@contextmanager
def killed_at_entry(nth: int) -> Iterator[None]:
    """Have the process die at the nth entry into the journal."""
    calls, making = count(1), Commits.make

    def dying(self: Commits, change: Change) -> None:
        if next(calls) == nth:
            raise Killed
        making(self, change)

    with pytest.MonkeyPatch.context() as monkeypatch, suppress(Killed):
        monkeypatch.setattr(Commits, "make", dying)
        yield


@dataclass
class MemoryArchive:
    """An archive that behaves as S3 does; ``before`` and ``after`` hear each request by name."""

    objects: dict[str, bytes] = field(default_factory=dict)
    described: dict[str, NewObject] = field(default_factory=dict)
    uploads: dict[str, tuple[NewObject, dict[int, tuple[str, bytes]]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    bytes_received: int = 0
    completed: dict[str, str] = field(default_factory=dict)
    may_look: bool = False  # put-only rights, as the stack grants them
    repeated_completion: str = "gone"  # or "again" or "taken": S3 and its stand-ins differ
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None

    def put(self, new: NewObject, body: Body, crc64: int) -> None:
        self._heard("put")
        data = self._received(body, crc64)
        self._make(new, data)
        self.after("put")

    def holds(self, key: str) -> bool:
        self._heard("holds")
        self.after("holds")
        return self.may_look and key in self.objects

    def begin(self, new: NewObject) -> str:
        self._heard("begin")
        upload = f"upload-{len(self.requests)}"
        self.uploads[upload] = (new, {})
        self.after("begin")
        return upload

    def put_part(self, key: str, upload: str, number: int, body: Body, crc64: int) -> Part:
        self._heard("put_part")
        held = self._held(key, upload)
        data = self._received(body, crc64)
        etag = f"etag-{len(self.requests)}"
        held[number] = (etag, data)
        self.after("put_part")
        return Part(number, etag)

    def parts(self, key: str, upload: str) -> list[Part]:
        self._heard("parts")
        return [Part(number, etag) for number, (etag, _) in sorted(self._held(key, upload).items())]

    def complete(self, key: str, upload: str, parts: list[Part], *, size: int, crc64: int) -> None:
        self._heard("complete")
        if upload in self.completed and self.repeated_completion == "again":
            return
        if upload in self.completed and self.repeated_completion == "taken":
            raise AlreadyThere(f"the archive already holds {key}")
        held = self._held(key, upload)
        if any(held.get(part.number, ("",))[0] != part.etag for part in parts):
            raise UploadGone("InvalidPart")
        data = b"".join(held[part.number][1] for part in parts)
        if len(data) != size or crc64nvme(data) != crc64:
            raise Refused("BadDigest")
        self._make(self.uploads[upload][0], data)
        del self.uploads[upload]
        self.completed[upload] = key
        self.after("complete")

    def open_uploads(self, key: str) -> list[str]:
        self._heard("open_uploads")
        return [upload for upload, (new, _) in self.uploads.items() if new.key == key]

    def abort(self, key: str, upload: str) -> None:  # noqa: ARG002 - the protocol's
        self._heard("abort")
        self.uploads.pop(upload, None)
        self.after("abort")

    def head(self, key: str) -> Stored | None:
        self._heard("head")
        if key not in self.objects:
            return None
        data = self.objects[key]
        metadata = self.described[key].metadata if key in self.described else {}
        return Stored(size=len(data), crc64=crc64nvme(data), metadata=metadata, etag=_etag_of(data))

    def blocks(self, key: str, etag: str) -> Iterator[bytes]:
        self._heard("blocks")
        data = self.objects.get(key)
        if data is None:
            raise ObjectMissing(f"{key}: no such object in the archive")
        if _etag_of(data) != etag:
            raise ObjectChanged(f"{key}: the object in the archive changed while it was read")
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    def _heard(self, request: str) -> None:
        self.requests.append(request)
        self.before(request)

    def _held(self, key: str, upload: str) -> dict[int, tuple[str, bytes]]:
        if upload not in self.uploads or self.uploads[upload][0].key != key:
            raise UploadGone("NoSuchUpload")
        return self.uploads[upload][1]

    def _received(self, body: Body, crc64: int) -> bytes:
        data = b"".join(body.blocks())
        self.bytes_received += len(data)
        if crc64nvme(data) != crc64:
            raise Refused("BadDigest")
        return data

    def _make(self, new: NewObject, data: bytes) -> None:
        if new.key in self.objects:
            raise AlreadyThere(f"the archive already holds {new.key}")
        self.objects[new.key] = data
        self.described[new.key] = new


def _etag_of(data: bytes) -> str:
    return f'"{crc64nvme(data):016x}"'


def write(file: Path, data: bytes, mtime: float = LONG_AGO) -> Path:
    """Write a file that was last changed at ``mtime``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    os.utime(file, (mtime, mtime))
    return file


def noise(size: int, seed: int = 0) -> bytes:
    """Return bytes that no part of is equal to another."""
    return np.random.default_rng(seed).bytes(size)


def tiff(
    *,
    bigtiff: bool = False,
    byteorder: Literal["<", ">"] = "<",
    pages: int = 2,
    tiled: bool = True,
    compressed: bool = False,
    subifds: int = 0,
    side: int = 48,
    seed: int = 0,
) -> bytes:
    """Return a small valid TIFF."""
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side), dtype=np.uint8)
    layout: dict[str, Any] = {"tile": (16, 16)} if tiled else {"rowsperstrip": 7}
    if compressed:
        layout["compression"] = "zlib"
    out = io.BytesIO()
    with tifffile.TiffWriter(out, bigtiff=bigtiff, byteorder=byteorder) as writer:
        for page in range(pages):
            options = {**layout, "metadata": None, "description": f"page {page}"}
            writer.write(pixels, photometric="minisblack", subifds=subifds or None, **options)
            for level in range(subifds):
                small = pixels[:: 2 << level, :: 2 << level]
                writer.write(small, photometric="minisblack", subfiletype=1, **options)
    return out.getvalue()


def open_journal(
    folder: Path, place: Path, *, bucket: str = "archive", endpoint: str = ""
) -> Journal:
    """Open the journal of a test's folder."""
    identity = Identity(folder=folder, bucket=bucket, source="scanner-1", endpoint=endpoint)
    return Journal(place, identity)


def candidate(folder: Path, path: str, **about: Any) -> Candidate:
    """Return a file of a folder as something to send."""
    status = (folder / path).stat()
    return Candidate(
        source="scanner-1",
        path=path,
        fingerprint=Fingerprint(status.st_size, status.st_mtime_ns),
        content_type="image/tiff",
        folder=folder,
        **about,
    )


def unsettled(folder: Path, journal: Journal) -> list[Candidate]:
    """Return what a folder of lone files has to send, oldest first."""
    known = journal.known()
    found = sorted(scan(folder).files, key=lambda seen: (seen.mtime_ns, seen.path))
    return [
        candidate(folder, seen.path)
        for seen in found
        if seen.path not in known
        or known[seen.path][:2] != seen[1:]
        or known[seen.path].state not in SETTLED
    ]
