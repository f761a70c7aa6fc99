"""Describes a slide to IIIF viewers: the info.json of the Image API 3.0, section 5.

https://iiif.io/api/image/3.0/#5-image-information
"""

from typing import Any

from labsight.slides.index import SlideIndex
from labsight.tiles.iiif_pyramid import tile_sets
from labsight.tiles.iiif_request import CONTENT_TYPES, LIMITS, Limits, is_grey

CONTEXT = "http://iiif.io/api/image/3/context.json"
JSON = "application/json"
JSON_LD = f'application/ld+json;profile="{CONTEXT}"'

# What level 2 asks for already; a document names only what there is beside it.
# https://iiif.io/api/image/3.0/compliance/
_LEVEL_2_FORMATS = ("jpg", "png")
_FEATURES = ("canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling")


def info(index: SlideIndex, address: str, limits: Limits = LIMITS) -> dict[str, Any]:
    """Return the image information; ``address`` is where the image is, without a slash behind."""
    return {
        "@context": CONTEXT,
        "id": address,
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": index.width,
        "height": index.height,
        "maxWidth": limits.width,
        "maxHeight": limits.height,
        "maxArea": limits.area,
        "sizes": [
            {"width": level.width, "height": level.height}
            for level in reversed(index.levels)
            if limits.hold((level.width, level.height))
        ],
        "tiles": [
            {"width": width, "height": height, "scaleFactors": factors}
            for (width, height), factors in tile_sets(index, limits)
        ],
        "preferredFormats": ["jpg"],
        "extraFormats": [form for form in CONTENT_TYPES if form not in _LEVEL_2_FORMATS],
        "extraQualities": [*(() if is_grey(index) else ("color",)), "gray", "bitonal"],
        "extraFeatures": list(_FEATURES),
    }


def media_type(accept: str | None) -> str:
    """Return the type in which a client takes info.json: JSON-LD, or JSON for whom it is all one.

    Who names nothing gets JSON-LD (section 5.1); a browser's ``*/*`` gets JSON, which it can show.
    """
    if accept is None:
        return JSON_LD
    wanted = dict(_weighed(one) for one in accept[:1000].lower().split(","))
    linked = wanted.get("application/ld+json", 0.0)
    return JSON_LD if linked > 0 and linked >= wanted.get(JSON, 0.0) else JSON


def _weighed(part: str) -> tuple[str, float]:
    """Return a media type of an Accept header and its weight (RFC 9110, section 12.5.1)."""
    name, *parameters = (one.strip() for one in part.split(";"))
    weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0.0
