"""Two repairs to moto's S3, without which whole slides do not fit through it.

moto keeps an object in one spooled file but reads all of it for every ranged GET, and joins a
multipart upload several times over in memory before it announces the object twice. Slides are
gigabytes and are read in kilobytes, so both are replaced here. They touch names that moto keeps
private: moto is pinned, and each repair has a test.
"""

# ruff: noqa: SLF001  (moto offers no public way to an object's buffer)

import functools
import hashlib
import mmap
import re
import shutil
import tempfile
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import IO, Any, cast

from moto.s3 import models as typed_models
from moto.s3 import notifications
from moto.s3 import responses as typed_responses
from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML
from moto.s3.utils import compute_checksum

models: Any = typed_models  # a type checker is right that what follows must not be done to classes
responses: Any = typed_responses
COPY_BYTES = 1 << 20
_ONE_RANGE = re.compile(r"bytes=(?:\d+-\d*|-\d+)")
_reading_a_range: ContextVar[bool] = ContextVar("reading_a_range", default=False)


@functools.cache
def apply() -> None:
    """Put both repairs in place, once in a process."""
    _read_ranges_in_place()
    _join_parts_on_disk()


class _Slices:
    """An object's bytes, of which only the slice that is asked for is read."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def __len__(self) -> int:
        return cast("int", self._key.contentsize)

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(len(self))
        with self._key.lock:
            self._key._value_buffer.seek(start)
            return cast("bytes", self._key._value_buffer.read(max(0, stop - start)))


@dataclass(frozen=True)
class _Joined:
    """The parts of an upload as one file, handed to a key instead of its bytes."""

    file: IO[bytes]
    size: int


def _read_ranges_in_place() -> None:
    """Let ``GetObject`` with one plain range see the object as slices."""
    whole = models.FakeKey.value
    get_object = responses.S3Response.get_object

    def value(key: Any) -> Any:
        return _Slices(key) if _reading_a_range.get() else whole.fget(key)

    def set_value(key: Any, new_value: Any) -> None:
        if isinstance(new_value, _Joined):
            key._value_buffer.close()
            key._value_buffer, key.contentsize = new_value.file, new_value.size
        else:
            whole.fset(key, new_value)

    @functools.wraps(get_object)
    def get_object_by_range(response: Any) -> Any:
        wanted = response.headers.get("range") or ""
        token = _reading_a_range.set(bool(_ONE_RANGE.fullmatch(wanted)))
        try:
            return get_object(response)
        finally:
            _reading_a_range.reset(token)

    models.FakeKey.value = property(value, set_value)
    responses.S3Response.get_object = get_object_by_range


def _join_parts_on_disk() -> None:
    """Let ``CompleteMultipartUpload`` join parts in a file and announce the object once."""

    def complete(backend: Any, bucket_name: str, multipart_id: str, body: Any) -> Any:
        bucket = backend.get_bucket(bucket_name)
        upload = bucket.multiparts[multipart_id]
        parts = _checked_parts(upload, body)
        joined = _join(parts)
        key = backend.put_object(
            bucket_name,
            upload.key_name,
            joined,
            storage=upload.storage,
            etag=_etag(parts),
            multipart=upload,
            encryption=upload.sse_encryption,
            kms_key_id=upload.kms_key_id,
            disable_notification=True,
        )
        key.set_metadata(upload.metadata)
        _keep_checksum(key, upload.metadata, parts, joined)
        del bucket.multiparts[multipart_id]  # and with it the parts' own copies
        backend.put_object_tagging(key, upload.tags)
        backend.put_object_acl(
            bucket_name=bucket_name, key_name=key.name, acl=upload.acl, disable_notification=True
        )
        finished = notifications.S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT
        notifications.send_event(backend.account_id, finished, bucket, key)
        return key

    models.S3Backend.complete_multipart_upload = complete


def _checked_parts(upload: Any, listed: Iterable[tuple[int, str]]) -> list[Any]:
    """Return the parts that the caller lists; raise as S3 does when the list does not hold."""
    parts: list[Any] = []
    for number, etag in listed:
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        if parts and parts[-1].contentsize < models.S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall
        parts.append(part)
    if not parts:
        raise MalformedXML
    return parts


def _join(parts: Iterable[Any]) -> _Joined:
    file = tempfile.TemporaryFile()  # noqa: SIM115  the key that takes it over closes it
    for part in parts:
        with part.lock:
            part._value_buffer.seek(0)
            shutil.copyfileobj(part._value_buffer, file, COPY_BYTES)
    file.flush()
    return _Joined(file, file.tell())


def _etag(parts: list[Any]) -> str:
    digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def _keep_checksum(key: Any, metadata: Any, parts: list[Any], joined: _Joined) -> None:
    """Note the checksum that the upload asked for: of the parts' checksums, or of the whole."""
    algorithm = metadata.get("x-amz-checksum-algorithm")
    if algorithm is None:
        return
    default = "FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE"
    kind = metadata.get("x-amz-checksum-type") or default
    if kind == "COMPOSITE":
        each = (compute_checksum(part.value, algorithm, encode_base64=False) for part in parts)
        value, count = compute_checksum(b"".join(each), algorithm), len(parts)
    elif joined.size == 0:
        value, count = compute_checksum(b"", algorithm), 1
    else:
        with mmap.mmap(joined.file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            value, count = compute_checksum(cast("Any", content), algorithm), 1
    key.checksum_algorithm, key.checksum_type = algorithm, kind
    key.checksum_value, key.checksum_parts = value.decode(), count
