"""State and settings lie where each platform keeps them."""

from pathlib import Path

import pytest

from labsight_lab.config import config_dir, state_dir

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("platform", "environment", "place"),
    [
        ("linux", {}, "/home/ada/.local/state/labsight"),
        ("linux", {"XDG_STATE_HOME": "/var/state"}, "/var/state/labsight"),
        ("linux", {"XDG_STATE_HOME": "not/absolute"}, "/home/ada/.local/state/labsight"),
        ("darwin", {}, "/home/ada/Library/Application Support/labsight"),
        ("win32", {"LOCALAPPDATA": "/c/local"}, "/c/local/labsight"),
        ("win32", {}, "/home/ada/AppData/Local/labsight"),
    ],
)
def test_state_dir_follows_the_platform(
    platform: str, environment: dict[str, str], place: str
) -> None:
    assert state_dir(platform, environment, HOME) == Path(place)


@pytest.mark.parametrize(
    ("platform", "environment", "place"),
    [
        ("linux", {}, "/home/ada/.config/labsight"),
        ("linux", {"XDG_CONFIG_HOME": "/etc/ada"}, "/etc/ada/labsight"),
        ("linux", {"XDG_CONFIG_HOME": "not/absolute"}, "/home/ada/.config/labsight"),
        ("darwin", {}, "/home/ada/Library/Application Support/labsight"),
        ("win32", {"LOCALAPPDATA": "/c/local"}, "/c/local/labsight"),
        ("win32", {}, "/home/ada/AppData/Local/labsight"),
    ],
)
def test_config_dir_follows_the_platform(
    platform: str, environment: dict[str, str], place: str
) -> None:
    assert config_dir(platform, environment, HOME) == Path(place)
