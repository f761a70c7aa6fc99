"""The only reader of the stack's configuration: what is wrong is said before anything is made."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pulumi
from pulumi.runtime import config as runtime_config

from components.archive import ARCHIVE_TIER_AFTER
from components.external_database import DatabaseAuth

NAMESPACE = "labsight"

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
# fmt: off
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    1096, 1827, 2192, 2557, 2922, 3288, 3653,
)
# fmt: on

# What the address may add; TLS and passwords are decided by databaseAuth alone.
QUERY_KEYS = frozenset({"application_name", "host", "sslrootcert"})
EXAMPLE_URL = "postgresql+psycopg://USER@HOST:5432/labsight"
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a lab may decide about its stack; Pulumi.yaml describes each key."""

    database_url: str
    database_auth: DatabaseAuth = "iam"
    show_labels: bool = False
    archive_after_days: int | None = None
    log_retention_days: int = 90


class ConfigError(pulumi.RunError):
    """The configuration cannot be used; Pulumi shows the message and no traceback."""


class _Refused(ValueError):
    """What is allowed instead of the value at hand."""


def load() -> Settings:
    """Read the stack's configuration; raise ConfigError that names every key that is wrong."""
    return parse(_configured())


def _configured() -> dict[str, str]:
    """Return what is set in labsight's namespace, known key or not."""
    config = pulumi.Config(NAMESPACE)
    known = {*runtime_config.CONFIG.get(), *runtime_config.get_config_env()}
    keys = sorted(key.partition(":")[2] for key in known if key.startswith(f"{NAMESPACE}:"))
    return {key: config.get(key) or "" for key in keys}


def parse(values: Mapping[str, str]) -> Settings:
    """Check values by key, as Pulumi hands them over: all text."""
    problems = [_unknown(key) for key in values if key not in _READERS]
    read: dict[str, Any] = {}
    for key, reader in _READERS.items():
        text = values.get(key, "")
        if not text and key in _OPTIONAL:
            continue
        try:
            read[_field(key)] = reader(text)
        except _Refused as refused:
            problems.append(f"{NAMESPACE}:{key} {refused}")
    if problems:
        raise ConfigError("\n".join(["the stack's configuration cannot be used:", *problems]))
    return Settings(**read)


def _unknown(key: str) -> str:
    lower = {known.lower(): known for known in _READERS}
    near = difflib.get_close_matches(key.lower(), lower, n=1, cutoff=0)
    return (
        f"{NAMESPACE}:{key} is no setting of labsight; the nearest one is {lower[near[0]]}. "
        f"Remove it with: pulumi config rm {key}"
    )


def _field(key: str) -> str:
    """Turn ``databaseUrl`` into ``database_url``."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key)


def _database_url(text: str) -> str:
    how = f"set it with: pulumi config set databaseUrl {EXAMPLE_URL}"
    if not text:
        raise _Refused(f"is not set: the PostgreSQL database that holds the catalog; {how}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _Refused(f"is not a database URL; {how}") from None
    if parts.password is not None or "password" in parse_qs(parts.query):
        raise _Refused(
            "holds a password, which would lie readable in the stack's file; functions sign in "
            f"with their role (databaseAuth iam); {how}"
        )
    odd = parse_qs(parts.query, keep_blank_values=True).keys() - QUERY_KEYS
    if odd:
        allowed = ", ".join(sorted(QUERY_KEYS))
        raise _Refused(f"sets {', '.join(sorted(odd))}; behind the ? only these go: {allowed}")
    if parts.scheme != "postgresql+psycopg":
        raise _Refused(f"is {text!r}: it has to start with postgresql+psycopg://; {how}")
    if not (_USER.fullmatch(parts.username or "") and parts.hostname and port and parts.path[1:]):
        raise _Refused(f"is {text!r}: user, host, port and database are all needed; {how}")
    return text


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise _Refused(f"is {text!r}; use {' or '.join(allowed)}")
        return text

    return read


def _truth(text: str) -> bool:
    return _choice("true", "false")(text) == "true"


def _retention(text: str) -> int:
    if text not in map(str, RETENTION_DAYS):
        allowed = ", ".join(map(str, RETENTION_DAYS))
        raise _Refused(f"is {text!r}; CloudWatch keeps logs for one of {allowed} days")
    return int(text)


def _archive_after(text: str) -> int | None:
    if text not in map(str, (0, *ARCHIVE_TIER_AFTER)):
        raise _Refused(
            f"is {text!r}; use 0 (no archive tier) or {ARCHIVE_TIER_AFTER.start} to "
            f"{ARCHIVE_TIER_AFTER.stop - 1} days"
        )
    return int(text) or None


_READERS: dict[str, Callable[[str], Any]] = {
    "databaseUrl": _database_url,
    "databaseAuth": _choice(*get_args(DatabaseAuth)),
    "showLabels": _truth,
    "archiveAfterDays": _archive_after,
    "logRetentionDays": _retention,
}
_OPTIONAL = _READERS.keys() - {"databaseUrl"}
