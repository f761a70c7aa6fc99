"""Checks how a request is signed (AWS Signature Version 4, in its header).

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl, quote

from tests.support.s3_asked import Asked
from tests.support.s3_store import Refused

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)
_MOST_SKEW = 900.0  # seconds
_STAMP = "%Y%m%dT%H%M%SZ"


def check(asked: Asked, secrets: Mapping[str, str], region: str, now: float) -> None:
    """Raise Refused unless the request was signed by one of these keys, for here and for now."""
    found = _AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
    if found is None:
        raise Refused(403, "AccessDenied", "Access Denied")
    key_id, day, scope, signed, signature = found.groups()
    if key_id not in secrets:
        raise Refused(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        )
    if scope != region:
        raise Refused(
            400,
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{scope}' is wrong; expecting "
            f"'{region}'",
        )
    stamp = asked.headers["x-amz-date"]
    then = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
    if abs(then - now) > _MOST_SKEW:
        raise Refused(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )
    scope = f"{day}/{region}/s3/aws4_request"
    digest = sha256(_canonical(asked, signed).encode()).hexdigest()
    key = f"AWS4{secrets[key_id]}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    told = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode()
    if not hmac.compare_digest(hmac.digest(key, told, "sha256").hex(), signature):
        raise Refused(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check "
            "your key and signing method.",
        )


def _canonical(asked: Asked, signed: str) -> str:
    path, _, query = asked.target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    told = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    lines = [
        f"{name}:{' '.join(asked.headers.get(name, '').split())}" for name in signed.split(";")
    ]
    return "\n".join(
        [
            asked.method,
            path,
            "&".join(f"{name}={value}" for name, value in told),
            *lines,
            "",
            signed,
            asked.headers.get("x-amz-content-sha256", ""),
        ]
    )
