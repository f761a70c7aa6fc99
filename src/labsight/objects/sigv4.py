"""Signs requests to S3 (AWS Signature Version 4), cheaply enough to do it for every tile.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hmac
import time
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from labsight.errors import InvalidInput
from labsight.objects.credentials import Credentials

EMPTY = sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"  # for bodies that a checksum and TLS guard
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_QUERY = [chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in range(256)]
_PATH = [*_QUERY]
_PATH[ord("/")] = "/"


@lru_cache(maxsize=1024)
def encoded_path(path: str) -> str:
    """Return a path as S3 wants it, each byte but unreserved ones and ``/`` as ``%XX``, once.

    Nothing is normalised: ``a//b`` and ``a/../b`` are keys of their own.
    """
    return "".join([_PATH[byte] for byte in _utf8(path)])


def encoded_query(parameters: Mapping[str, str]) -> str:
    """Return a query in the order and encoding that is signed."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def _encoded(text: str) -> str:
    return "".join([_QUERY[byte] for byte in _utf8(text)])


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"key {text[:80]!r} holds characters that no object can have") from None


class Signer:
    """Signs for one region; the key of the day is derived once a day and secret.

    ``offset``: by how many seconds AWS's clock is ahead of this computer's.
    """

    def __init__(self, region: str, service: str = "s3", offset: float = 0.0) -> None:
        self._region = region
        self._service = service
        self.offset = offset
        # One tuple, replaced whole: threads see the old or the new one, never half of each.
        self._derived: tuple[str, str, hmac.HMAC] | None = None

    def request(
        self,
        credentials: Credentials | None,
        method: str,
        target: tuple[str, str],
        headers: dict[str, str],
        payload: str = EMPTY,
        unsigned: str = "",
    ) -> bytes:
        """Return the head of a signed request, ready to send; without credentials an unsigned one.

        ``target`` is the encoded path and query. ``headers`` have lower-case names, ``host`` among
        them; all are signed. ``payload`` is the SHA-256 of the body in hex, so that S3 refuses one
        that was altered on the way, or ``UNSIGNED``. ``unsigned``: whole lines of headers that
        proxies may change.
        """
        path, query = target
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + self.offset))
        signature = ""
        if credentials is not None:
            if not credentials.key_id.isprintable():
                raise InvalidInput("the access key of the object store holds a line break")
            headers = {**headers, "x-amz-content-sha256": payload, "x-amz-date": stamp}
            if credentials.token:
                headers["x-amz-security-token"] = credentials.token
        names = sorted(headers)
        lines = "".join([f"{name}:{headers[name]}\n" for name in names])
        if lines.count("\n") != len(names) or "\r" in lines:
            raise InvalidInput("a header of a request to the object store holds a line break")
        if credentials is not None:
            signed = ";".join(names)
            canonical = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{payload}"
            signature = self._authorization(credentials, stamp, signed, canonical)
        where = f"{path}?{query}" if query else path
        fields = lines.replace("\n", "\r\n")
        try:
            return f"{method} {where} HTTP/1.1\r\n{fields}{unsigned}{signature}\r\n".encode("ascii")
        except UnicodeEncodeError:
            raise InvalidInput(
                "a header of a request to the object store holds other characters than ASCII"
            ) from None

    def _authorization(
        self, credentials: Credentials, stamp: str, signed: str, canonical: str
    ) -> str:
        day = stamp[:8]
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        try:
            digest = sha256(canonical.encode("ascii")).hexdigest()
        except UnicodeEncodeError:
            raise InvalidInput(
                "a header of a request to the object store holds other characters than ASCII"
            ) from None
        mac = self._key(credentials.secret, day)
        mac.update(f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode())
        return (
            f"authorization:AWS4-HMAC-SHA256 Credential={credentials.key_id}/{scope}, "
            f"SignedHeaders={signed}, Signature={mac.hexdigest()}\r\n"
        )

    def _key(self, secret: str, day: str) -> hmac.HMAC:
        derived = self._derived
        if derived is None or derived[0] != secret or derived[1] != day:
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            derived = self._derived = (secret, day, hmac.new(key, digestmod="sha256"))
        return derived[2].copy()
