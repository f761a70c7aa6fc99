"""The only reader of the stack's configuration: what is wrong is said before anything is made."""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
import yaml
from pulumi.runtime import config as runtime_config

from components.place import zones_here
from stacks import settings as s
from stacks.checks import contradictions, missing_for_deployment, untagged, zones_of
from stacks.keys import KEYS, NAMESPACE, SECRETS
from stacks.reading import Refused

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SECURE = "(encrypted)"  # stands in for a secret where nobody can or need decrypt it

NEAR = 0.4  # of 1: how like a known key another has to be to be taken for a slip of the pen

_Group = TypeVar("_Group", bound="DataclassInstance")


class ConfigError(pulumi.RunError):
    """The configuration cannot be used; Pulumi shows the message and no traceback."""


def load(zones: Callable[[], tuple[str, ...]] = zones_here) -> s.Settings:
    """Read the stack's configuration for a deployment.

    ``zones`` asks for the region's availability zones; those that are used are in the answer,
    also where none were set. Raises ConfigError, before anything is
    declared, that names every key that is wrong and what it may be.
    """
    settings = parse(_configured())
    available = zones()
    problems = [
        *missing_for_deployment(settings, available),
        *untagged(_tags(), pulumi.get_stack()),
    ]
    if problems:
        raise _refusal(problems)
    network = replace(settings.network, zones=zones_of(settings, available))
    return replace(settings, network=network)


def load_file(folder: Path, stack: str) -> s.Settings:
    """Read ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml`` without Pulumi; secrets stay closed."""
    prefix = f"{NAMESPACE}:"
    return parse(
        {
            key.removeprefix(prefix): text
            for key, text in read_stack(folder, stack).items()
            if key.startswith(prefix) or ":" not in key
        }
    )


def parse(values: Mapping[str, str]) -> s.Settings:
    """Check values by key, as Pulumi hands them over: all text; empty is the same as not set."""
    problems = [_unknown(key, text) for key, text in values.items() if key not in KEYS]
    read: dict[str, Any] = {}
    for key, reader in KEYS.items():
        text = values.get(key, "").strip()
        if not text:
            continue
        try:
            read[key] = reader(text)
        except Refused as refused:
            shown = "" if key in SECRETS else f"is {text!r}: "
            problems.append(f"{NAMESPACE}:{key} {shown}{refused}")
    if problems:
        raise _refusal(problems)
    settings = _assembled(read)
    problems = contradictions(settings)
    if problems:
        raise _refusal(problems)
    return settings


def _refusal(problems: list[str]) -> ConfigError:
    return ConfigError("\n".join(["the stack's configuration cannot be used:", *problems]))


def _tags() -> Mapping[str, str]:
    """Return the tags that the provider puts on everything."""
    given = pulumi.Config("aws").get_object("defaultTags") or {}
    return given.get("tags") or {} if isinstance(given, dict) else {}


def _configured() -> dict[str, str]:
    """Return what is set in labsight's namespace, known key or not."""
    config = pulumi.Config(NAMESPACE)
    known = {*runtime_config.CONFIG.get(), *runtime_config.get_config_env()}
    keys = sorted(key.partition(":")[2] for key in known if key.startswith(f"{NAMESPACE}:"))
    return {key: config.get(key) or "" for key in keys}


def read_stack(folder: Path, stack: str) -> dict[str, str]:
    """Return all that ``Pulumi.<stack>.yaml`` sets, by its whole key; secrets stay closed."""
    file = folder / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = sorted(path.name.split(".")[1] for path in folder.glob("Pulumi.*.yaml"))
        raise ConfigError(
            f"there is no {file.name}; stacks with a file here: {', '.join(known) or 'none'}"
        )
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file.name} is no stack file: {error}") from None
    config = document.get("config") or {} if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise ConfigError(
            f"{file.name} is no stack file: below config: write each setting as `name: value`"
        )
    return {str(key): _text(value) for key, value in config.items()}


def _text(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"secure"}:
        return SECURE
    return value if isinstance(value, str) else json.dumps(value)


def _unknown(key: str, text: str) -> str:
    inside = [known for known in KEYS if known.startswith(f"{key}.")]
    if inside and text.startswith("{"):
        return (
            f"{NAMESPACE}:{key} is a group of settings, and each has a key of its own: "
            f"pulumi config set {inside[0]} VALUE (without --path)"
        )
    lower = {known.lower(): known for known in KEYS}
    near = difflib.get_close_matches(key.lower(), lower, n=1, cutoff=NEAR)
    hint = f"the nearest one is {lower[near[0]]}" if near else "docs/settings.md lists them all"
    return (
        f"{NAMESPACE}:{key} is no setting of labsight; {hint}. "
        f"Remove it with: pulumi config rm {key}"
    )


def _assembled(read: Mapping[str, Any]) -> s.Settings:
    """Put the values in their places; what was not set has its class's default."""
    profile: s.Profile = read.get("profile", "lab")
    return _group(
        s.Settings,
        read,
        network=_group(s.NetworkSettings, read, "network"),
        archive=_group(s.ArchiveSettings, read, "archive"),
        database=_group(s.DatabaseSettings, read, "database"),
        functions=_group(s.FunctionSettings, read, "functions"),
        slides=_group(
            s.SlideSettings, read, "slides", tasks=_group(s.TaskSettings, read, "slides.tasks")
        ),
        edge=_group(s.EdgeSettings, read, "edge"),
        login=_group(
            s.LoginSettings,
            {"login.mfa": "required" if profile == "regulated" else "optional", **read},
            "login",
            provider=_whole(s.ProviderSettings, read, "login.provider", {"name", "url"}),
        ),
        desktop=_group(s.DesktopSettings, read, "desktop"),
        gateway=_group(
            s.GatewaySettings,
            read,
            "gateway",
            directory=_whole(
                s.DirectorySettings, read, "gateway.directory", {"domain", "user", "password"}
            ),
        ),
        sync=_group(s.SyncSettings, read, "sync"),
        operations=_group(s.OperationsSettings, read, "operations"),
    )


def _group(kind: type[_Group], read: Mapping[str, Any], prefix: str = "", **more: Any) -> _Group:
    """Make one class of settings from the keys ``<prefix>.<field>``."""
    found = {
        field.name: read[key]
        for field in fields(kind)
        if (key := f"{prefix}.{_camel(field.name)}".lstrip(".")) in read
    }
    return kind(**found, **more)


def _whole(
    kind: type[_Group], read: Mapping[str, Any], prefix: str, needed: set[str]
) -> _Group | None:
    """Make settings that are all there or not at all, from the keys ``<prefix><Field>``."""
    keys = {field.name: prefix + _camel(f"_{field.name}") for field in fields(kind)}
    found = {name: read[key] for name, key in keys.items() if key in read}
    if not found:
        return None
    missing = sorted(keys[name] for name in needed - found.keys())
    if missing:
        together = ", ".join(keys[name] for name in sorted(needed))
        given = keys[next(iter(found))]
        raise _refusal(
            [f"{NAMESPACE}:{missing[0]} is not set, and {given} is: {together} go together"]
        )
    return kind(**found)


def _camel(name: str) -> str:
    """Turn ``database_url`` into ``databaseUrl``."""
    return re.sub("_([a-z])", lambda letter: letter[1].upper(), name)
