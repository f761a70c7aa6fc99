"""State lies where each platform keeps it."""

from pathlib import Path

import pytest

from labsight_lab.config import state_dir

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
