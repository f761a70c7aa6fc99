"""One request to S3 as it is read off a connection: what it asks for, and its body."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from tests.support.s3_content import HASHES, Piece, written
from tests.support.s3_store import Described, Refused, bad_digest

_BLOCK = 256 << 10
_CHECKSUM = "x-amz-checksum-"
_LINE = 8 << 10
_PART_KINDS = {
    "PUT": "UploadPart",
    "POST": "CompleteMultipartUpload",
    "GET": "ListParts",
    "DELETE": "AbortMultipartUpload",
}
_OBJECT_KINDS = {
    "PUT": "PutObject",
    "HEAD": "HeadObject",
    "GET": "GetObject",
    "DELETE": "DeleteObject",
}
_BUCKET_KINDS = {"PUT": "CreateBucket", "HEAD": "HeadBucket", "DELETE": "DeleteBucket"}


class CutShort(Exception):
    """The connection ended inside a body."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request but for its body. ``headers`` have lower-case names; ``target`` is as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    bucket: str
    key: str
    query: Mapping[str, str]

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str]) -> "Asked":
        """Read a request line and its headers."""
        path, _, query = target.partition("?")
        bucket, _, key = unquote(path, errors="surrogateescape").lstrip("/").partition("/")
        return cls(
            method=method,
            target=target,
            headers=headers,
            bucket=bucket,
            key=key,
            query=dict(parse_qsl(query, keep_blank_values=True)),
        )

    @property
    def kind(self) -> str:
        """S3's name of the operation."""
        query = self.query
        if self.key and "uploadId" in query:
            return _PART_KINDS.get(self.method, "unknown")
        if self.key:
            return "CreateMultipartUpload" if "uploads" in query else self._plain(_OBJECT_KINDS)
        if self.method == "GET" and "uploads" in query:
            return "ListMultipartUploads"
        if self.method == "GET" and "location" in query:
            return "GetBucketLocation"
        if self.method == "GET":
            return "ListObjectsV2" if query.get("list-type") == "2" else "ListObjects"
        return self._plain(_BUCKET_KINDS)

    def _plain(self, kinds: Mapping[str, str]) -> str:
        return "unknown" if self.method == "POST" else kinds.get(self.method, "unknown")

    @property
    def only_new(self) -> bool:
        """Whether nothing may be replaced."""
        return self.headers.get("if-none-match") == "*"

    @property
    def algorithm(self) -> str | None:
        """The checksum that the client chose, if it did."""
        named = self.headers.get("x-amz-checksum-algorithm") or self.headers.get(
            "x-amz-sdk-checksum-algorithm"
        )
        told = (name.removeprefix(_CHECKSUM) for name in self.headers if name.startswith(_CHECKSUM))
        trailed = self.headers.get("x-amz-trailer", "").removeprefix(_CHECKSUM)
        return (
            named.lower()
            if named
            else next((name for name in (*told, trailed) if name in HASHES), None)
        )

    def described(self) -> Described:
        """Return what the headers say about a new object."""
        start = "x-amz-meta-"
        metadata = {
            n.removeprefix(start): v for n, v in self.headers.items() if n.startswith(start)
        }
        if sum(len(name) + len(value) for name, value in metadata.items()) > 2048:
            raise Refused(400, "MetadataTooLarge", "Your metadata headers exceed the maximum size")
        if len(self.key.encode(errors="surrogateescape")) > 1024:
            raise Refused(400, "KeyTooLongError", "Your key is too long")
        algorithm = self.algorithm or "crc64nvme"
        whole = algorithm == "crc64nvme" or self.headers.get("x-amz-checksum-type") == "FULL_OBJECT"
        return Described(
            metadata=metadata,
            content_type=self.headers.get("content-type", "binary/octet-stream"),
            storage_class=self.headers.get("x-amz-storage-class", "STANDARD"),
            algorithm=algorithm,
            composite=not whole,
        )

    def blocks(self, stream: io.BufferedReader, trailers: dict[str, str]) -> Iterator[bytes]:
        """Yield the body, without what aws-chunked puts between; raise CutShort."""
        coded = "aws-chunked" in self.headers.get("content-encoding", "")
        if self.headers.get("transfer-encoding") or coded:
            yield from _chunks(stream, trailers)
            return
        if "content-length" not in self.headers and self.method in {"PUT", "POST"}:
            raise Refused(411, "MissingContentLength", "You must provide Content-Length")
        yield from _exactly(stream, int(self.headers.get("content-length", 0)))

    def verify(self, piece: Piece, trailers: Mapping[str, str]) -> None:
        """Hold a body against all that the client told of it; raise Refused."""
        told = self.headers.get("x-amz-decoded-content-length")
        if told and int(told) != piece.size:
            raise Refused(400, "IncompleteBody", "The request body terminated unexpectedly")
        md5 = self.headers.get("content-md5")
        if md5 and md5 != written(piece.digests["md5"]):
            raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match")
        sha256 = self.headers.get("x-amz-content-sha256", "")
        if re.fullmatch("[0-9a-f]{64}", sha256) and sha256 != piece.digests["sha256"].hex():
            raise Refused(
                400,
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
        if self.kind == "CompleteMultipartUpload":  # its checksum is that of the object
            return
        for name, value in {**self.headers, **trailers}.items():
            algorithm = name.removeprefix(_CHECKSUM)
            known = name.startswith(_CHECKSUM) and algorithm in HASHES
            if known and value != written(piece.digests[algorithm]):
                raise bad_digest(algorithm)

    def needed(self) -> set[str]:
        """Return which digests of the body have to be taken."""
        told = {name.removeprefix(_CHECKSUM) for name in self.headers} & set(HASHES)
        hexed = re.fullmatch("[0-9a-f]{64}", self.headers.get("x-amz-content-sha256", ""))
        chosen = {self.algorithm} if self.algorithm in HASHES else set[str]()
        return {"crc64nvme", *told, *filter(None, chosen)} | ({"sha256"} if hexed else set())


def _exactly(stream: io.BufferedReader, count: int) -> Iterator[bytes]:
    while count:
        block = stream.read(min(_BLOCK, count))
        if not block:
            raise CutShort
        count -= len(block)
        yield block


def _chunks(stream: io.BufferedReader, trailers: dict[str, str]) -> Iterator[bytes]:
    """Read chunks as HTTP and aws-chunked have them, each with its length in hex before it."""
    while size := int(_line(stream).partition(b";")[0], 16):
        yield from _exactly(stream, size)
        _line(stream)
    while line := _line(stream):
        name, _, value = line.decode("latin-1").partition(":")
        trailers[name.strip().lower()] = value.strip()


def _line(stream: io.BufferedReader) -> bytes:
    line = stream.readline(_LINE)
    if not line.endswith(b"\n"):
        raise CutShort
    return line.strip()
