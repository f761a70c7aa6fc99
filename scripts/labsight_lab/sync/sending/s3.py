"""The archive in S3: what is asked of it, in its own words.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

import logging
from collections.abc import Callable
from typing import Final

from labsight.errors import StorageUnavailable
from labsight.objects.http1 import Answer
from labsight_lab.sync.journal.entries import Part
from labsight_lab.sync.open_files import few_connections, most_connections
from labsight_lab.sync.sending import s3_xml
from labsight_lab.sync.sending.archive import NewObject, UploadGone
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.credentials import find
from labsight_lab.sync.sending.limits import Limiter
from labsight_lab.sync.sending.s3_client import Request, S3Client
from labsight_lab.sync.sending.s3_reader import S3Reader
from labsight_lab.sync.source import written

STORAGE_CLASS: Final = "INTELLIGENT_TIERING"
# A completion may take minutes, in which S3 sends a space now and then, and others nothing.
_COMPLETION_SECONDS = 900.0
# Bytes of an object: from here on, a taken key had better be heard of before they are sent. With
# less it would cost more time than it saves, and a part of an upload has no key that is taken.
ASKS_FIRST = 1 << 20
_ALGORITHM = "CRC64NVME"
_CHECKSUM = "x-amz-checksum-crc64nvme"

_log = logging.getLogger(__name__)


def connect(
    bucket: str,
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint: str | None = None,
    connections: int = 128,
    limiter: Limiter | None = None,
    tell: Callable[[str], None] = _log.warning,
) -> "S3Archive":
    """Return the archive in ``bucket``, for ``connections`` threads.

    ``tell`` hears, once, what somebody should put right though the work goes on: the clock, or a
    limit of open files that is too low for so many connections. Raises SettingsError on a machine
    without credentials, Unreachable when who gives them is away.
    """
    most = most_connections(connections)
    if most < connections:
        tell(few_connections(connections, most))
    client = S3Client(
        bucket,
        find(profile, region),
        endpoint=endpoint,
        connections=most,
        limiter=limiter,
        tell=tell,
    )
    return S3Archive(client)


def reader(
    bucket: str,
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint: str | None = None,
    connections: int = 128,
) -> S3Reader:
    """Return the archive for somebody who may read it; raises as ``connect`` does."""
    identity = find(profile, region)
    return S3Reader(S3Client(bucket, identity, endpoint=endpoint, connections=connections))


class S3Archive:
    """Makes objects in one bucket, each with a checksum and only where there is none yet."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def put(self, new: NewObject, body: Body, crc64: int) -> None:
        """Make an object in one request; S3 compares the checksum before it stores anything."""
        headers = {**_described(new), **_summed(crc64), "if-none-match": "*"}
        asks_first = len(body) > ASKS_FIRST
        answer = self._client.ask(
            Request(
                "PUT", new.key, "s3:PutObject", headers=headers, body=body, asks_first=asks_first
            )
        )
        _compare(answer.headers.get(_CHECKSUM), crc64, new.key)

    def holds(self, key: str) -> bool:
        """Say whether a key is known to be taken; this needs the right s3:GetObject."""
        answer, _ = self._client.answer(Request("HEAD", key, "s3:GetObject"))
        return answer.status < 300  # what else is wrong, the upload will tell

    def begin(self, new: NewObject) -> str:
        """Open an upload whose object will carry one checksum over all its bytes."""
        headers = {
            **_described(new),
            "x-amz-checksum-algorithm": _ALGORITHM,
            "x-amz-checksum-type": "FULL_OBJECT",
        }
        query = {"uploads": ""}
        answer = self._client.ask(
            Request("POST", new.key, "s3:PutObject", query=query, headers=headers)
        )
        upload = s3_xml.field(answer.body, "UploadId")
        if not upload:
            raise _lacking(new.key, "the id of an upload")
        return upload

    def put_part(self, key: str, upload: str, number: int, body: Body, crc64: int) -> Part:
        """Store one part."""
        query = {"partNumber": str(number), "uploadId": upload}
        answer = self._client.ask(
            Request("PUT", key, "s3:PutObject", query=query, headers=_summed(crc64), body=body)
        )
        _compare(answer.headers.get(_CHECKSUM), crc64, key)
        etag = answer.headers.get("etag")
        if not etag:
            raise _lacking(key, "the ETag of a part")
        return Part(number, etag)

    def parts(self, key: str, upload: str) -> list[Part]:
        """List what an open upload holds."""
        rows = self._pages(
            Request("GET", key, "s3:ListMultipartUploadParts", query={"uploadId": upload}),
            "Part",
            {"part-number-marker": "NextPartNumberMarker"},
        )
        try:
            return [Part(int(row["PartNumber"]), row["ETag"]) for row in rows]
        except (LookupError, ValueError):
            raise _lacking(key, "the numbers and ETags of parts") from None

    def complete(self, key: str, upload: str, parts: list[Part], *, size: int, crc64: int) -> None:
        """Make the object out of its parts; S3 compares size and checksum of the whole."""
        answer = self._client.ask(
            Request(
                "POST",
                key,
                "s3:PutObject",
                query={"uploadId": upload},
                headers={
                    "content-type": "application/xml",
                    "if-none-match": "*",
                    "x-amz-mp-object-size": str(size),
                    "x-amz-checksum-type": "FULL_OBJECT",
                    _CHECKSUM: written(crc64),
                },
                data=s3_xml.completion(parts),
                seconds=_COMPLETION_SECONDS,
                late=True,
            )
        )
        _compare(s3_xml.field(answer.body, "ChecksumCRC64NVME"), crc64, key)

    def open_uploads(self, key: str) -> list[str]:
        """List the ids of the uploads that are open under exactly this key."""
        query = {"uploads": "", "encoding-type": "url", "prefix": key}
        rows = self._pages(
            Request("GET", "", "s3:ListBucketMultipartUploads", query=query),
            "Upload",
            {"key-marker": "NextKeyMarker", "upload-id-marker": "NextUploadIdMarker"},
        )
        try:
            return [row["UploadId"] for row in rows if row["Key"] == key]
        except LookupError:
            raise _lacking(key, "the ids of uploads") from None

    def abort(self, key: str, upload: str) -> None:
        """Drop an open upload and its parts."""
        try:
            self._client.ask(
                Request("DELETE", key, "s3:AbortMultipartUpload", query={"uploadId": upload})
            )
        except UploadGone:
            return

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._client.close()

    def _pages(self, request: Request, row: str, following: dict[str, str]) -> list[dict[str, str]]:
        """Return the rows of all pages of a list."""
        rows: list[dict[str, str]] = []
        query = dict(request.query)
        while True:
            answer: Answer = self._client.ask(request._replace(query=query, limit=s3_xml.MAX_BYTES))
            page = s3_xml.page(answer.body, row, following)
            rows += page.rows
            if not page.following:
                return rows
            if page.following.items() <= query.items():
                raise StorageUnavailable("the archive answers with a list that leads in circles")
            query |= page.following


def _described(new: NewObject) -> dict[str, str]:
    metadata = {f"x-amz-meta-{name}": value for name, value in new.metadata.items()}
    return {**metadata, "content-type": new.content_type, "x-amz-storage-class": STORAGE_CLASS}


def _summed(crc64: int) -> dict[str, str]:
    """Return a checksum as the SDKs send it; S3 needs no more than the first, moto both."""
    return {_CHECKSUM: written(crc64), "x-amz-sdk-checksum-algorithm": _ALGORITHM}


def _compare(stored: str | None, crc64: int, key: str) -> None:
    """Hold the checksum in S3's answer against the local one; some stand-ins for S3 send none."""
    if stored is not None and stored != written(crc64):
        raise StorageUnavailable(
            f"{key}: the archive reports checksum {stored}, the file has {written(crc64)}"
        )


def _lacking(key: str, what: str) -> StorageUnavailable:
    return StorageUnavailable(f"{key}: the archive's answer lacks {what}")
