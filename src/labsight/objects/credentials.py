"""Where the right to read a bucket comes from, looked for in the order of the AWS tools.

The environment (functions, shells), the container's endpoint (Fargate, EKS), then botocore's chain
(profiles, SSO, instance roles), which is loaded only when it comes to that.
"""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from labsight.errors import InvalidInput, SettingsError, StorageUnavailable
from labsight.objects import http1
from labsight.objects.connections import Connections, Origin, split_url

REFRESH_SECONDS = 300.0  # before they expire
_TRY_AGAIN_SECONDS = 10.0  # after a refresh that failed while the old ones still hold
_MAX_ANSWER = 64 << 10
_CONTAINER_HOST = "169.254.170.2"
# Plain http is for these only: ECS, EKS (https://docs.aws.amazon.com/sdkref/latest/guide/
# feature-container-credentials.html) and this machine.
_LINK_LOCAL = frozenset({_CONTAINER_HOST, "169.254.170.23", "[fd00:ec2::23]"})
_HEADER = re.compile(r"[ -~]+")

_log = logging.getLogger(__name__)


class Credentials(NamedTuple):
    """An access key; ``token`` belongs to temporary ones."""

    key_id: str
    secret: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.key_id!r}, ...)"


class CredentialSource(Protocol):
    """Gives the credentials to sign with."""

    def current(self) -> Credentials | None:
        """Return credentials, None to read what is public; safe to call from any thread."""
        ...

    def forget(self) -> None:
        """Drop what is remembered, because the store says that it has expired."""
        ...


class Fixed:
    """Credentials that stay as they are; None for none."""

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials

    def current(self) -> Credentials | None:
        """Return them."""
        return self._credentials

    def forget(self) -> None:
        """Nothing can be done about them."""


class Container:
    """Credentials of a container's role, asked for again before they expire."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._origin, self._path = _endpoint(variables)
        self._connections = Connections(self._origin)
        self._lock = threading.Lock()
        self._kept: tuple[Credentials, float, float] | None = None  # ... refresh at, expires at

    def current(self) -> Credentials:
        """Return credentials that hold for five minutes at least."""
        kept = self._kept
        if kept is not None and time.time() < kept[1]:
            return kept[0]
        with self._lock:
            kept = self._kept
            if kept is None or time.time() >= kept[1]:
                kept = self._kept = self._renewed(kept)
            return kept[0]

    def forget(self) -> None:
        """Ask anew next time."""
        self._kept = None

    def _renewed(
        self, old: tuple[Credentials, float, float] | None
    ) -> tuple[Credentials, float, float]:
        try:
            credentials, expires = self._ask()
        except StorageUnavailable:
            now = time.time()
            if old is None or now >= old[2]:
                raise
            _log.warning("the container's credentials could not be renewed; the old ones hold")
            return old[0], now + _TRY_AGAIN_SECONDS, old[2]
        return credentials, expires - REFRESH_SECONDS, expires

    def _ask(self) -> tuple[Credentials, float]:
        lines = [f"GET {self._path} HTTP/1.1", f"host: {self._origin.authority}"]
        token = self._authorization()
        if token:
            lines.append(f"authorization: {token}")
        try:
            request = "\r\n".join([*lines, "", ""]).encode()
            answer = self._connections.exchange(request, _MAX_ANSWER)
            return _parsed(answer.status, answer.body)
        except (OSError, http1.TooLong, ValueError, LookupError, TypeError) as error:
            raise StorageUnavailable(
                f"the container's credentials cannot be had from {self._origin.host}: {error}"
            ) from error

    def _authorization(self) -> str:
        """Return the token to show, read anew each time: EKS replaces the file."""
        file = self._variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        try:
            token = Path(file).read_text("utf-8").strip() if file else ""
        except OSError as error:
            raise SettingsError(
                f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is {file!r}: {error.strerror}"
            ) from None
        token = token or self._variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        if token and not _HEADER.fullmatch(token):
            raise SettingsError("AWS_CONTAINER_AUTHORIZATION_TOKEN holds other than plain text")
        return token


class Botocore:
    """Whatever else botocore finds: a profile, SSO, the role of an instance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Any = None
        self._looked = False

    def current(self) -> Credentials | None:
        """Return credentials, None when there are none.

        Raises SettingsError when there seem to be some, but botocore is not installed.
        """
        with self._lock:
            if not self._looked:
                self._found, self._looked = _from_botocore(), True
            if self._found is None:
                return None
            frozen = _frozen(self._found)
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    def forget(self) -> None:
        """Look again next time."""
        with self._lock:
            self._looked = False


def from_environment(variables: Mapping[str, str] | None = None) -> CredentialSource:
    """Return the first source that there is."""
    variables = os.environ if variables is None else variables
    key_id, secret = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
    if key_id and secret:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            if not _HEADER.fullmatch(variables.get(name) or "-"):
                raise SettingsError(
                    f"{name} holds a line break or another character that no key has: set it again"
                )
        return Fixed(Credentials(key_id, secret, variables.get("AWS_SESSION_TOKEN") or None))
    if key_id or secret:
        raise SettingsError(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together, but only one of them is set"
        )
    if any(name in variables for name in _CONTAINER_SETTINGS):
        return Container(variables)
    return Botocore()


_CONTAINER_SETTINGS = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


_SIGNS_OF_CREDENTIALS = (
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


def _endpoint(variables: Mapping[str, str]) -> tuple[Origin, str]:
    relative, full = (variables.get(name, "") for name in _CONTAINER_SETTINGS)
    url = f"http://{_CONTAINER_HOST}{relative}" if relative else full
    try:
        origin, path = split_url(url)
    except InvalidInput as error:
        raise SettingsError(f"the address of the container's credentials: {error}") from None
    if origin.scheme == "http" and origin.host not in _LINK_LOCAL and not origin.is_loopback:
        raise SettingsError(
            f"AWS_CONTAINER_CREDENTIALS_FULL_URI names {origin.host}: use https for other machines"
        )
    return origin, path


def _parsed(status: int, body: bytes) -> tuple[Credentials, float]:
    """Read the endpoint's JSON; raises what JSON of another shape does."""
    if status != 200:
        raise ValueError(f"it answered {status}")
    answer: dict[str, Any] = json.loads(body)
    expires = datetime.fromisoformat(answer["Expiration"]).timestamp()
    found = answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"]
    if not all(isinstance(one, str) and _HEADER.fullmatch(one) for one in found):
        raise ValueError("the answer is not what was asked for")
    return Credentials(*found), expires


def _from_botocore() -> Any:
    try:
        import botocore.session  # noqa: PLC0415 - 0.2 s, and mostly not needed
    except ModuleNotFoundError:
        if _are_configured(os.environ):
            raise SettingsError(
                "credentials are configured, but reading them takes boto3, which is not "
                "installed: install labsight's wheel with [slides]"
            ) from None
        return None
    return botocore.session.Session().get_credentials()


def _are_configured(variables: Mapping[str, str]) -> bool:
    """Tell whether somebody meant requests to be signed; the files are not looked into."""
    if any(variables.get(name) for name in _SIGNS_OF_CREDENTIALS):
        return True
    folder = Path(os.path.expanduser("~"), ".aws")  # noqa: PTH111 - Path.home raises without one
    return any(os.path.exists(folder / name) for name in ("credentials", "config"))  # noqa: PTH110


def _frozen(found: Any) -> Any:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - loaded by now

    try:
        return found.get_frozen_credentials()
    except BotoCoreError as error:
        raise SettingsError(f"the AWS credentials cannot be used: {error}") from error
