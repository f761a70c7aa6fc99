"""All parsers and decoders that meet bytes of others."""

from functools import cache

from tests.fuzz.claims import Claims
from tests.fuzz.documents import Addresses, Documents, Sidecars, Units
from tests.fuzz.slide_seeds import slides
from tests.fuzz.streams import EdgeTiles, Profiles, RestartIntervals, Tiles
from tests.fuzz.target import Target


@cache
def targets() -> dict[str, Target]:
    """Return them by name."""
    found: tuple[Target, ...] = (
        *slides(), Tiles(), EdgeTiles(), RestartIntervals(), Profiles(), Sidecars(), Units(),
        Documents(), Addresses(), Claims(),
    )  # fmt: skip
    return {one.name: one for one in found}
