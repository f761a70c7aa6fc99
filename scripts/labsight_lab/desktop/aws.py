"""AWS as an operator's command asks it: one account, one region, errors that tell what to do."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    InvalidConfigError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from labsight import __version__
from labsight.errors import (
    Conflict,
    LabsightError,
    NotFound,
    NotPermitted,
    SettingsError,
    StorageUnavailable,
)
from labsight_lab.sync.sending import credentials

_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    InvalidConfigError,
    SSOError,
    TokenRetrievalError,
)
_REFUSED = {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_REJECTED = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "TokenRefreshRequired",
    "InvalidToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
    "InvalidSignatureException",
}
_MISSING = {"NoSuchBucket", "ResourceNotFoundException", "InvalidInstanceID.NotFound"}
_NO_ROOM = {"InsufficientInstanceCapacity", "InstanceLimitExceeded", "VcpuLimitExceeded"}

Answer = Mapping[str, Any]


class Ec2(Protocol):
    """What is asked of EC2."""

    def describe_instances(self, **request: Any) -> Answer: ...  # noqa: D102

    def describe_instance_status(self, **request: Any) -> Answer: ...  # noqa: D102

    def start_instances(self, **request: Any) -> Answer: ...  # noqa: D102

    def stop_instances(self, **request: Any) -> Answer: ...  # noqa: D102

    def get_password_data(self, **request: Any) -> Answer: ...  # noqa: D102


class Aws:
    """An account's services in one region, through boto3."""

    def __init__(self, region: str | None, profile: str | None) -> None:
        self.profile = profile
        with explained("sts:GetCallerIdentity"):
            self._session = boto3.Session(
                region_name=region or os.environ.get("AWS_REGION"), profile_name=profile
            )
            if self._session.get_credentials() is None:
                raise NoCredentialsError
            if self._session.region_name is None:
                raise NoRegionError
        self.region: str = self._session.region_name

    def client(self, service: str) -> Any:
        """Return a client that tries again when AWS is busy."""
        make: Any = self._session.client
        return make(
            service,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": 5},
                connect_timeout=10,
                user_agent_extra=f"labsight/{__version__}",
            ),
        )


@contextmanager
def explained(right: str) -> Iterator[None]:
    """Turn what boto3 raises into errors for people; ``right`` is what the request needs."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, right) from error
    except NoRegionError as error:
        raise SettingsError(
            "no region: give --region, or set AWS_REGION to the region of the stack"
        ) from error
    except _NO_CREDENTIALS as error:
        raise credentials.translated(error, profile=None) from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"AWS did not answer as it should: {error}") from error


def _of_answer(error: ClientError, right: str) -> LabsightError:
    details = error.response.get("Error", {})
    code, said = details.get("Code", ""), details.get("Message", "")
    if code in _REFUSED:
        return NotPermitted(f"AWS does not allow {right}; grant your user this right ({said})")
    if code in _REJECTED:
        return SettingsError(f"AWS rejects the credentials ({code}): log in again, or correct them")
    if code in _MISSING:
        return NotFound(f"AWS knows no such thing ({code}): {said}")
    if code in _NO_ROOM:
        return Conflict(f"AWS has no machine of this type to spare now ({code}): {said}")
    if code == "IncorrectInstanceState":
        return Conflict(f"the desktop is on its way to another state; try again soon ({said})")
    return StorageUnavailable(f"AWS failed: {code}: {said}")
