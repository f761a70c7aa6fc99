"""Where `labsight.toml` is."""

import os
from collections.abc import Mapping
from pathlib import Path

from labsight.errors import SettingsError
from labsight_lab.config import config_dir

FILE_NAME = "labsight.toml"
VARIABLE = "LABSIGHT_CONFIG"


def usual_place() -> Path:
    """Return where the file is when nobody says otherwise; it may not exist."""
    return config_dir() / FILE_NAME


def place_to_write(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return where a new file goes: where it would be looked for."""
    variable = environment.get(VARIABLE)
    return given or (Path(variable) if variable else usual_place())


def find(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file to read: the one given, else that of LABSIGHT_CONFIG, else the usual one.

    None when there is none in the usual place. Raise SettingsError when one that was named is
    missing.
    """
    variable = environment.get(VARIABLE)
    for name, place in (("--config", given), (VARIABLE, Path(variable) if variable else None)):
        if place is not None:
            if not place.is_file():
                what = "is not a file" if place.exists() else "does not exist"
                raise SettingsError(
                    f"{name} {place} {what}; `labsight init --config {place}` writes one"
                )
            return place
    usual = usual_place()
    return usual if usual.is_file() else None
