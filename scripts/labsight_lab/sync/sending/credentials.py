"""Who this machine is to AWS: a profile, the environment, SSO, an assumed role, a certificate.

botocore finds and renews them (IAM Roles Anywhere comes in as a profile's credential_process). It
takes 0.2 s to load, so it is left out where the environment says everything.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from labsight.errors import LabsightError, SettingsError
from labsight.objects import s3_address, s3_environment
from labsight.objects.credentials import Credentials, CredentialSource, from_environment
from labsight_lab.sync.sending.archive import Unreachable

if TYPE_CHECKING:
    from botocore.credentials import Credentials as Found
    from botocore.session import Session

_BELIEVED_S = 1.0  # then botocore is asked again whether they have to be renewed
_ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class Identity(NamedTuple):
    """Who asks, and in which region."""

    credentials: CredentialSource
    region: str


def find(profile: str | None, region: str | None) -> Identity:
    """Return the credentials and region that are set up here; a given profile goes first.

    Raises SettingsError where there are none, Unreachable when who gives them is away.
    """
    region = region or s3_environment.region()
    if profile is None and region and all(os.environ.get(name) for name in _ENVIRONMENT):
        return Identity(from_environment(), region)
    found = SessionCredentials(profile)
    found.current()
    return Identity(found, region or found.region or s3_address.USUAL_REGION)


class SessionCredentials:
    """Credentials that botocore finds; safe to share between threads.

    ``region`` is that of the profile, empty where it names none.
    """

    def __init__(self, profile: str | None) -> None:
        self._profile = profile
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._believed: tuple[Credentials, float] | None = None
        with _told_plainly(profile):
            self.region = str(self._asked().get_config_variable("region") or "")

    def current(self) -> Credentials:
        """Return credentials that hold for some minutes at least."""
        believed = self._believed
        if believed is not None and monotonic() < believed[1]:
            return believed[0]
        with _told_plainly(self._profile):
            found = self._found()
            if found is None:
                raise _none_found(self._profile)
            frozen = found.get_frozen_credentials()
            if not frozen.access_key or not frozen.secret_key:
                raise _none_found(self._profile)
        credentials = Credentials(frozen.access_key, frozen.secret_key, frozen.token or None)
        self._believed = credentials, monotonic() + _BELIEVED_S
        return credentials

    def forget(self) -> None:
        """Look for them anew next time: in the files, too, where somebody may have changed them."""
        with self._lock:
            self._session = self._believed = None

    def _found(self) -> "Found | None":
        with self._lock:
            return self._asked().get_credentials()

    def _asked(self) -> "Session":
        import botocore.session  # noqa: PLC0415 - 0.2 s

        if self._session is None:
            self._session = botocore.session.Session(profile=self._profile)
        return self._session


@contextmanager
def _told_plainly(profile: str | None) -> Iterator[None]:
    try:
        yield
    except (LabsightError, ModuleNotFoundError):
        raise
    except Exception as error:  # a credential_process may write anything, and botocore trusts it
        raise translated(error, profile) from error


def translated(error: Exception, profile: str | None) -> LabsightError:
    """Say what keeps this machine from having credentials, and what to do about it."""
    from botocore import exceptions as they  # noqa: PLC0415 - loaded by now

    said = _said(error)
    named, option = _named(profile)
    if isinstance(error, (they.ConnectionError, they.HTTPClientError)):
        return Unreachable(
            f"the AWS credentials {named} cannot be renewed: {said}; check the network"
        )
    if isinstance(error, (they.SSOError, they.TokenRetrievalError, they.NoAuthTokenError)):
        return SettingsError(
            f"the AWS log-in {named} is missing or has expired ({said}); run "
            f"`aws sso login{option}`"
        )
    if isinstance(error, they.LoginError):
        return SettingsError(
            f"the AWS log-in {named} is missing or has expired ({said}); run `aws login{option}`"
        )
    if isinstance(error, they.ProfileNotFound):
        return SettingsError(
            f"there is no AWS profile {profile or os.environ.get('AWS_PROFILE', '')!r}; `aws "
            "configure list-profiles` lists those that there are"
        )
    if isinstance(error, RuntimeError) and "expired" in said:
        return SettingsError(
            f"the AWS credentials {named} are new and expired already: this machine's clock is "
            "wrong; set the clock"
        )
    return SettingsError(f"no usable AWS credentials {named} ({said}); {_how(option)}")


def _none_found(profile: str | None) -> SettingsError:
    named, option = _named(profile)
    return SettingsError(f"no usable AWS credentials {named} (none are set up); {_how(option)}")


def _how(option: str) -> str:
    return (
        f"set them up with `aws configure{option}` or `aws sso login{option}`, name another "
        "profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )


def _named(profile: str | None) -> tuple[str, str]:
    """Return which credentials are meant, and the option that names them to the aws command."""
    profile = profile or os.environ.get("AWS_PROFILE")
    return (f"of profile {profile!r}", f" --profile {profile}") if profile else ("here", "")


def _said(error: Exception) -> str:
    """Return an error's own words, in one line and without an end of their own."""
    return " ".join(str(error).split())[:300].rstrip(".")
