"""S3's operations: from a request to an answer, over a store."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from bench.sync import sink_list
from tests.support.s3_asked import Asked
from tests.support.s3_content import HASHES, Piece
from tests.support.s3_store import Refused, Store, Stored, Wish

_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Answer:
    """Status, headers and body; a body of None stays away, and ``headers`` tell its length."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""


@dataclass(frozen=True)
class Operations:
    """All that is answered; lists come in pages of ``page`` rows at most."""

    store: Store
    page: int = 1000

    def answer(self, asked: Asked, piece: Piece) -> Answer:
        """Do what is asked; raise Refused."""
        do: dict[str, Callable[[Asked, Piece], Answer]] = {
            "PutObject": self._put,
            "CreateMultipartUpload": self._begin,
            "UploadPart": self._put_part,
            "ListParts": self._parts,
            "CompleteMultipartUpload": self._complete,
            "AbortMultipartUpload": self._abort,
            "ListMultipartUploads": self._uploads,
            "HeadObject": self._head,
            "GetObject": self._get,
            "DeleteObject": self._delete,
            "ListObjectsV2": self._list,
            "ListObjects": self._list,
            "CreateBucket": self._create_bucket,
            "HeadBucket": self._head_bucket,
            "GetBucketLocation": lambda *_: _xml(f'<LocationConstraint xmlns="{_XMLNS}"/>'),
        }
        if asked.kind not in do:
            raise Refused(501, "NotImplemented", f"{asked.method} {asked.target}")
        return do[asked.kind](asked, piece)

    def _put(self, asked: Asked, piece: Piece) -> Answer:
        described = asked.described()
        stored = self.store.put(asked.bucket, asked.key, described, piece, only_new=asked.only_new)
        return Answer(200, {"ETag": stored.etag, **_checksum(stored)})

    def _begin(self, asked: Asked, _: Piece) -> Answer:
        described = asked.described()
        if described.algorithm == "crc64nvme" and (
            asked.headers.get("x-amz-checksum-type", "FULL_OBJECT") != "FULL_OBJECT"
        ):
            raise Refused(400, "InvalidRequest", "CRC64NVME has full object checksums only")
        upload = self.store.begin(asked.bucket, asked.key, described)
        headers = {
            "x-amz-checksum-algorithm": described.algorithm.upper(),
            "x-amz-checksum-type": "COMPOSITE" if described.composite else "FULL_OBJECT",
        }
        return _xml(
            _tag(
                "InitiateMultipartUploadResult",
                Bucket=asked.bucket,
                Key=asked.key,
                UploadId=upload.name,
            ),
            headers,
        )

    def _put_part(self, asked: Asked, piece: Piece) -> Answer:
        name = asked.query["uploadId"]
        expected = self.store.upload(asked.bucket, asked.key, name).described.algorithm
        if asked.algorithm not in {None, expected}:
            raise Refused(
                400,
                "InvalidRequest",
                f"Checksum Type mismatch occurred, expected checksum Type: {expected}, actual "
                f"checksum Type: {asked.algorithm}",
            )
        number = int(asked.query["partNumber"])
        part = self.store.put_part(asked.bucket, asked.key, name, number, piece)
        return Answer(200, {"ETag": part.etag, f"x-amz-checksum-{expected}": part.checksum})

    def _parts(self, asked: Asked, _: Piece) -> Answer:
        upload = self.store.upload(asked.bucket, asked.key, asked.query["uploadId"])
        after = int(asked.query.get("part-number-marker") or 0)
        most = min(self.page, int(asked.query.get("max-parts", self.page)))
        numbers = sorted(number for number in upload.parts if number > after)
        algorithm, rows = upload.described.algorithm.upper(), ""
        for number in numbers[:most]:
            part = upload.parts[number]
            told: dict[str, Any] = {
                "PartNumber": number,
                "LastModified": _iso(part.modified),
                "ETag": part.etag,
                "Size": part.piece.size,
                f"Checksum{algorithm}": part.checksum,
            }
            rows += _tag("Part", **told)
        listed: dict[str, Any] = {
            "Bucket": asked.bucket,
            "Key": asked.key,
            "UploadId": upload.name,
            "PartNumberMarker": after,
            "NextPartNumberMarker": numbers[:most][-1] if numbers else 0,
            "MaxParts": most,
            "IsTruncated": str(len(numbers) > most).lower(),
            "StorageClass": upload.described.storage_class,
            "ChecksumAlgorithm": algorithm,
        }
        return _xml(_tag("ListPartsResult", rows, **listed))

    def _complete(self, asked: Asked, piece: Piece) -> Answer:
        name = asked.query["uploadId"]
        open_upload = self.store.uploads.get(name)
        algorithm = open_upload.described.algorithm if open_upload else "crc64nvme"
        size = asked.headers.get("x-amz-mp-object-size")
        stored = self.store.complete(
            asked.bucket,
            asked.key,
            name,
            Wish(
                parts=_wished(piece.read(0, piece.size), algorithm),
                size=int(size) if size else None,
                checksum=asked.headers.get(f"x-amz-checksum-{algorithm}"),
                only_new=asked.only_new,
            ),
        )
        described = stored.described
        told = {
            "Location": f"/{asked.bucket}/{quote(asked.key)}",
            "Bucket": asked.bucket,
            "Key": asked.key,
            "ETag": stored.etag,
            f"Checksum{described.algorithm.upper()}": stored.checksum,
            "ChecksumType": "COMPOSITE" if described.composite else "FULL_OBJECT",
        }
        return _xml(_tag("CompleteMultipartUploadResult", **told))

    def _abort(self, asked: Asked, _: Piece) -> Answer:
        self.store.abort(asked.bucket, asked.key, asked.query["uploadId"])
        return Answer(204)

    def _uploads(self, asked: Asked, _: Piece) -> Answer:
        query = asked.query
        found = self.store.open_uploads(asked.bucket, query.get("prefix", ""))
        marker = query.get("key-marker", ""), query.get("upload-id-marker", "")
        names = [(upload.key, upload.name) for upload in found]
        start = names.index(marker) + 1 if marker in names else 0
        most = min(self.page, int(query.get("max-uploads", self.page)))
        shown, more = found[start : start + most], len(found) > start + most
        rows = "".join(
            _tag(
                "Upload",
                Key=upload.key,
                UploadId=upload.name,
                StorageClass=upload.described.storage_class,
                Initiated=_iso(upload.initiated),
            )
            for upload in shown
        )
        last = shown[-1] if more else None
        following = {"NextKeyMarker": last.key, "NextUploadIdMarker": last.name} if last else {}
        listed: dict[str, Any] = {
            "Bucket": asked.bucket,
            "Prefix": query.get("prefix", ""),
            **following,
            "MaxUploads": most,
            "IsTruncated": str(more).lower(),
        }
        return _xml(_tag("ListMultipartUploadsResult", rows, **listed))

    def _head(self, asked: Asked, _: Piece) -> Answer:
        stored = self._object(asked)
        return Answer(200, {**_told(stored, asked), "Content-Length": str(stored.size)}, None)

    def _get(self, asked: Asked, _: Piece) -> Answer:
        stored = self._object(asked)
        told, size = _told(stored, asked), stored.size
        match = _RANGE.fullmatch(asked.headers.get("range", ""))
        if match is None:
            return Answer(200, told, stored.read())
        first, last = match.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last) + 1, size) if first and last else size
        if start >= end:
            raise Refused(416, "InvalidRange", "The requested range is not satisfiable")
        told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return Answer(206, told, stored.read(start, end))

    def _delete(self, asked: Asked, _: Piece) -> Answer:
        self.store.bucket(asked.bucket).pop(asked.key, None)
        return Answer(204)

    def _list(self, asked: Asked, _: Piece) -> Answer:
        objects = dict(self.store.bucket(asked.bucket))
        query = {"max-keys": str(self.page), **asked.query}

        def row(key: str) -> str:
            one = objects[key]
            return (
                f"<LastModified>{_iso(one.modified)}</LastModified><ETag>{escape(one.etag)}</ETag>"
                f"<Size>{one.size}</Size>"
                f"<StorageClass>{one.described.storage_class}</StorageClass>"
            )

        return _xml(sink_list.page(sorted(objects), row, query))

    def _create_bucket(self, asked: Asked, _: Piece) -> Answer:
        self.store.buckets.setdefault(asked.bucket, {})
        return Answer(200, {"Location": f"/{asked.bucket}"})

    def _head_bucket(self, asked: Asked, _: Piece) -> Answer:
        self.store.bucket(asked.bucket)
        return Answer(200)

    def _object(self, asked: Asked) -> Stored:
        found = self.store.bucket(asked.bucket).get(asked.key)
        if found is None:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        return found


def _checksum(stored: Stored) -> dict[str, str]:
    described = stored.described
    return {
        f"x-amz-checksum-{described.algorithm}": stored.checksum,
        "x-amz-checksum-type": "COMPOSITE" if described.composite else "FULL_OBJECT",
    }


def _told(stored: Stored, asked: Asked) -> dict[str, str]:
    described = stored.described
    told = {
        "ETag": stored.etag,
        "Last-Modified": formatdate(stored.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Type": described.content_type,
        **{f"x-amz-meta-{name}": value for name, value in described.metadata.items()},
    }
    if described.storage_class != "STANDARD":
        told["x-amz-storage-class"] = described.storage_class
    wanted = asked.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    if wanted and "range" not in asked.headers:
        told |= _checksum(stored)
    return told


def _wished(body: bytes, algorithm: str) -> tuple[tuple[int, str, str], ...]:
    try:
        root = ET.fromstring(body)
    except ET.ParseError as error:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed") from error
    assert algorithm in HASHES
    wished = []
    for part in root:
        told = {child.tag.rpartition("}")[2]: child.text or "" for child in part}
        checksum = told.get(f"Checksum{algorithm.upper()}", "")
        wished.append((int(told["PartNumber"]), told["ETag"], checksum))
    return tuple(wished)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _tag(name: str, inside: str = "", /, **fields: Any) -> str:
    told = "".join(f"<{tag}>{escape(str(value))}</{tag}>" for tag, value in fields.items())
    return f"<{name}>{told}{inside}</{name}>"


def _xml(text: str, headers: Mapping[str, str] | None = None) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Answer(200, {"Content-Type": "application/xml", **(headers or {})}, body)
