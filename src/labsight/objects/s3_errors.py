"""What S3's error codes mean to labsight, whichever client met them."""

import logging
import re

from labsight.errors import (
    LabsightError,
    ObjectChanged,
    ObjectExists,
    ObjectMissing,
    SettingsError,
    StorageUnavailable,
)

AWAY = "the archive does not answer as it should; try again in a moment"
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket"})
_FAILED_CONDITION = frozenset({"412", "PreconditionFailed"})
_DENIED = frozenset({
    "401", "403", "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId",
    "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
})  # fmt: skip
_ELSEWHERE = frozenset({"301", "307", "PermanentRedirect", "TemporaryRedirect"})
_ELSEWHERE_IF_TOLD = frozenset({"400", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"})
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2}")

# Worth another try, as in botocore's "standard" mode, and what is answered when two conditional
# writes meet.
_PASSING_STATUS = frozenset({429, 500, 502, 503, 504})
_PASSING_CODES = frozenset({
    "InternalError", "ServiceUnavailable", "RequestTimeout", "SlowDown", "Throttling",
    "ThrottlingException", "RequestLimitExceeded", "ConditionalRequestConflict",
    "OperationAborted",
})  # fmt: skip
STALE_CREDENTIALS = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired"})

_log = logging.getLogger(__name__)


def may_pass(status: int, code: str) -> bool:
    """Say whether the same request may succeed a moment later."""
    return status in _PASSING_STATUS or code in _PASSING_CODES


class AccessDenied(StorageUnavailable):
    """S3 refuses. In a service the role that lacks a right is ours, not the caller's."""


class WrongRegion(SettingsError):
    """The bucket is in another region; ``region`` is empty when S3 does not tell which."""

    def __init__(self, message: str, region: str = "") -> None:
        super().__init__(message)
        self.region = region


def translate(code: str, key: str, operation: str) -> LabsightError:
    """Return the error for a code (or a status, where there is no body to read one from)."""
    if code in _MISSING:
        return ObjectMissing(f"{key}: no such object")
    if code in _FAILED_CONDITION:
        if operation == "PutObject":
            return ObjectExists(f"{key}: there is an object under this key; it is not replaced")
        return ObjectChanged(f"{key}: the object changed since it was indexed")
    if code == "InvalidObjectState":
        return StorageUnavailable(f"{key}: the file rests in the archive tier; restore it first")
    if code == "RequestTimeTooSkewed":
        return StorageUnavailable(
            "S3 refuses this computer's requests because its clock is wrong: set the clock"
        )
    _log.warning("%s: %s answered %s", key, operation, code)
    return AccessDenied(AWAY) if code in _DENIED else StorageUnavailable(AWAY)


def wrong_region(code: str, bucket: str, ours: str, told: str) -> WrongRegion | None:
    """Return the error for an answer that sends us to another region, if it is one.

    ``told`` is the header x-amz-bucket-region of the answer.
    """
    region = told if _REGION.fullmatch(told) else ""
    if code not in _ELSEWHERE and not (code in _ELSEWHERE_IF_TOLD and region and region != ours):
        return None
    where = f"in {region}" if region else "in another region"
    return WrongRegion(
        f"bucket {bucket} is {where}, not in {ours}: set AWS_REGION to the bucket's region", region
    )
