"""Each refusal of S3 becomes the error that the transfer can act upon, in words for people."""

import pytest

from labsight.errors import StorageUnavailable
from labsight_lab.sync.sending.archive import (
    AlreadyThere,
    Denied,
    Refused,
    Rejected,
    Unreachable,
    UploadGone,
)
from labsight_lab.sync.sending.s3_errors import Asked, of_answer, refusal, unanswered, unreachable

ASKED = Asked("s3:PutObject", "archive", "a-key")
KMS = (
    "User: arn:aws:iam::123456789012:user/scanner is not authorized to perform: "
    "kms:GenerateDataKey on the resource associated with this ciphertext"
)


@pytest.mark.parametrize(
    ("code", "status", "kind", "message"),
    [
        ("AccessDenied", 403, Denied, "does not allow s3:PutObject on bucket 'archive' .S3's own"),
        ("AllAccessDisabled", 403, Denied, "grant the user this right"),
        ("NoSuchBucket", 404, Rejected, "there is no bucket 'archive'"),
        ("InvalidBucketName", 400, Rejected, "'archive' is not a name that a bucket can have"),
        ("InvalidAccessKeyId", 403, Rejected, "does not know this access key"),
        ("SignatureDoesNotMatch", 403, Rejected, "secret key does not fit"),
        ("ExpiredToken", 400, Rejected, "has expired; log in again"),
        ("InvalidToken", 400, Rejected, "session token is not valid"),
        ("RequestTimeTooSkewed", 403, Rejected, "set the clock"),
        ("PermanentRedirect", 301, Rejected, "another region"),
        ("AuthorizationHeaderMalformed", 400, Rejected, "give --region, or set archive.region"),
        ("PreconditionFailed", 412, AlreadyThere, "already holds a-key"),
        ("BadDigest", 400, Refused, "damaged on the way"),
        ("XAmzContentSHA256Mismatch", 400, Refused, "sent again next time"),
        ("EntityTooLarge", 400, Refused, "EntityTooLarge: S3's own words"),
        ("KeyTooLongError", 400, Refused, "KeyTooLongError"),
        ("NoSuchKey", 404, Refused, "NoSuchKey"),
        ("NoSuchUpload", 404, UploadGone, "NoSuchUpload"),
        ("InvalidPart", 400, UploadGone, "InvalidPart"),
        ("ConditionalRequestConflict", 409, StorageUnavailable, "ConditionalRequestConflict"),
        ("InternalError", 500, StorageUnavailable, "InternalError"),
        ("SlowDown", 503, StorageUnavailable, "SlowDown"),
        ("ServiceUnavailable", 503, StorageUnavailable, "the archive failed: ServiceUnavailable"),
        ("RequestTimeout", 400, StorageUnavailable, "RequestTimeout"),
        ("NotImplemented", 501, StorageUnavailable, "NotImplemented"),
        ("KMS.DisabledException", 400, Rejected, "cannot encrypt .*enable its KMS key again"),
        ("KMS.NotFoundException", 400, Rejected, "give the bucket one that exists"),
        ("KMS.KMSInvalidStateException", 400, Rejected, "KMS.KMSInvalidStateException: S3's own"),
        ("KMS.ThrottlingException", 503, StorageUnavailable, "KMS.ThrottlingException"),
        ("QuotaExceeded", 403, Rejected, "takes no more .*have its limit raised"),
    ],
)
def test_each_code_has_its_error(
    code: str, status: int, kind: type[Exception], message: str
) -> None:
    told = of_answer(refusal(status, code, "S3's own words"), ASKED)
    with pytest.raises(kind, match=message):
        raise told
    assert type(told) is kind


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (301, Rejected, "another region"),
        (403, Denied, r"on bucket 'archive'; grant"),
        (404, Refused, "NoSuchKey"),
        (412, AlreadyThere, "already holds"),
        (418, Refused, "the archive refused it: status 418"),
        (500, StorageUnavailable, "the archive failed: status 500"),
        (503, StorageUnavailable, "ServiceUnavailable"),
    ],
)
def test_without_a_code_the_status_tells(status: int, kind: type[Exception], message: str) -> None:
    told = of_answer(refusal(status, "", ""), ASKED)
    with pytest.raises(kind, match=message):
        raise told
    assert type(told) is kind


def test_a_key_that_may_not_be_used_is_told_from_a_bucket_that_may_not_be_written() -> None:
    told = of_answer(refusal(403, "AccessDenied", KMS), ASKED)
    assert isinstance(told, Denied)
    assert "kms:GenerateDataKey and kms:Decrypt" in told.message
    assert "s3:PutObject" not in told.message


def test_out_of_reach_is_told_from_broken_off() -> None:
    away = unreachable("https://archive.s3", OSError("Name or service not known"))
    assert isinstance(away, Unreachable)
    assert "https://archive.s3 cannot be reached (Name or service not known)" in away.message
    assert away.message.endswith("HTTPS_PROXY"), (
        "whoever hears it knows whether it goes on by itself"
    )
    broken = unanswered(OSError("closed"))
    assert type(broken) is StorageUnavailable
    assert broken.message == "the archive did not answer as it should: closed"
