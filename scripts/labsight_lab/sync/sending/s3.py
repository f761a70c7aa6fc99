"""The archive in S3, through boto3."""

from contextlib import AbstractContextManager
from typing import IO, TYPE_CHECKING, Final, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from labsight import __version__
from labsight.errors import SettingsError, StorageUnavailable
from labsight_lab.sync.sending import s3_errors
from labsight_lab.sync.sending.archive import NewObject, Part, UploadGone
from labsight_lab.sync.sending.source import Body, written

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STORAGE_CLASS: Final = "INTELLIGENT_TIERING"
_ATTEMPTS = 6


def connect(
    bucket: str, *, profile: str | None, endpoint: str | None, connections: int
) -> "S3Archive":
    """Return the archive in ``bucket``; raise SettingsError on a machine without credentials."""
    try:
        session = boto3.Session(profile_name=profile)
        if session.get_credentials() is None:
            raise NoCredentialsError
        client = session.client(
            "s3",
            endpoint_url=endpoint,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                connect_timeout=10,
                read_timeout=60,
                max_pool_connections=connections,
                tcp_keepalive=True,
                user_agent_extra=f"labsight/{__version__}",
                # A stand-in for S3 has no host name for each bucket.
                s3={"addressing_style": "path"} if endpoint else None,
            ),
        )
    except BotoCoreError as error:
        raise s3_errors.credentials_unusable(error) from error
    except ValueError as error:
        raise SettingsError(f"--endpoint-url {endpoint}: {error}") from error
    return S3Archive(client, bucket)


class S3Archive:
    """Makes objects in one bucket, each with a checksum and only where there is none yet."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, new: NewObject, body: Body, crc32: int) -> None:
        """Make an object in one request; S3 compares the checksum before it stores anything."""
        with self._asking("s3:PutObject", new.key):
            reply = self._client.put_object(
                Bucket=self._bucket,
                Key=new.key,
                Body=_stream(body),
                IfNoneMatch="*",
                StorageClass=STORAGE_CLASS,
                ContentType=new.content_type,
                Metadata=new.metadata,
                ChecksumAlgorithm="CRC32",
                ChecksumCRC32=written(crc32),
            )
        _compare(reply.get("ChecksumCRC32"), crc32, new.key)

    def holds(self, key: str) -> bool:
        """Say whether a key is known to be taken; this needs the right s3:GetObject."""
        with self._asking("s3:GetObject", key):
            try:
                self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError:
                return False  # free, or not to be seen; what else is wrong, the upload will tell
        return True

    def begin(self, new: NewObject) -> str:
        """Open an upload whose object will carry one checksum over all its bytes."""
        with self._asking("s3:PutObject", new.key):
            reply = self._client.create_multipart_upload(
                Bucket=self._bucket,
                Key=new.key,
                StorageClass=STORAGE_CLASS,
                ContentType=new.content_type,
                Metadata=new.metadata,
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )
        return reply["UploadId"]

    def put_part(self, key: str, upload: str, number: int, body: Body, crc32: int) -> Part:
        """Store one part."""
        with self._asking("s3:PutObject", key):
            reply = self._client.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=_stream(body),
                ChecksumAlgorithm="CRC32",
                ChecksumCRC32=written(crc32),
            )
        _compare(reply.get("ChecksumCRC32"), crc32, key)
        return Part(number, reply["ETag"])

    def parts(self, key: str, upload: str) -> list[Part]:
        """List what an open upload holds."""
        with self._asking("s3:ListMultipartUploadParts", key):
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self._bucket, Key=key, UploadId=upload
            )
            return [
                Part(part["PartNumber"], part["ETag"])
                for page in pages
                for part in page.get("Parts", ())
            ]

    def complete(self, key: str, upload: str, parts: list[Part], *, size: int, crc32: int) -> None:
        """Make the object out of its parts; S3 compares size and checksum of the whole."""
        with self._asking("s3:PutObject", key):
            reply = self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={
                    "Parts": [{"PartNumber": p.number, "ETag": p.etag} for p in parts]
                },
                IfNoneMatch="*",
                MpuObjectSize=size,
                ChecksumType="FULL_OBJECT",
                ChecksumCRC32=written(crc32),
            )
        _compare(reply.get("ChecksumCRC32"), crc32, key)

    def open_uploads(self, key: str) -> list[str]:
        """List the ids of the uploads that are open under exactly this key."""
        with self._asking("s3:ListBucketMultipartUploads", key):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=key
            )
            return [
                upload["UploadId"]
                for page in pages
                for upload in page.get("Uploads", ())
                if upload["Key"] == key
            ]

    def abort(self, key: str, upload: str) -> None:
        """Drop an open upload and its parts."""
        try:
            with self._asking("s3:AbortMultipartUpload", key):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        except UploadGone:
            return

    def _asking(self, right: str, key: str) -> AbstractContextManager[None]:
        return s3_errors.translated(
            endpoint=self._client.meta.endpoint_url, bucket=self._bucket, key=key, right=right
        )


def _compare(stored: str | None, crc32: int, key: str) -> None:
    """Hold the checksum in S3's answer against the local one; some stand-ins for S3 send none."""
    if stored is not None and stored != written(crc32):
        raise StorageUnavailable(
            f"{key}: the archive reports checksum {stored}, the file has {written(crc32)}"
        )


def _stream(body: Body) -> IO[bytes]:
    """Hand over a body as the type stubs want it: botocore needs but read, seek and tell."""
    return cast("IO[bytes]", body)
