"""The generator of the sample slides, loaded for its tests."""

import importlib
from typing import TYPE_CHECKING

from tests.support.made_slides import SAMPLE_DATA

if TYPE_CHECKING:
    import make
else:
    # made_slides has put the folder, whose name is no Python name, on the path.
    make = importlib.import_module("make")

__all__ = ["SLIDES", "make"]

SLIDES = SAMPLE_DATA / "slides"
