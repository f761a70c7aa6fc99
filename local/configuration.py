"""The stack's configuration as `pulumi up` would see it, with local mode's overrides on top."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from labsight.errors import SettingsError

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A program, the name it is deployed under, and its whole configuration."""

    project: str
    name: str
    folder: Path
    program: Path
    config: Mapping[str, str]
    overrides: tuple[str, ...] = ()

    @property
    def region(self) -> str:
        """The region that the stack is configured for."""
        return self.config.get("aws:region", DEFAULT_REGION)


def load_stack(folder: Path, name: str, overrides: Mapping[str, str]) -> Stack:
    """Read ``Pulumi.yaml`` and ``Pulumi.<name>.yaml``; put ``overrides`` on top of both."""
    folder = folder.resolve()
    project_file = folder / "Pulumi.yaml"
    project = _read(project_file)
    if "name" not in project:
        raise SettingsError(f"{project_file}: it has no name")
    stack_file = folder / f"Pulumi.{name}.yaml"
    if not stack_file.exists():
        known = sorted(p.name.split(".")[1] for p in folder.glob("Pulumi.*.yaml"))
        raise SettingsError(
            f"there is no {stack_file}; stacks with a file: {', '.join(known) or 'none'}"
        )
    prefix = f"{project['name']}:"
    config = _defaults(project, prefix)
    forced = {prefix + key: value for key, value in overrides.items()}
    given = _read(stack_file).get("config") or {}
    if not isinstance(given, dict):
        raise SettingsError(f"{stack_file}: below config: write each setting as `name: value`")
    for key, value in given.items():
        if key not in forced:
            config[key] = _text(value, key, stack_file)
        elif not _is_sealed(value):
            config[key] = _plain_text(value)
    shown = [f"{key} = {_shown(forced[key])}{_instead_of(config.get(key))}" for key in forced]
    return Stack(
        project=project["name"],
        name=name,
        folder=folder,
        program=folder / project.get("main", ".") / "__main__.py",
        config={**config, **forced},
        overrides=tuple(shown),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"there is no {path}; is this folder a Pulumi program?") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: settings are needed, as `name: value`")
    return content


def _defaults(project: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return the values that ``Pulumi.yaml`` itself gives, which a stack may replace."""
    found = {}
    for key, entry in (project.get("config") or {}).items():
        value = entry.get("value", entry.get("default")) if isinstance(entry, dict) else entry
        if value is not None:
            found[key if ":" in key else prefix + key] = _plain_text(value)
    return found


def _is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and "secure" in value


def _text(value: Any, key: str, path: Path) -> str:
    if _is_sealed(value):
        raise SettingsError(
            f"{path}: {key} is encrypted for the cloud and cannot be read here; keep it out of the "
            "stack that local mode runs"
        )
    return _plain_text(value)


def _plain_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _instead_of(value: str | None) -> str:
    return f" (instead of {_shown(value)})" if value else ""


def _shown(value: str) -> str:
    """Return a value as it is told; keys are not: their text fills the screen or is secret."""
    return "(a key)" if value.startswith("-----BEGIN ") else value
