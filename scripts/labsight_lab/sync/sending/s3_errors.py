"""What S3 says when something fails, in words that tell what to do.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from typing import NamedTuple

from labsight.errors import LabsightError, StorageUnavailable
from labsight.objects.s3_errors import may_pass
from labsight_lab.sync.sending.archive import (
    AlreadyThere,
    Denied,
    Refused,
    Rejected,
    Unreachable,
    UploadGone,
)

_REJECTED_KEYS = {
    "InvalidAccessKeyId": "AWS does not know this access key",
    "SignatureDoesNotMatch": "the secret key does not fit the access key",
    "ExpiredToken": "the session has expired",
    "TokenRefreshRequired": "the session has expired",
    "InvalidToken": "the session token is not valid",
    "InvalidClientTokenId": "AWS does not know this access key",
}
_DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem"})
_REJECTED_CONTENT = frozenset(
    {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"}
)
_UNUSABLE_UPLOAD = frozenset({"NoSuchUpload", "InvalidPart", "InvalidPartOrder"})
_OTHER_REGION = frozenset({
    "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
})  # fmt: skip
_FULL = frozenset({"QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"})
# What the answer to a HEAD, which has no body, means by its status.
_CODES = {
    301: "PermanentRedirect",
    307: "TemporaryRedirect",
    403: "AccessDenied",
    404: "NoSuchKey",
    412: "PreconditionFailed",
    429: "SlowDown",
    503: "ServiceUnavailable",
}


class Refusal(NamedTuple):
    """An answer that is no success: HTTP's status, S3's code and S3's own words."""

    status: int
    code: str
    said: str

    def __str__(self) -> str:
        return f"{self.code}: {self.said}" if self.said else self.code


def refusal(status: int, code: str, said: str) -> Refusal:
    """Return a refusal that has a code, also where the answer had none."""
    return Refusal(status, code or _CODES.get(status, f"status {status}"), said)


class Asked(NamedTuple):
    """What was asked for: the right that it needs, in which bucket, under which key."""

    right: str
    bucket: str
    key: str


def of_answer(refused: Refusal, asked: Asked) -> LabsightError | UploadGone:
    """Return the archive's error for an answer of S3 that is no success."""
    code = refused.code
    if code in _UNUSABLE_UPLOAD:
        return UploadGone(code)
    if code == "PreconditionFailed":
        return AlreadyThere(f"the archive already holds {asked.key}")
    if code in _REJECTED_CONTENT:
        return Refused(
            "the bytes were damaged on the way and refused; they are sent again next time"
        )
    about_all = (
        _about_rights(refused, asked) or _about_encryption(refused, asked) or _about(refused, asked)
    )
    if about_all is not None:
        return about_all
    if refused.status < 500 and not may_pass(refused.status, code):
        return Refused(f"the archive refused it: {refused}")
    return StorageUnavailable(f"the archive failed: {refused}")


def unreachable(address: str, error: OSError) -> Unreachable:
    """Say that there is no way to S3 at the moment."""
    return Unreachable(
        f"{address} cannot be reached ({error}); check the network and, where there is a proxy, "
        "HTTPS_PROXY"
    )


def unanswered(error: OSError) -> StorageUnavailable:
    """Say that a connection broke off, each time that it was tried."""
    return StorageUnavailable(f"the archive did not answer as it should: {error}")


def _about_rights(refused: Refusal, asked: Asked) -> Denied | Rejected | None:
    code = refused.code
    if code in _DENIED and "kms:" in refused.said:
        return Denied(
            f"AWS does not let this user encrypt for bucket {asked.bucket!r} ({refused.said}); "
            "grant kms:GenerateDataKey and kms:Decrypt on the bucket's key, in the user's policy "
            "or the key's own"
        )
    if code in _DENIED:
        said = f" ({refused.said})" if refused.said else ""
        return Denied(
            f"AWS does not allow {asked.right} on bucket {asked.bucket!r}{said}; grant the user "
            "this right"
        )
    if code in _REJECTED_KEYS:
        return Rejected(
            f"AWS rejects the credentials: {_REJECTED_KEYS[code]}; log in again or correct them"
        )
    return None


def _about_encryption(refused: Refusal, asked: Asked) -> Rejected | None:
    """Return an error for a key that nobody can encrypt with."""
    if not refused.code.startswith("KMS.") or may_pass(refused.status, refused.code):
        return None
    return Rejected(
        f"bucket {asked.bucket!r} cannot encrypt what it is sent ({refused}); enable its KMS key "
        "again, or give the bucket one that exists"
    )


def _about(refused: Refusal, asked: Asked) -> Rejected | None:
    """Return an error about the bucket, which would meet every other file too."""
    code, bucket = refused.code, asked.bucket
    if code in _OTHER_REGION:
        return Rejected(
            f"bucket {bucket!r} lies in another region ({refused}); give --region, or set "
            "archive.region in the settings file"
        )
    if code in _FULL:
        return Rejected(
            f"bucket {bucket!r} takes no more ({refused}); have its limit raised, or room made"
        )
    return {
        "NoSuchBucket": Rejected(
            f"there is no bucket {bucket!r}; the name is the stack's output archive_bucket"
        ),
        "InvalidBucketName": Rejected(f"{bucket!r} is not a name that a bucket can have"),
        "RequestTimeTooSkewed": Rejected(
            "AWS rejects requests because this machine's clock is wrong; set the clock"
        ),
    }.get(code)
