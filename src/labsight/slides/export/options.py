"""What may be chosen about an export."""

from dataclasses import dataclass
from enum import StrEnum

from labsight.errors import InvalidInput
from labsight.slides.geometry import DEEP_ZOOM_OVERLAPS, DEEP_ZOOM_TILES
from labsight.slides.pixels import encode
from labsight.slides.view import View

QUALITIES = range(1, 101)


class Target(StrEnum):
    """Kinds of exports, as they are named on the command line."""

    TILES = "tiles"
    ZIP = "zip"
    DZI = "dzi"
    SZI = "szi"
    OME_TIFF = "ome-tiff"


DEEP_ZOOM = frozenset({Target.DZI, Target.SZI})
WITH_PICTURES = frozenset({Target.TILES, Target.ZIP, Target.SZI})


@dataclass(frozen=True, kw_only=True)
class Options:
    """Choices; sizes in px.

    ``tile_size`` is None for the slide's own. ``quality`` (1 to 100) is that of tiles which have to
    be encoded. ``labels`` says that label and macro, which can name a patient, go along.
    """

    view: View
    tile_size: int | None = None
    overlap: int = 0
    quality: int = encode.QUALITY
    labels: bool = False

    def check(self, target: Target) -> None:
        """Raise InvalidInput for what the target cannot have."""
        own_grid = self.tile_size is None and not self.overlap
        if target not in DEEP_ZOOM and not own_grid:
            raise InvalidInput(
                f"--{target} has the slide's own tiles: leave out --tile-size and --overlap, "
                "they are for --dzi and --szi"
            )
        if self.labels and target not in WITH_PICTURES:
            raise InvalidInput(
                f"--{target} holds no label and macro images: leave out --labels, or take --tiles, "
                "--zip or --szi"
            )
        for name, value, allowed in (
            ("--tile-size", self.tile_size, DEEP_ZOOM_TILES),
            ("--overlap", self.overlap, DEEP_ZOOM_OVERLAPS),
            ("--quality", self.quality, QUALITIES),
        ):
            if value is not None and value not in allowed:
                raise InvalidInput(
                    f"{name} {value}: give a whole number from {allowed[0]} to {allowed[-1]}"
                )
        if self.tile_size is not None and self.overlap >= self.tile_size:
            raise InvalidInput(f"--overlap {self.overlap}: it must be less than --tile-size")
