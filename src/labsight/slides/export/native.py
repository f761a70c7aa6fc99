"""A slide's own levels as they are: every tile a JPEG file, and a descriptor beside them."""

import json
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from PIL import Image

from labsight import __version__, keys
from labsight.errors import DamagedSlide, InvalidInput
from labsight.slides.export.copying import Copied
from labsight.slides.export.deep_zoom import least_tiles, single
from labsight.slides.export.drawing import Chain, Draw, Drawn, Grid
from labsight.slides.export.options import Options
from labsight.slides.export.plan import Layer, Plan, Sink, Stage, Written
from labsight.slides.export.source import ExportSource
from labsight.slides.index import Associated
from labsight.slides.indexed_files import ReadFile
from labsight.slides.pixels import encode, render
from labsight.slides.pixels.pieces import Box
from labsight.slides.preparing import PICTURE_QUALITY, THUMBNAIL_SIDE
from labsight.tiles import descriptor

DESCRIPTOR = "slide.json"
PROFILE = "profile.icc"


def plan(source: ExportSource, options: Options, folder: str = "") -> Plan:
    """Plan the levels of a slide as folders ``0`` (finest), ``1`` … below ``folder``."""
    index = source.index
    layers, stages = [], []
    left_out: list[list[tuple[int, int]]] = []
    stored = 0
    for number, level in enumerate(index.levels):
        layers.append(Layer(f"{folder}{number}", level.columns, level.rows))
        copied = _copied(source, number, options)
        left_out.append(copied.left_out if copied else [])
        if copied is not None:
            stored += sum(copied.chunks.lengths)
            stages.append(Stage(copied.units))
        else:
            stages.append(Stage(_drawn(source, number, options).units, decoding=True))
    pictures = associated(source, labels=options.labels)
    told = _descriptor(source, pictures, left_out, options)
    files = {DESCRIPTOR: told} | {f"{name}.jpg": data for name, (_, data) in pictures.items()}
    if source.icc:
        files[PROFILE] = source.icc
    layers.append(Layer(folder.rstrip("/"), 0, 0, names=tuple(files)))
    stages.insert(0, single([Written(len(layers) - 1, tuple(files.values()))]))
    return Plan(
        layers=tuple(layers),
        stages=tuple(stages),
        tiles=sum(layer.count for layer in layers) - sum(map(len, left_out)),
        stored_bytes=stored,
        options={
            "quality": options.quality,
            "view": options.view.key,
            "labels": int(options.labels),
        },
    )


def associated(source: ExportSource, *, labels: bool) -> dict[str, tuple[Image.Image, bytes]]:
    """Return the pictures that go along, as they are and as JPEG; the thumbnail is made.

    Pictures that cannot be decoded are left out: a damaged label keeps nobody from the slide.
    """
    found: dict[str, Image.Image] = {}
    with suppress(InvalidInput):  # a slide without coarse levels, too large to be read for this
        found["thumbnail"] = render.thumbnail(source.index, source.pixels, THUMBNAIL_SIDE)
    for name, read in sorted(source.pictures.items()):
        if labels or name not in keys.PRIVATE_IMAGES:
            try:
                found[name] = read().convert("RGB")
            except DamagedSlide:
                continue
    return {name: (image, encode.jpeg(image, PICTURE_QUALITY)) for name, image in found.items()}


def _copied(source: ExportSource, number: int, options: Options) -> Copied | None:
    level = source.index.levels[number]
    plane = source.index.stored_plane(level, options.view)
    if plane is None:
        return None
    return Copied(
        source, number, options.view, plane, number, level.width, level.height, options.quality,
        blanks=False,
    )  # fmt: skip


def _drawn(source: ExportSource, number: int, options: Options) -> Chain:
    level = source.index.levels[number]

    def drawing(_: Sink, __: ReadFile | None) -> Draw:
        def draw(box: Box) -> Image.Image:
            return source.pixels.region(number, box, box[2:], options.view)

        return draw

    grid = Grid(level.tile_width, level.tile_height)
    return Chain(
        (Drawn(number, level.width, level.height),),
        grid,
        drawing,
        partial(encode.jpeg, quality=options.quality),
        least=least_tiles(level, grid),
    )


def _descriptor(
    source: ExportSource,
    pictures: dict[str, tuple[Image.Image, bytes]],
    left_out: list[list[tuple[int, int]]],
    options: Options,
) -> bytes:
    """Return slide.json as a server writes it, but with addresses of the files beside it."""
    listed = tuple(
        Associated(name, image.width, image.height) for name, (image, _) in pictures.items()
    )
    index = replace(source.index, associated=listed, icc=PROFILE if source.icc else None)
    told: dict[str, Any] = descriptor.describe(index, show_labels=options.labels, direct=False)
    told |= {
        "tile_url": "{level}/{col}_{row}.jpg",
        "deepzoom_url": None,
        "iiif_url": None,
        "icc_url": PROFILE if source.icc else None,
        "exported_by": f"labsight {__version__}",
        "view": options.view.key,
        "background": "#{:02x}{:02x}{:02x}".format(*render.background(index)),
    }
    for picture in told["associated"]:
        picture["url"] = f"{picture['name']}.jpg"
    for level, blank in zip(told["levels"], left_out, strict=True):
        level["blank"] = [list(place) for place in blank]
    return json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n"
