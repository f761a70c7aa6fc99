"""What S3 answers to an upload, to a look, and to a list; nothing but keys and sizes is kept.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

import base64
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import NamedTuple
from xml.sax.saxutils import escape

from bench.sync import sink_list
from bench.sync.sink_http import Head, written

COUNTS = "/-/counts"  # tells what was asked since it was last told, and what is open now
OBJECTS = "/-/objects"  # tells of all objects of ?bucket=
WAIT = "/-/wait"  # answers when ?bytes= have come since the counts were last told
_KEPT = "x-amz-meta-", "content-type"  # headers that a HEAD gives back
_CHECKSUM = "x-amz-checksum-"

Combine = Callable[[int, int, int], int]  # checksums of two stretches, length of the second one


@dataclass(frozen=True)
class Stored:
    """An object, but for its bytes; ``crc`` is the CRC-64/NVME of what arrived, where checked."""

    size: int
    etag: str
    modified: float
    headers: tuple[tuple[str, str], ...]
    crc: int = 0


@dataclass(frozen=True)
class Upload:
    """An open upload: its parts by number."""

    path: str  # bucket and key
    headers: tuple[tuple[str, str], ...]
    parts: dict[int, Stored] = field(default_factory=dict)


class Request(NamedTuple):
    """A request whose body has come."""

    head: Head
    name: str  # of the bucket
    key: str
    bucket: dict[str, Stored]
    crc: int  # of the body, where checked


class Answers:
    """The buckets, which are there as soon as somebody names them."""

    def __init__(self, combine: Combine | None) -> None:
        self.bytes = 0  # of bodies, since the counts were last told; cut ones too
        self._combine = combine
        self._buckets: dict[str, dict[str, Stored]] = {}
        self._uploads: dict[str, Upload] = {}
        self._begun: dict[str, float] = {}  # when a request first named a path, time.monotonic()
        self._counts: Counter[str] = Counter()
        self._serial = 0
        self._sorted: tuple[str, int, list[str]] = ("", 0, [])
        self._handlers: Mapping[str, Callable[[Request], bytes]] = {
            "put": self._put,
            "part": self._part,
            "create": self._create,
            "complete": self._complete,
            "abort": self._abort,
            "parts": self._parts,
            "head": self._head,
            "list": self._list,
            "uploads": self._open_uploads,
            "bucket": lambda _: written(200),
            "other": lambda _: _refused(400, "NotHere"),
        }

    def begun(self, head: Head) -> None:
        """Note that a request for an object has come, before its body."""
        if head.method in {"PUT", "POST"}:
            self._begun.setdefault(head.path, time.monotonic())

    def arrived(self, count: int) -> None:
        """Note bytes of a body."""
        self.bytes += count

    def cut(self) -> None:
        """Note that a connection ended inside a body."""
        self._counts["cut"] += 1

    def to(self, head: Head, crc: int) -> bytes:
        """Return the whole answer to a request whose body has come."""
        if head.path == COUNTS:
            return self._told()
        if head.path == OBJECTS:
            return self._listed(head.query["bucket"])
        coding = head.headers.get("content-encoding", "")
        if "transfer-encoding" in head.headers or (self._combine and "aws-chunked" in coding):
            return _refused(501, "NotImplemented")
        name, _, key = head.path[1:].partition("/")
        kind = _kind(head.method, key, head.query)
        self._counts[kind] += 1
        bucket = self._buckets.setdefault(name, {})
        return self._handlers[kind](Request(head, name, key, bucket, crc))

    def _put(self, asked: Request) -> bytes:
        head, bucket = asked.head, asked.bucket
        if "if-none-match" in head.headers and asked.key in bucket:
            return _refused(412, "PreconditionFailed")
        made = bucket[asked.key] = self._received(asked)
        return written(200, b"", [("etag", made.etag), *_checksums(head.headers)])

    def _create(self, asked: Request) -> bytes:
        self._serial += 1
        name = f"upload{self._serial}"
        self._uploads[name] = Upload(asked.head.path, _kept(asked.head.headers))
        return _xml(
            f"<InitiateMultipartUploadResult><Key>{escape(asked.key)}</Key>"
            f"<UploadId>{name}</UploadId></InitiateMultipartUploadResult>"
        )

    def _part(self, asked: Request) -> bytes:
        upload = self._uploads.get(asked.head.query["uploadId"])
        if upload is None:
            return _refused(404, "NoSuchUpload")
        part = upload.parts[int(asked.head.query["partNumber"])] = self._received(asked)
        return written(200, b"", [("etag", part.etag), *_checksums(asked.head.headers)])

    def _parts(self, asked: Request) -> bytes:
        upload = self._uploads.get(asked.head.query["uploadId"])
        if upload is None:
            return _refused(404, "NoSuchUpload")
        rows = [
            f"<Part><PartNumber>{number}</PartNumber><ETag>{part.etag}</ETag>"
            f"<Size>{part.size}</Size></Part>"
            for number, part in sorted(upload.parts.items())
        ]
        listed = f"<IsTruncated>false</IsTruncated>{''.join(rows)}"
        return _xml(f"<ListPartsResult>{listed}</ListPartsResult>")

    def _complete(self, asked: Request) -> bytes:
        head, bucket = asked.head, asked.bucket
        upload = self._uploads.get(head.query["uploadId"])
        if upload is None:
            return _refused(404, "NoSuchUpload")
        if "if-none-match" in head.headers and asked.key in bucket:
            return _refused(412, "PreconditionFailed")
        del self._uploads[head.query["uploadId"]]
        size, crc = 0, 0
        for _, part in sorted(upload.parts.items()):
            size += part.size
            crc = self._combine(crc, part.crc, part.size) if self._combine else 0
        made = Stored(size, self._etag(), time.time(), upload.headers, crc)
        bucket[asked.key] = made
        tags = {
            f"Checksum{name.removeprefix(_CHECKSUM).upper()}": value
            for name, value in _checksums(head.headers)
        }
        told = "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags.items())
        return _xml(
            f"<CompleteMultipartUploadResult><Key>{escape(asked.key)}</Key>"
            f"<ETag>{made.etag}</ETag>{told}</CompleteMultipartUploadResult>"
        )

    def _abort(self, asked: Request) -> bytes:
        gone = self._uploads.pop(asked.head.query["uploadId"], None)
        return written(204) if gone else _refused(404, "NoSuchUpload")

    def _open_uploads(self, asked: Request) -> bytes:
        start = f"/{asked.name}/"
        prefix = start + asked.head.query.get("prefix", "")
        rows = [
            f"<Upload><Key>{escape(upload.path.removeprefix(start))}</Key>"
            f"<UploadId>{name}</UploadId></Upload>"
            for name, upload in self._uploads.items()
            if upload.path.startswith(prefix)
        ]
        listed = f"<IsTruncated>false</IsTruncated>{''.join(rows)}"
        return _xml(f"<ListMultipartUploadsResult>{listed}</ListMultipartUploadsResult>")

    def _head(self, asked: Request) -> bytes:
        stored = asked.bucket.get(asked.key)
        if stored is None:
            return written(404)
        told = ("etag", stored.etag), ("last-modified", formatdate(stored.modified, usegmt=True))
        return written(200, b"", [*told, *stored.headers], stored.size)

    def _list(self, asked: Request) -> bytes:
        name, bucket = asked.name, asked.bucket
        if self._sorted[:2] != (name, len(bucket)):
            self._sorted = (name, len(bucket), sorted(bucket))
        keys = self._sorted[2]
        return _xml(sink_list.page(keys, lambda key: _row(bucket[key]), asked.head.query))

    def _received(self, asked: Request) -> Stored:
        head = asked.head
        return Stored(head.size, self._etag(head), time.time(), _kept(head.headers), asked.crc)

    def _etag(self, head: Head | None = None) -> str:
        """Return the MD5 where the client told it, as some compare it, else something new."""
        md5 = head.headers.get("content-md5") if head else None
        if md5:
            return f'"{base64.b64decode(md5).hex()}"'
        self._serial += 1
        return f'"etag-{self._serial}"'

    def _told(self) -> bytes:
        told = {**self._counts, "bytes": self.bytes, "cpu": time.process_time()}
        self._counts.clear()
        self.bytes = 0
        return written(200, json.dumps({**told, "open": len(self._uploads)}).encode())

    def _listed(self, bucket: str) -> bytes:
        told = {
            key: {
                "size": one.size,
                "crc": one.crc,
                "begun": self._begun.get(f"/{bucket}/{key}", 0.0),
            }
            for key, one in self._buckets.get(bucket, {}).items()
        }
        return written(200, json.dumps(told).encode())


def _kind(method: str, key: str, query: Mapping[str, str]) -> str:
    """Name a request as the counts do."""
    if not key:
        listing = "uploads" if "uploads" in query else "other" if "location" in query else "list"
        return listing if method == "GET" else "bucket"
    if "uploadId" in query:
        return {"PUT": "part", "POST": "complete", "GET": "parts", "DELETE": "abort"}[method]
    if "uploads" in query:
        return "create"
    return {"PUT": "put", "HEAD": "head"}.get(method, "other")


def _row(stored: Stored) -> str:
    modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(stored.modified))
    return (
        f"<LastModified>{modified}</LastModified><ETag>{stored.etag}</ETag>"
        f"<Size>{stored.size}</Size><StorageClass>STANDARD</StorageClass>"
    )


def _kept(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in headers.items() if name.startswith(_KEPT))


def _checksums(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what the client says of its bytes, as S3 gives it back once it has compared them."""
    return [
        (name, value)
        for name, value in headers.items()
        if name.startswith(_CHECKSUM) and name != "x-amz-checksum-type"
    ]


def _xml(text: str) -> bytes:
    body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    return written(200, body, [("content-type", "application/xml")])


def _refused(status: int, code: str) -> bytes:
    return written(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())
