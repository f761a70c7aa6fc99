"""Where this machine keeps what labsight is told, and what it has to remember between runs."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def state_dir(
    platform: str = sys.platform,
    environment: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> Path:
    """Return the user's own folder for state, by each platform's rule; it may not exist yet."""
    home = home or Path.home()
    if platform == "win32":
        local = environment.get("LOCALAPPDATA")
        return (Path(local) if local else home / "AppData" / "Local") / "labsight"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "labsight"
    # https://specifications.freedesktop.org/basedir-spec: a relative path is to be ignored.
    state = environment.get("XDG_STATE_HOME", "")
    return (Path(state) if state.startswith("/") else home / ".local" / "state") / "labsight"


def config_dir(
    platform: str = sys.platform,
    environment: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> Path:
    """Return the user's own folder for settings, by each platform's rule; it may not exist yet."""
    home = home or Path.home()
    if platform in {"win32", "darwin"}:
        return state_dir(platform, environment, home)  # these keep both in one place
    config = environment.get("XDG_CONFIG_HOME", "")
    return (Path(config) if config.startswith("/") else home / ".config") / "labsight"
