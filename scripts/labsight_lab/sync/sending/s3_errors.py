"""What S3 and botocore say when something fails, in words that tell what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    InvalidConfigError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    SSOError,
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

_OFFLINE = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
CREDENTIAL_ERRORS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    InvalidConfigError,
    SSOError,
    TokenRetrievalError,
)
REJECTED_KEYS = {
    "InvalidAccessKeyId": "AWS does not know this access key",
    "SignatureDoesNotMatch": "the secret key does not fit the access key",
    "ExpiredToken": "the session has expired",
    "TokenRefreshRequired": "the session has expired",
    "InvalidToken": "the session token is not valid",
}
_REJECTED_CONTENT = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"}
_UNUSABLE_UPLOAD = {"NoSuchUpload", "InvalidPart", "InvalidPartOrder"}
# Something else is under way with this key or upload; AWS asks to try again.
_PASSING = {"RequestTimeout", "SlowDown", "ConditionalRequestConflict"}
_OTHER_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed"}


@contextmanager
def translated(*, endpoint: str, bucket: str, key: str, right: str) -> Iterator[None]:
    """Turn what botocore raises into the archive's errors; ``right`` is what the request needs."""
    try:
        yield
    except ClientError as error:
        told = of_answer(error, bucket=bucket, key=key, right=right)
        if isinstance(told, Answer):
            told.retried = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
        raise told from error
    except _OFFLINE as error:
        raise Unreachable(
            f"{endpoint} cannot be reached; check the network, then run labsight sync again: "
            "it goes on where it stopped"
        ) from error
    except SSLError as error:
        raise SettingsError(
            f"{endpoint}: no secure connection ({error}); a proxy with a certificate of its own "
            "needs AWS_CA_BUNDLE"
        ) from error
    except ParamValidationError as error:
        raise SettingsError(f"--bucket {bucket!r} is not a name that a bucket can have") from error
    except CREDENTIAL_ERRORS as error:
        raise credentials_unusable(error) from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"the archive did not answer as it should: {error}") from error


def credentials_unusable(error: BotoCoreError) -> SettingsError:
    """Say that this machine has no AWS credentials that work, and how to get some."""
    return SettingsError(
        f"no usable AWS credentials ({str(error).rstrip('.')}); set them up with `aws configure` "
        "or `aws sso login`, name a profile with --profile, or set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY"
    )


def of_answer(error: ClientError, *, bucket: str, key: str, right: str) -> Exception:
    """Return the archive's error for an answer of S3 that is no success."""
    details = error.response.get("Error", {})
    code, said = details.get("Code", ""), details.get("Message", "")
    about = error.response.get("ResponseMetadata", {})
    if code in _UNUSABLE_UPLOAD:
        return UploadGone(code)
    if code == "PreconditionFailed":
        return AlreadyThere(f"the archive already holds {key}")
    if code in _REJECTED_CONTENT:
        return Refused(
            "the bytes were damaged on the way and refused; they are sent again next time"
        )
    return _about_everything(code, said, bucket, right) or (
        Refused(f"the archive refused it: {code}: {said}")
        if about.get("HTTPStatusCode", 500) < 500 and code not in _PASSING
        else StorageUnavailable(f"the archive failed: {code}: {said}")
    )


def _about_everything(code: str, said: str, bucket: str, right: str) -> Answer | None:
    """Return an error that would meet every other file too."""
    if code in {"AccessDenied", "AllAccessDisabled"}:
        return Denied(
            f"AWS does not allow {right} on bucket {bucket!r} ({said}); grant the user this right"
        )
    if code in REJECTED_KEYS:
        return Rejected(
            f"AWS rejects the credentials: {REJECTED_KEYS[code]}; log in again or correct them"
        )
    if code in _OTHER_REGION:
        return Rejected(
            f"bucket {bucket!r} lies in another region ({said}); set AWS_DEFAULT_REGION"
        )
    return {
        "NoSuchBucket": Rejected(
            f"there is no bucket {bucket!r}; the name is the stack's output archive_bucket"
        ),
        "InvalidBucketName": Rejected(f"--bucket {bucket!r} is not a name that a bucket can have"),
        "RequestTimeTooSkewed": Rejected(
            "AWS rejects requests because this machine's clock is wrong; set the clock"
        ),
    }.get(code)
