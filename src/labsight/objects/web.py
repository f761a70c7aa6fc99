"""Files on web servers as an object store to read from: any server that answers Range.

The version of a file is its ETag, else its date, else its size. It is compared with what each
answer says, rather than asked for with If-Match, which many servers pass over in silence.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from labsight.errors import (
    InvalidInput,
    NotPermitted,
    ObjectChanged,
    ObjectMissing,
    StorageUnavailable,
)
from labsight.objects import http1
from labsight.objects.attempts import attempts
from labsight.objects.connections import Connections, Origin, split_url, without_secrets
from labsight.objects.http1 import Answer
from labsight.objects.http_dates import parse_date
from labsight.objects.store import PARALLEL, ObjectInfo
from labsight.problem import MEDIA_TYPE as PROBLEM

MAX_REDIRECTS = 5
_PIECE_BYTES = 16 << 20
_SMALL = 64 << 10  # errors and the like
_MAX_DETAIL = 300  # characters of what a server says
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_NOTHING_THERE = re.compile(r"bytes \*/([0-9]{1,18})")
_PASSING = frozenset({429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_REFUSED = frozenset({401, 403})
_GONE = frozenset({404, 410})


class WebStore:
    """Files under keys, each at an address; only for reading, safe to share between threads.

    Addresses that expire are renewed: ``renew`` is called when a server refuses one, and returns
    all of them anew.
    """

    parallel = PARALLEL

    def __init__(
        self, urls: Mapping[str, str], renew: Callable[[], Mapping[str, str]] | None = None
    ) -> None:
        self._urls = dict(urls)
        for url in self._urls.values():
            _checked(url)
        self._renew = renew
        self._web = Web()

    def head(self, key: str) -> ObjectInfo:
        """Describe a file, from an answer with its first byte: signed addresses take no HEAD."""
        answer = self._ask(key, {"range": "bytes=0-0"}, 1)
        _, size = _extent(answer, key)
        modified = _modified(answer.headers.get("last-modified", ""))
        return ObjectInfo(key=key, size=size, etag=_version(answer, size), modified=modified)

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        """Return a part of a file by one ranged request."""
        if length is None:
            length = max(0, self.head(key).size - start)
        if length == 0:
            return b""
        answer = self._ask(key, {"range": f"bytes={start}-{start + length - 1}"}, length)
        first, size = _extent(answer, key)
        if etag is not None and _version(answer, size) != etag:
            raise ObjectChanged(f"{key}: the file on the server changed since it was indexed")
        if answer.status == 416:
            return b""
        if first != start or len(answer.body) != min(length, size - start):
            raise StorageUnavailable(f"{key}: the server answers with another range than asked for")
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
        """Refuse: nothing is written to web servers."""
        del data, content_type, metadata, if_absent
        raise NotPermitted(f"{key}: files on a web server can only be read")

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield the files."""
        for key in sorted(self._urls):
            if key.startswith(prefix) and key > after:
                yield self.head(key)

    def download(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Copy a file, piece by piece; what breaks off is asked for again."""
        from labsight.objects.folder import whole_file  # noqa: PLC0415 - tiles need no files

        info = self.head(key)
        if etag is not None and info.etag != etag:
            raise ObjectChanged(f"{key}: the file on the server changed since it was indexed")
        with whole_file(path) as file:
            for start in range(0, info.size, _PIECE_BYTES):
                file.write(self.read(key, start, _PIECE_BYTES, etag=info.etag))

    def local_path(self, key: str) -> Path | None:
        """A web server has no files on this machine."""
        del key
        return None

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._web.close()

    def _ask(self, key: str, headers: dict[str, str], limit: int) -> Answer:
        url = self._urls.get(key)
        if url is None:
            raise ObjectMissing(f"{key}: no such file")
        answer = self._web.get(url, headers, limit)
        if answer.status in _REFUSED and self._renew is not None:
            if self._urls[key] == url:  # else another thread has been quicker
                self._urls.update(self._renew())
            answer = self._web.get(self._urls[key], headers, limit)
        raise_for(answer, key)
        return answer


class Web:
    """Connections to the servers that addresses lead to."""

    def __init__(self) -> None:
        self._servers: dict[Origin, Connections] = {}
        self._moved: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        """Return the answer to a GET with a body of at most ``limit`` bytes.

        Redirects are followed and remembered, until the place that they led to refuses: such
        places are often signed for a while. Raises InvalidInput for longer bodies,
        StorageUnavailable when the server does not answer.
        """
        remembered = self._moved.get(url)
        if remembered is not None:
            answer = self._once(remembered, headers, limit)
            if answer.status == 206:
                return answer
            self._moved.pop(url, None)
        place = url
        for _ in range(MAX_REDIRECTS):
            answer = self._once(place, headers, limit)
            if answer.status not in _MOVED:
                if place != url and answer.status == 206:
                    self._moved[url] = place
                return answer
            place = _next(place, answer.headers.get("location", ""))
        raise StorageUnavailable(f"{without_secrets(url)} leads in circles: too many redirects")

    def close(self) -> None:
        """Close the connections that are not in use."""
        for server in list(self._servers.values()):
            server.close()

    def _once(self, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        origin, target = split_url(url)
        lines = [f"GET {target} HTTP/1.1", f"host: {origin.authority}", "accept-encoding: identity"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join([*lines, "user-agent: labsight", "", ""]).encode("ascii")
        with self._lock:
            server = self._servers.setdefault(origin, Connections(origin))
        said = "does not answer"
        for _ in attempts():
            try:
                answer = server.exchange(request, max(limit, _SMALL))
            except http1.TooLong:
                raise InvalidInput(_no_ranges(without_secrets(url))) from None
            except OSError as error:
                said = f"does not answer: {error}"
                continue
            if answer.status not in _PASSING:
                return answer
            said = f"answers {answer.status}"
        raise StorageUnavailable(f"{without_secrets(url)}: the server {said}")


def raise_for(answer: Answer, name: str) -> None:
    """Raise the error that an answer stands for, if it does, with the server's own words for it."""
    status = answer.status
    if status < 400 or status == 416:
        return
    detail = _detail(answer)
    if status in _REFUSED:
        if detail:
            raise NotPermitted(f"{name}: the server refuses to show it ({status}): {detail}")
        raise NotPermitted(
            f"{name}: the server refuses to show it ({status}); a signed address may have expired"
        )
    if status in _GONE:
        raise ObjectMissing(
            f"{name}: the server says: {detail}"
            if detail
            else f"{name}: no such file on the server"
        )
    raise StorageUnavailable(
        f"{name}: the server answers {status}" + (f": {detail}" if detail else "")
    )


def _detail(answer: Answer) -> str:
    """Return what a problem document (RFC 9457) says, bounded and printable; mostly nothing."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != PROBLEM or len(answer.body) > _SMALL:
        return ""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    detail = document.get("detail") if isinstance(document, dict) else None
    if not isinstance(detail, str):
        return ""
    printable = "".join(one if one.isprintable() else " " for one in detail[: 4 * _MAX_DETAIL])
    return " ".join(printable.split())[:_MAX_DETAIL]


def _checked(url: str) -> None:
    """Refuse what would send slides over a network in the clear."""
    origin, _ = split_url(url)
    if origin.scheme == "http" and not origin.is_loopback:
        raise InvalidInput(
            f"{without_secrets(url)}: use https; plain http is for this machine only"
        )


def _next(place: str, location: str) -> str:
    """Return where a redirect leads; raise InvalidInput for a place that is not to be trusted."""
    if location.startswith("/") and not location.startswith("//"):
        origin, _ = split_url(place)
        location = f"{origin.scheme}://{origin.authority}{location}"
    elif location.startswith("//"):
        location = f"{split_url(place)[0].scheme}:{location}"
    _checked(location)
    return location


def _extent(answer: Answer, key: str) -> tuple[int, int]:
    """Return the first byte of an answer and the size of the whole file; raise InvalidInput."""
    told = answer.headers.get("content-range", "")
    if answer.status == 206 and (match := _RANGE.fullmatch(told)):
        return int(match[1]), int(match[3])
    if answer.status == 416 and (match := _NOTHING_THERE.fullmatch(told)):
        return 0, int(match[1])
    raise InvalidInput(_no_ranges(key))


def _no_ranges(name: str) -> str:
    return f"{name}: the server does not send parts of files (Range): download the file and open it"


def _modified(date: str) -> datetime:
    """Return when a file was changed; long ago where the server does not tell, or strangely."""
    try:
        return parse_date(date)
    except StorageUnavailable:
        return datetime.fromtimestamp(0, UTC)


def _version(answer: Answer, size: int) -> str:
    """Return what changes with the file; without quotes, as the archive writes ETags."""
    etag = answer.headers.get("etag", "").strip()
    return etag.strip('"') or answer.headers.get("last-modified", "") or f"{size} bytes"
