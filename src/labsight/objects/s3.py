"""A bucket as an object store."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from labsight.errors import (
    ObjectChanged,
    ObjectExists,
    ObjectMissing,
    StorageUnavailable,
)
from labsight.objects.folder import whole_file
from labsight.objects.store import PARALLEL, ObjectInfo

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = {"404", "NoSuchKey", "NoSuchBucket"}
AWAY = "the archive does not answer as it should; try again in a moment"
_CHUNK = 1 << 20

_log = logging.getLogger(__name__)


class S3Store:
    """Objects of one bucket. The client is safe to share between threads."""

    parallel = PARALLEL

    def __init__(self, bucket: str, client: "S3Client | None" = None) -> None:
        self._bucket = bucket
        self._client = client or default_client()

    def head(self, key: str) -> ObjectInfo:
        """Describe an object."""
        with _errors(key):
            answer = self._client.head_object(Bucket=self._bucket, Key=key)
        return ObjectInfo(
            key=key,
            size=answer["ContentLength"],
            etag=answer["ETag"].strip('"'),
            modified=answer["LastModified"],
            metadata={name.lower(): value for name, value in answer.get("Metadata", {}).items()},
        )

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        """Return a part of an object by one ranged request."""
        if length == 0:
            return b""
        wanted: dict[str, Any] = {"IfMatch": f'"{etag}"'} if etag else {}
        if start or length is not None:
            last = "" if length is None else start + length - 1
            wanted["Range"] = f"bytes={start}-{last}"
        try:
            with _errors(key):
                return self._client.get_object(Bucket=self._bucket, Key=key, **wanted)[
                    "Body"
                ].read()
        except _BeyondEnd:
            return b""

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Store an object by one request."""
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if if_absent else {}
        with _errors(key):
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=data,
                ContentType=content_type,
                Metadata=dict(metadata or {}),
                **condition,
            )
        etag, now = answer["ETag"].strip('"'), datetime.now(UTC)
        return ObjectInfo(key=key, size=len(data), etag=etag, modified=now)

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield objects, a page of up to 1,000 at a time."""
        pages = self._client.get_paginator("list_objects_v2")
        with _errors(prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after):
                for entry in page.get("Contents", ()):
                    yield ObjectInfo(
                        key=entry["Key"],
                        size=entry["Size"],
                        etag=entry["ETag"].strip('"'),
                        modified=entry["LastModified"],
                    )

    def download(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Stream an object into a file."""
        condition: dict[str, Any] = {"IfMatch": f'"{etag}"'} if etag else {}
        with _errors(key), whole_file(path) as file:
            body = self._client.get_object(Bucket=self._bucket, Key=key, **condition)["Body"]
            for chunk in body.iter_chunks(_CHUNK):
                file.write(chunk)

    def local_path(self, key: str) -> Path | None:
        """A bucket has no files on this machine."""
        del key
        return None


def default_client() -> "S3Client":
    """Make a client from the environment; its answers and connections are bounded in time."""
    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "max_attempts": 4},
        max_pool_connections=32,
    )
    return boto3.client("s3", config=config)


class _BeyondEnd(Exception):
    """The range starts at or behind the end of the object."""


@contextmanager
def _errors(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in {"InvalidRange", "416"}:
            raise _BeyondEnd from None
        raise _translate(code, key, error) from error
    except (BotoCoreError, OSError) as error:
        _log.warning("%s: %s", key, error)
        raise StorageUnavailable(AWAY) from error


def _translate(code: str, key: str, error: ClientError) -> Exception:
    if code in _MISSING:
        return ObjectMissing(f"{key}: no such object")
    if code in {"PreconditionFailed", "412"}:
        if error.operation_name == "PutObject":
            return ObjectExists(f"{key}: there is an object under this key; it is not replaced")
        return ObjectChanged(f"{key}: the object changed since it was indexed")
    if code == "InvalidObjectState":
        return StorageUnavailable(f"{key}: the file rests in the archive tier; restore it first")
    # Also when access is denied: the role that lacks a right is ours, not the caller's.
    _log.warning("%s: %s answered %s", key, error.operation_name, code)
    return StorageUnavailable(AWAY)
