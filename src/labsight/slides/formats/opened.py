"""What OpenSlide tells of a slide that only it can read."""

from dataclasses import replace
from functools import partial

from labsight.slides.formats import metadata
from labsight.slides.formats.metadata import ScanData
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff import stripped
from labsight.slides.index import Level
from labsight.slides.staging.staged import StagedSlide

TILE = 256  # px; OpenSlide has no grid of its own
NOTHING = ScanData()


def read_opened(slide: StagedSlide, scan: ScanData) -> Structure:
    """Return a slide's structure without tables; ``scan`` is what the file itself told."""
    properties = slide.properties
    number = metadata.positive
    mpp = metadata.plausible_mpp(
        number(properties.get("openslide.mpp-x")), number(properties.get("openslide.mpp-y"))
    )
    vendor = properties.get("openslide.vendor")
    scan = replace(
        scan,
        vendor=None if vendor == "generic-tiff" else vendor,
        mpp=mpp or scan.mpp,
        magnification=number(properties.get("openslide.objective-power")) or scan.magnification,
    )
    return Structure(
        scan=scan,
        levels=tuple(Level(width, height, TILE, TILE) for width, height in slide.levels),
        pictures={
            name: partial(stripped.from_openslide, slide, name)
            for name in ("label", "macro")
            if name in slide.associated
        },
        icc=slide.icc_profile,
    )
