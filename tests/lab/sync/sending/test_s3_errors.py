"""Each refusal of S3 becomes the error that the transfer can act upon, in words for people."""

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
    TokenRetrievalError,
)

from labsight.errors import SettingsError, StorageUnavailable
from labsight_lab.sync.sending.archive import (
    AlreadyThere,
    Answer,
    Denied,
    Refused,
    Rejected,
    Unreachable,
    UploadGone,
)
from labsight_lab.sync.sending.s3_errors import translated


def answer(code: str, status: int, *, retries: int = 0) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "S3's own words"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RetryAttempts": retries,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
            },
        },
        "PutObject",
    )


URL = "https://s3.amazonaws.com"


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (answer("AccessDenied", 403), Denied, "does not allow s3:PutObject on bucket 'archive'"),
        (answer("NoSuchBucket", 404), Rejected, "there is no bucket 'archive'"),
        (answer("InvalidAccessKeyId", 403), Rejected, "does not know this access key"),
        (answer("SignatureDoesNotMatch", 403), Rejected, "secret key does not fit"),
        (
            answer("ExpiredToken", 400),
            Rejected,
            "has expired; log in again",
        ),
        (answer("RequestTimeTooSkewed", 403), Rejected, "set the clock"),
        (answer("PermanentRedirect", 301), Rejected, "another region"),
        (answer("PreconditionFailed", 412), AlreadyThere, "already holds a-key"),
        (answer("BadDigest", 400), Refused, "damaged on the way"),
        (
            answer("ConditionalRequestConflict", 409),
            StorageUnavailable,
            "ConditionalRequestConflict",
        ),
        (answer("EntityTooLarge", 400), Refused, "EntityTooLarge: S3's own words"),
        (answer("NoSuchUpload", 404), UploadGone, "NoSuchUpload"),
        (answer("InvalidPart", 400), UploadGone, "InvalidPart"),
        (answer("InternalError", 500), StorageUnavailable, "InternalError"),
        (answer("SlowDown", 503), StorageUnavailable, "SlowDown"),
        (answer("RequestTimeout", 400), StorageUnavailable, "RequestTimeout"),
        (EndpointConnectionError(endpoint_url=URL), Unreachable, f"{URL} cannot be reached"),
        (ReadTimeoutError(endpoint_url=URL), StorageUnavailable, "did not answer"),
        (ConnectionClosedError(endpoint_url=URL), StorageUnavailable, "did not answer"),
        (SSLError(endpoint_url=URL, error=OSError("self-signed")), SettingsError, "AWS_CA_BUNDLE"),
        (TokenRetrievalError(provider="sso", error_msg="old"), SettingsError, "aws sso login"),
    ],
)
def test_each_failure_has_its_error(
    error: BotoCoreError | ClientError, kind: type[Exception], message: str
) -> None:
    with (
        pytest.raises(kind, match=message) as raised,
        translated(endpoint=URL, bucket="archive", key="a-key", right="s3:PutObject"),
    ):
        raise error
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("PreconditionFailed", 412),
        ("AccessDenied", 403),
        ("ExpiredToken", 400),
        ("NoSuchUpload", 404),
        ("BadDigest", 400),
        ("EntityTooLarge", 400),
    ],
)
@pytest.mark.parametrize("retries", [0, 1])
def test_an_answer_tells_whether_an_attempt_went_before_it(
    code: str, status: int, retries: int
) -> None:
    with (
        pytest.raises(Answer) as raised,
        translated(endpoint=URL, bucket="archive", key="a-key", right="s3:PutObject"),
    ):
        raise answer(code, status, retries=retries)
    assert raised.value.retried is (retries > 0)
