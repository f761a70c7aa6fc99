"""What a viewer must know of a slide."""

from typing import Any

from labsight import keys
from labsight.errors import InvalidInput
from labsight.slides import geometry
from labsight.slides.index import SlideIndex


def describe(index: SlideIndex, *, show_labels: bool, direct: bool) -> dict[str, Any]:
    """Return slide.json: real level sizes (px), mpp (µm per px), and where the tiles are."""
    slide = keys.slide_id(index.key)
    suffix = f"?v={index.version}"
    direct = direct and index.may_be_handed_out
    return {
        "id": slide,
        "version": index.version,
        "filename": keys.place_of(index.key)[1].rpartition("/")[2],
        "width": index.width,
        "height": index.height,
        "mpp": {"x": index.mpp[0], "y": index.mpp[1]} if index.mpp else None,
        "magnification": index.magnification,
        "vendor": index.vendor,
        "format": index.format,
        "scanned_at": index.scanned_at,
        "levels": [_level(index, number) for number in range(len(index.levels))],
        "tile_url": f"/slides/{slide}/tiles/{{level}}/{{col}}_{{row}}.jpg{suffix}",
        "deepzoom_url": f"/slides/{slide}.dzi{suffix}",
        "iiif_url": f"/iiif/3/{slide}/info.json",
        "direct_url": f"/slides/{slide}/direct.json" if direct else None,
        **_axes(index),
        "associated": [
            {
                "name": image.name,
                "width": image.width,
                "height": image.height,
                "url": f"/slides/{slide}/{image.name}.jpg{suffix}",
            }
            for image in index.associated
            if show_labels or image.name not in keys.PRIVATE_IMAGES
        ],
        "icc_profile": index.icc is not None,
        "icc_url": f"/slides/{slide}/profile.icc{suffix}" if index.icc is not None else None,
        "formats": ["jpg"],
        "properties": dict(index.properties),
    }


def deep_zoom_size(index: SlideIndex, tile: str | None, overlap: str | None) -> tuple[int, int]:
    """Return tile size and overlap as asked for, else the slide's own and none."""
    own = index.levels[0].tile_width
    return (
        _number("tilesize", tile, own, geometry.DEEP_ZOOM_TILES),
        _number("overlap", overlap, 0, geometry.DEEP_ZOOM_OVERLAPS),
    )


def _axes(index: SlideIndex) -> dict[str, Any]:
    """Tell of channels with the colours and windows (sample values) they are shown with, z and t.

    Without channels the samples are colours; those of 16 bits are shown by their upper eight.
    """
    axes, usual = index.axes, index.usual_view
    return {
        "channels": [
            {
                "number": number,
                "name": channel.name,
                "colour": channel.colour,
                "window": list(channel.window),
                "shown": number < len(usual.channels),
            }
            for number, channel in enumerate(axes.channels)
        ],
        "z": {"count": axes.z, "shown": usual.z, "step_um": axes.z_step},
        "t": {"count": axes.t, "shown": usual.t, "step_s": axes.t_step},
        "bits": index.levels[0].coding.bits if index.levels[0].coding else 8,
    }


def _level(index: SlideIndex, number: int) -> dict[str, Any]:
    level = index.levels[number]
    return {
        "level": number,
        "width": level.width,
        "height": level.height,
        "downsample": index.downsample(number),
        "tile_width": level.tile_width,
        "tile_height": level.tile_height,
        "columns": level.columns,
        "rows": level.rows,
        "made": level.made,
    }


def _number(name: str, text: str | None, default: int, allowed: range) -> int:
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    if value not in allowed:
        raise InvalidInput(
            f"{name}={text[:20]}: use a whole number from {allowed.start} to {allowed.stop - 1}"
        )
    return value
