"""What a reader found in a slide's files, before anything of it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PIL import Image

from labsight.slides.axes import NO_AXES, Axes
from labsight.slides.formats.metadata import ScanData
from labsight.slides.index import Level

# Decodes a label or macro in RGB when called; raises DamagedSlide.
Picture = Callable[[], Image.Image]


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A slide's levels (finest first) with their tables, its axes, scan data and pictures.

    ``levels`` is empty when only OpenSlide can show the file; ``reason`` then says why. A level's
    chunks name files by their place in what the reader was given. ``icc`` is the colour profile.
    ``identifying`` tells whether the files hold a label, a macro or anything else not understood.
    """

    scan: ScanData
    levels: tuple[Level, ...] = ()
    axes: Axes = NO_AXES
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    icc: bytes = b""
    identifying: bool = True
    reason: str = ""
