"""The archive in S3 for somebody who may read it: what `labsight verify` asks."""

import re
from collections.abc import Iterator

from labsight.errors import ObjectChanged, ObjectMissing, StorageUnavailable
from labsight.objects.http1 import Answer
from labsight_lab.sync.sending import s3_xml
from labsight_lab.sync.sending.archive import Denied, Stored
from labsight_lab.sync.sending.s3_client import MAX_ERROR_BYTES, Request, S3Client
from labsight_lab.sync.source import parsed

PIECE_BYTES = 8 << 20
_METADATA = "x-amz-meta-"
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")


class S3Reader:
    """Reads objects of one bucket; safe to share between threads."""

    def __init__(self, client: S3Client) -> None:
        self._client = client
        self._bucket_is_there = False

    def head(self, key: str) -> Stored | None:
        """Describe an object; None where there is none under this key."""
        request = _asking("HEAD", key, {"x-amz-checksum-mode": "ENABLED"})
        answer, _ = self._client.answer(request)
        if answer.status == 404:
            self._check_bucket(key)
            return None
        if answer.status >= 300:
            raise self._refused(request, answer)
        self._bucket_is_there = True
        try:
            return _stored(answer.headers)
        except (LookupError, ValueError) as error:
            raise StorageUnavailable(f"{key}: the archive describes it oddly: {error}") from None

    def blocks(self, key: str, etag: str) -> Iterator[bytes]:
        """Yield the bytes of this version, 8 MiB at a time; what breaks off is asked for again."""
        start, size = 0, 1
        while start < size:
            last = start + PIECE_BYTES - 1
            wanted = {"range": f"bytes={start}-{last}", "if-match": etag}
            request = _asking("GET", key, wanted)._replace(limit=max(PIECE_BYTES, MAX_ERROR_BYTES))
            answer, _ = self._client.answer(request)
            if answer.status == 416 and not start:  # an empty object has no first byte
                return
            if answer.status >= 300:
                raise self._refused(request, answer)
            if answer.headers.get("etag", etag) != etag:  # some look-alikes know no If-Match
                raise _changed(key)
            size = _size(answer, start, key)
            yield answer.body
            start += len(answer.body)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._client.close()

    def _check_bucket(self, key: str) -> None:
        """Raise when it is the bucket that is missing, which the answer to a HEAD cannot tell."""
        if self._bucket_is_there:
            return
        request = _asking("GET", key, {"range": "bytes=0-0"})
        answer, _ = self._client.answer(request)
        if answer.status >= 300 and s3_xml.refused(answer)[0].code != "NoSuchKey":
            raise self._refused(request, answer)
        self._bucket_is_there = True

    def _refused(self, request: Request, answer: Answer) -> Exception:
        key, code = request.key, s3_xml.refused(answer)[0].code
        error = self._client.error(request, answer)
        if isinstance(error, Denied):
            return Denied(
                f"{error.message}. Or there is no {key}: to who may not list the bucket "
                "(s3:ListBucket), AWS says the same of what is missing"
            )
        if code == "NoSuchKey":
            return ObjectMissing(f"{key}: no such object in the archive")
        if code == "PreconditionFailed":
            return _changed(key)
        if code == "InvalidObjectState":
            return StorageUnavailable(
                f"{key}: the object rests in the archive tier; restore it to have it read"
            )
        return error


def _changed(key: str) -> ObjectChanged:
    return ObjectChanged(f"{key}: the object in the archive changed while it was read")


def _asking(method: str, key: str, headers: dict[str, str]) -> Request:
    return Request(method, key, "s3:GetObject", headers=headers)


def _stored(headers: dict[str, str]) -> Stored:
    """Read the description of an object; raises LookupError and ValueError."""
    size, checksum = headers["content-length"], headers.get("x-amz-checksum-crc64nvme")
    if not (size.isascii() and size.isdigit() and len(size) < 19):
        raise ValueError("its length is no number")
    return Stored(
        size=int(size),
        crc64=None if checksum is None else parsed(checksum),
        metadata={
            name.removeprefix(_METADATA): value
            for name, value in headers.items()
            if name.startswith(_METADATA)
        },
        etag=headers["etag"],
    )


def _size(answer: Answer, start: int, key: str) -> int:
    """Return the size of the whole object, once it is sure which of its bytes these are."""
    match = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    first, last, size = map(int, match.groups()) if match else (0, 0, 0)
    wanted = min(start + PIECE_BYTES, size)
    if answer.status != 206 or first != start or last + 1 != wanted:
        raise StorageUnavailable(f"{key}: the archive answers with other bytes than asked for")
    if len(answer.body) != wanted - start:
        raise StorageUnavailable(f"{key}: the archive answers with less than it says")
    return size
