"""What an S3 bucket holds and how it refuses, without HTTP.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html,
.../API_CreateMultipartUpload.html, .../API_UploadPart.html, .../API_CompleteMultipartUpload.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

import hashlib
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.support.s3_content import Piece, composite, full_object, written

REPEATED = Literal["again", "gone", "taken"]
_LEAST_PART = 5 << 20  # bytes, of all parts but the last


class Refused(Exception):
    """An answer that is no success: status, code and message of S3."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message or code


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is said about an object when it is made; names in lower case."""

    metadata: Mapping[str, str] = field(default_factory=dict)  # without x-amz-meta-
    content_type: str = "binary/octet-stream"
    storage_class: str = "STANDARD"
    algorithm: str = "crc64nvme"  # of its checksum
    composite: bool = False  # the checksum of one in parts is that of its parts' checksums


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object; ``checksum`` is in S3's spelling, base64 of the big-endian bytes."""

    described: Described
    pieces: tuple[Piece, ...]
    etag: str
    checksum: str
    modified: float = field(default_factory=time.time)

    @property
    def size(self) -> int:
        return sum(piece.size for piece in self.pieces)

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes from ``start`` to ``end`` (exclusive)."""
        end = self.size if end is None else end
        found, at = [], 0
        for piece in self.pieces:
            found.append(piece.read(max(0, start - at), min(piece.size, end - at)))
            at += piece.size
        return b"".join(found)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One stored part of an open upload."""

    piece: Piece
    etag: str
    checksum: str
    modified: float = field(default_factory=time.time)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An open upload in parts."""

    name: str
    bucket: str
    key: str
    described: Described
    parts: dict[int, Part] = field(default_factory=dict)
    initiated: float = field(default_factory=time.time)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a CompleteMultipartUpload asks for: (number, etag, checksum or nothing) of each part."""

    parts: tuple[tuple[int, str, str], ...]
    size: int | None
    checksum: str | None
    only_new: bool


class Store:
    """Buckets; ``least_part`` in bytes, ``repeated`` is how a second completion is answered."""

    def __init__(self, *, least_part: int = _LEAST_PART, repeated: REPEATED = "again") -> None:
        self.buckets: dict[str, dict[str, Stored]] = {}
        self.uploads: dict[str, Upload] = {}
        self._completed: dict[str, Stored] = {}
        self._least_part, self._repeated = least_part, repeated
        self._lock = threading.RLock()
        self._serial = 0

    def bucket(self, name: str) -> dict[str, Stored]:
        """Return the objects of a bucket by key; raise NoSuchBucket."""
        if name not in self.buckets:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        return self.buckets[name]

    def put(
        self, bucket: str, key: str, described: Described, piece: Piece, *, only_new: bool
    ) -> Stored:
        """Make an object, also over another one, unless ``only_new``."""
        stored = Stored(
            described=described,
            pieces=(piece,),
            etag=f'"{piece.digests["md5"].hex()}"',
            checksum=written(piece.digests[described.algorithm]),
        )
        with self._lock:
            self._make(bucket, key, stored, only_new=only_new)
        return stored

    def begin(self, bucket: str, key: str, described: Described) -> Upload:
        """Open an upload."""
        with self._lock:
            self.bucket(bucket)
            self._serial += 1
            name = f"upload-{self._serial}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
            upload = Upload(name=name, bucket=bucket, key=key, described=described)
            self.uploads[name] = upload
        return upload

    def upload(self, bucket: str, key: str, name: str) -> Upload:
        """Return an open upload of that very key; raise NoSuchUpload."""
        upload = self.uploads.get(name)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise Refused(
                404,
                "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload "
                "may have been aborted or completed.",
            )
        return upload

    def put_part(self, bucket: str, key: str, name: str, number: int, piece: Piece) -> Part:
        """Keep a part; one of the same number before it is replaced."""
        if not 1 <= number <= 10_000:
            raise Refused(
                400, "InvalidArgument", "Part number must be an integer between 1 and 10000"
            )
        with self._lock:
            upload = self.upload(bucket, key, name)
            part = Part(
                piece=piece,
                etag=f'"{piece.digests["md5"].hex()}"',
                checksum=written(piece.digests[upload.described.algorithm]),
            )
            upload.parts[number] = part
        return part

    def complete(self, bucket: str, key: str, name: str, wish: Wish) -> Stored:
        """Make the object out of its parts."""
        with self._lock:
            if name in self._completed:
                return self._completed_before(bucket, key, name, wish)
            upload = self.upload(bucket, key, name)
            parts = self._chosen(upload, wish.parts)
            stored = _assembled(upload, parts)
            if wish.size is not None and wish.size != stored.size:
                raise Refused(
                    400,
                    "InvalidRequest",
                    f"The provided 'x-amz-mp-object-size' header value {wish.size} does not match "
                    f"what was computed: {stored.size}",
                )
            if wish.checksum is not None and wish.checksum != stored.checksum:
                raise bad_digest(upload.described.algorithm)
            self._make(bucket, key, stored, only_new=wish.only_new)
            del self.uploads[name]
            self._completed[name] = stored
        return stored

    def abort(self, bucket: str, key: str, name: str) -> None:
        """Drop an open upload."""
        with self._lock:
            self.upload(bucket, key, name)
            del self.uploads[name]

    def open_uploads(self, bucket: str, prefix: str) -> list[Upload]:
        """List open uploads by key, then by age."""
        with self._lock:
            self.bucket(bucket)
            found = [
                upload
                for upload in self.uploads.values()
                if upload.bucket == bucket and upload.key.startswith(prefix)
            ]
        return sorted(found, key=lambda upload: (upload.key, upload.initiated))

    def check_new(self, bucket: str, key: str, *, only_new: bool) -> None:
        """Raise PreconditionFailed where nothing may be replaced and something is there."""
        if only_new and key in self.bucket(bucket):
            raise Refused(
                412,
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold",
            )

    def _make(self, bucket: str, key: str, stored: Stored, *, only_new: bool) -> None:
        self.check_new(bucket, key, only_new=only_new)
        self.bucket(bucket)[key] = stored

    def _completed_before(self, bucket: str, key: str, name: str, wish: Wish) -> Stored:
        """Answer as S3 does for a while, or as it and others do later."""
        if self._repeated == "again":
            return self._completed[name]
        if self._repeated == "taken":
            self.check_new(bucket, key, only_new=wish.only_new)
        self.upload(bucket, key, name)  # raises: it is not open any more
        raise AssertionError

    def _chosen(self, upload: Upload, wished: Iterable[tuple[int, str, str]]) -> list[Part]:
        wished = list(wished)
        numbers = [number for number, _, _ in wished]
        if numbers != sorted(set(numbers)):
            raise Refused(400, "InvalidPartOrder", "The list of parts was not in ascending order")
        chosen = []
        for number, etag, checksum in wished:
            part = upload.parts.get(number)
            if (
                part is None
                or etag.strip('"') != part.etag.strip('"')
                or (checksum and checksum != part.checksum)
            ):
                raise Refused(
                    400,
                    "InvalidPart",
                    "One or more of the specified parts could not be found. The part may not have "
                    "been uploaded, or the specified entity tag may not match the part's entity "
                    "tag.",
                )
            chosen.append(part)
        if not chosen:
            raise Refused(400, "MalformedXML", "You must specify at least one part")
        if any(part.piece.size < self._least_part for part in chosen[:-1]):
            raise Refused(
                400,
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
            )
        return chosen


def bad_digest(algorithm: str) -> Refused:
    """S3's answer to bytes that do not have the checksum that was told."""
    return Refused(
        400,
        "BadDigest",
        f"The {algorithm.upper()} you specified did not match the calculated checksum.",
    )


def _assembled(upload: Upload, parts: list[Part]) -> Stored:
    digests = b"".join(part.piece.digests["md5"] for part in parts)
    combine = composite if upload.described.composite else full_object
    return Stored(
        described=upload.described,
        pieces=tuple(part.piece for part in parts),
        etag=f'"{hashlib.md5(digests).hexdigest()}-{len(parts)}"',
        checksum=combine([part.piece for part in parts], upload.described.algorithm),
    )
