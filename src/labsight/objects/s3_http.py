"""A bucket as an object store, without the AWS tools: quick to start, cheap per ranged read.

Signing and sending one ranged GET takes a tenth of the CPU that boto3 takes for it, and a stored
tile is little else. Both stores behave alike, down to the errors.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from math import inf
from pathlib import Path

from labsight.errors import InvalidInput, ObjectChanged, StorageUnavailable
from labsight.objects import credentials as found_credentials
from labsight.objects import http1, s3_address, s3_environment, s3_errors
from labsight.objects.attempts import attempts
from labsight.objects.connections import Connections
from labsight.objects.credentials import CredentialSource
from labsight.objects.http1 import Answer
from labsight.objects.http_dates import parse_date
from labsight.objects.sigv4 import EMPTY, Signer, encoded_path, encoded_query
from labsight.objects.store import PARALLEL, ObjectInfo

MAX_WHOLE_BYTES = 1 << 30  # of an object that is read without a range, in memory
PIECE_BYTES = 16 << 20  # of a download, in memory
_MAX_ERROR_BYTES = 64 << 10
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,80})</Code>")
_METADATA = "x-amz-meta-"
_METADATA_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")

_log = logging.getLogger(__name__)


class HttpS3Store:
    """Objects of one bucket; safe to share between threads.

    ``region`` and ``credentials`` are found in the environment when they are not given.
    ``endpoint`` (``https://server:port``) is for S3 look-alikes; it is addressed by path, AWS by
    host name unless the bucket's name has dots, which no certificate covers. ``patience``: so many
    seconds after a request was begun, it is not tried again.
    """

    parallel = PARALLEL

    def __init__(
        self,
        bucket: str,
        region: str | None = None,
        credentials: CredentialSource | None = None,
        endpoint: str | None = None,
        patience: float = inf,
    ) -> None:
        self._bucket = bucket
        self._patience = patience
        self._region = region or s3_environment.region() or s3_address.USUAL_REGION
        self._credentials = credentials or found_credentials.from_environment()
        origin, self._path = s3_address.of_bucket(bucket, self._region, endpoint)
        self._host = origin.authority
        self._signer = Signer(self._region)
        self._connections = Connections(origin)

    def head(self, key: str) -> ObjectInfo:
        """Describe an object."""
        answer = self._ask("HEAD", key, {}, _MAX_ERROR_BYTES)
        headers = answer.headers
        size = headers.get("content-length", "")
        if not (size.isascii() and size.isdigit() and len(size) < 19):
            raise self._odd(key, "no length")
        return ObjectInfo(
            key=key,
            size=int(size),
            etag=headers.get("etag", "").strip('"'),
            modified=parse_date(headers.get("last-modified", "")),
            metadata={
                name.removeprefix(_METADATA): value
                for name, value in headers.items()
                if name.startswith(_METADATA)
            },
        )

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        """Return a part of an object by one ranged request."""
        if length == 0:
            return b""
        wanted = {"if-match": f'"{etag}"'} if etag else {}
        if not start and length is None:
            return self._ask("GET", key, wanted, MAX_WHOLE_BYTES).body
        last = "" if length is None else start + length - 1
        wanted["range"] = f"bytes={start}-{last}"
        limit = MAX_WHOLE_BYTES if length is None else length
        answer = self._ask("GET", key, wanted, limit)
        if answer.status == 416:  # the range starts at or behind the end
            return b""
        given = answer.headers.get("content-range", "")
        fits = len(answer.body) <= limit and given.startswith(f"bytes {start}-")
        if answer.status != 206 or not fits:
            raise self._odd(key, f"status {answer.status} and range {given[:60]!r}")
        return answer.body

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
        headers = {"content-length": str(len(data)), "content-type": content_type}
        for name, value in (metadata or {}).items():
            if not _METADATA_NAME.fullmatch(name):
                raise InvalidInput(f"metadata {name[:80]!r}: use letters, digits, - _ and . only")
            headers[f"{_METADATA}{name.lower()}"] = value
        if if_absent:
            headers["if-none-match"] = "*"
        answer = self._ask("PUT", key, headers, _MAX_ERROR_BYTES, body=data)
        etag = answer.headers.get("etag", "").strip('"')
        return ObjectInfo(key=key, size=len(data), etag=etag, modified=datetime.now(UTC))

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield objects, a page of up to 1,000 at a time."""
        from labsight.objects import s3_listing  # noqa: PLC0415 - tiles need no XML

        query = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
        if after:
            query["start-after"] = after
        while True:
            answer = self._ask("GET", "", {}, s3_listing.MAX_PAGE_BYTES, query=query)
            page = s3_listing.parse(answer.body)
            yield from page.objects
            if page.continuation is None:
                return
            query["continuation-token"] = page.continuation

    def download(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Copy an object into a file, piece by piece; what breaks off is asked for again."""
        from labsight.objects.folder import whole_file  # noqa: PLC0415 - tiles need no files

        info = self.head(key)
        if etag is not None and info.etag != etag:
            raise ObjectChanged(f"{key}: the object changed since it was indexed")
        with whole_file(path) as file:
            for start in range(0, info.size, PIECE_BYTES):
                piece = self.read(key, start, PIECE_BYTES, etag=info.etag)
                if len(piece) != min(PIECE_BYTES, info.size - start):
                    raise self._odd(key, f"{len(piece)} bytes from {start} on")
                file.write(piece)

    def local_path(self, key: str) -> Path | None:
        """A bucket has no files on this machine."""
        del key
        return None

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._connections.close()

    def _ask(
        self,
        method: str,
        key: str,
        headers: dict[str, str],
        limit: int,
        *,
        body: bytes = b"",
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to a request; failures that may pass are waited out.

        Answers of 2xx and 416 are returned, of the others the error is raised.
        """
        path = f"{self._path}/{encoded_path(key)}"
        target = path, encoded_query(query) if query else ""
        headers["host"] = self._host
        code = ""
        for _ in attempts(self._patience):
            answer = self._once(method, target, headers, body, limit)
            if answer is None:
                continue
            if answer.status < 300 or answer.status == 416:
                return answer
            found = _CODE.search(answer.body)
            code = found[1].decode() if found else str(answer.status)
            if code in s3_errors.STALE_CREDENTIALS and self._has_others():
                continue
            if not s3_errors.may_pass(answer.status, code):
                told = answer.headers.get("x-amz-bucket-region", "")
                elsewhere = s3_errors.wrong_region(code, self._bucket, self._region, told)
                raise elsewhere or s3_errors.translate(code, key, _OPERATIONS[method])
        raise s3_errors.translate(code or "no answer", key, _OPERATIONS[method])

    def _once(
        self,
        method: str,
        target: tuple[str, str],
        headers: dict[str, str],
        body: bytes,
        limit: int,
    ) -> Answer | None:
        """Return the answer to a request sent once; None when there was none."""
        payload = sha256(body).hexdigest() if body else EMPTY
        signed = self._signer.request(self._credentials.current(), method, target, headers, payload)
        limit = max(limit, _MAX_ERROR_BYTES)
        try:
            return self._connections.exchange(signed + body, limit, bodiless=method == "HEAD")
        except http1.TooLong:
            raise self._odd(target[0], f"more than {limit:,} bytes") from None
        except OSError as error:
            _log.warning("%s %s: %s", method, target[0], error)
            return None

    def _has_others(self) -> bool:
        """Whether there are other credentials than those that have expired."""
        expired = self._credentials.current()
        self._credentials.forget()
        return self._credentials.current() != expired

    def _odd(self, key: str, what: str) -> StorageUnavailable:
        _log.warning("%s: %s answered with %s", key, self._host, what)
        return StorageUnavailable(s3_errors.AWAY)


_OPERATIONS = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject"}
