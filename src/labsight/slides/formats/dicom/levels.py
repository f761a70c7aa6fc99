"""Makes levels out of the files of one DICOM slide: each size is one, whatever the files' order."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.axes import NO_AXES, Axes
from labsight.slides.formats.dicom.coding import head_of
from labsight.slides.formats.dicom.instance import THUMBNAIL, Grid, Instance
from labsight.slides.formats.dicom.paths import OpticalPath, channels_of
from labsight.slides.formats.dicom.tags import Tag
from labsight.slides.formats.dicom.tiles import MAX_FOCAL_PLANES, Planes, path_named, planes_of
from labsight.slides.formats.pyramid import MAX_LEVELS, LeftToOpenSlide, is_reduction, tile_of
from labsight.slides.index import MAX_TILES, Chunks, Coding, Level
from labsight.slides.sidecar import MAX_PLANES


@dataclass(frozen=True)
class Picture:
    """All planes of one size."""

    grid: Grid
    coding: Coding
    planes: Planes


def level_of(picture: Picture, planes: Iterable[Chunks]) -> Level:
    """Return a level with these planes."""
    grid = picture.grid
    chunk = grid.chunk_width, grid.chunk_height
    tile = tile_of(picture.coding, chunk, tiled=True)
    return Level(grid.width, grid.height, *tile, picture.coding, *chunk, tuple(planes))


def sizes_of(images: Sequence[Instance]) -> list[list[Instance]]:
    """Sort the files of a slide by size, finest first; each inner list makes one level.

    Leaves out a thumbnail that is no smaller copy of the slide, and one for which the slide has a
    level of its own. Raises UnsupportedSlide for files that belong to no one slide.
    """
    volumes = [one for one in images if one.flavour != THUMBNAIL]
    _check_one_slide(volumes)
    finest = max((_size(one) for one in volumes), key=lambda size: size[0] * size[1])
    found: dict[tuple[int, int], list[Instance]] = defaultdict(list)
    for one in volumes:
        size = _size(one)
        if size != finest and not is_reduction(finest, size):
            raise UnsupportedSlide(
                f"its picture of {size[0]} x {size[1]} px is no smaller copy of the one of "
                f"{finest[0]} x {finest[1]} px: put each slide's DICOM files in a folder of its own"
            )
        found[size].append(one)
    place = volumes[0].text(Tag.FRAME_OF_REFERENCE_UID)
    for one in images:
        size = _size(one)
        if one.flavour == THUMBNAIL and size not in found and _fits(one, finest, place):
            found[size] = [one]
    ordered = [found[size] for size in sorted(found, reverse=True)]
    if any(_size(above[0])[0] == _size(below[0])[0] for above, below in pairwise(ordered)):
        raise DamagedSlide("the levels of the slide do not get smaller one by one")
    if len(ordered) > MAX_LEVELS:
        raise DamagedSlide(f"the slide has {len(ordered)} levels, at most {MAX_LEVELS} are read")
    return ordered


def _size(one: Instance) -> tuple[int, int]:
    return one.grid.width, one.grid.height


def _fits(thumbnail: Instance, finest: tuple[int, int], place: str) -> bool:
    return (
        thumbnail.pixels is not None
        and thumbnail.text(Tag.FRAME_OF_REFERENCE_UID) == place
        and is_reduction(finest, _size(thumbnail))
    )


def _check_one_slide(volumes: Sequence[Instance]) -> None:
    """See to it that the files are of one scan of one place.

    All files of a pyramid share their frame of reference, and the UID of the pyramid where they
    have one (PS3.3, C.8.12.14).
    """
    for tag, what in (
        (Tag.FRAME_OF_REFERENCE_UID, "frames of reference"),
        (Tag.PYRAMID_UID, "pyramids"),
    ):
        kinds = {one.text(tag) for one in volumes} - {""}
        if len(kinds) > 1:
            raise UnsupportedSlide(
                f"its DICOM files are of {len(kinds)} {what}, that is of several scans: put the "
                "files of each in a folder of its own"
            )


def picture_of(files: Sequence[Instance]) -> Picture:
    """Join the files of one size; raise LeftToOpenSlide for what makes no one level.

    Raises UnsupportedSlide when two files show the same plane.
    """
    if {one.text(Tag.EXTENDED_DEPTH_OF_FIELD) for one in files} >= {"YES", "NO"}:
        files = [one for one in files if one.text(Tag.EXTENDED_DEPTH_OF_FIELD) != "YES"]
    planes: Planes = {}
    for parts in _concatenations(files):
        for key, chunks in planes_of(parts).items():
            if key in planes:
                raise UnsupportedSlide(
                    f"two of its DICOM files hold the same picture of {files[0].grid.width} x "
                    f"{files[0].grid.height} px: put each slide's files in a folder of its own"
                )
            planes[key] = chunks
    codings = {one.pixels.coding for one in files if one.pixels is not None}
    if len({one.grid for one in files}) > 1 or len(codings) > 1:
        raise LeftToOpenSlide("its planes differ in the size of their frames or in their coding")
    return Picture(files[0].grid, codings.pop(), planes)


def _concatenations(files: Sequence[Instance]) -> list[list[Instance]]:
    """Return each image's file or, where one was cut in several, its parts in order.

    A concatenation is told of in PS3.3, C.7.6.16.1.
    """
    alone = [[one] for one in files if not one.text(Tag.CONCATENATION_UID)]
    joined: dict[str, list[Instance]] = defaultdict(list)
    for one in files:
        if one.text(Tag.CONCATENATION_UID):
            joined[one.text(Tag.CONCATENATION_UID)].append(one)
    for parts in joined.values():
        parts.sort(key=lambda one: one.found.number(Tag.CONCATENATION_NUMBER))
        numbers = [one.found.number(Tag.CONCATENATION_NUMBER) for one in parts]
        total = parts[0].found.number(Tag.CONCATENATION_TOTAL, len(parts))
        if numbers != list(range(1, total + 1)):
            raise DamagedSlide(
                f"of the {total} files that one picture of the slide was cut in there are only "
                f"{len(numbers)}: copy all of them again"
            )
    return [*alone, *joined.values()]


def build(sizes: Sequence[Sequence[Instance]]) -> tuple[tuple[Level, ...], Axes]:
    """Return the levels and what their planes are; raise LeftToOpenSlide with the reason.

    The finest level says which optical paths and focal planes there are. A coarser one without a
    focal plane shows the nearest it has, one without an optical path shows it black.
    """
    pictures = [picture_of(files) for files in sizes]
    if len({(one.coding.samples, one.coding.bits) for one in pictures}) > 1:
        raise LeftToOpenSlide("its levels differ in samples or bits")
    finest = pictures[0]
    paths = _paths(sizes[0], finest)
    if finest.coding.samples != 1:
        paths = paths[:1]  # colours of two lights cannot be laid over each other
    z = sorted({key[1] for key in finest.planes})
    _check_cost(pictures, len(paths) * len(z))
    channels = channels_of(paths, finest.coding)
    step = round((z[-1] - z[0]) / (len(z) - 1), 3) if len(z) > 1 and _told(sizes[0]) else None
    axes = Axes(channels, z=len(z), z_step=step) if channels or len(z) > 1 else NO_AXES
    levels = tuple(
        level_of(one, [_plane(one, path.key, wanted) for wanted in z for path in paths])
        for one in pictures
    )
    return levels, axes


def _paths(files: Sequence[Instance], finest: Picture) -> list[OpticalPath]:
    """Return the optical paths that the finest level has, in the order of its files."""
    told = {path.key: path for one in files for path in one.paths}
    for one in files:
        if one.pixels is not None and one.pixels.positions is not None:
            named = [path_named(one, name) for name in one.pixels.positions.identifiers]
            told.update({path.key: path for path in named})
    there = dict.fromkeys(key for key, _ in finest.planes)
    known = [path for key, path in told.items() if key in there]
    return [*known, *(OpticalPath("", key) for key in there if key not in told)]


def _told(files: Sequence[Instance]) -> bool:
    """Whether the distance of focal planes is known, and not only their number."""
    return len(files) > 1 or any(
        one.z_step is not None or (one.pixels is not None and one.pixels.positions is not None)
        for one in files
    )


def _check_cost(pictures: Sequence[Picture], planes: int) -> None:
    tiles = sum(planes * one.grid.count for one in pictures)
    if planes * len(pictures) > MAX_PLANES or tiles > MAX_TILES or planes > MAX_FOCAL_PLANES:
        raise DamagedSlide(
            f"the slide has {len(pictures)} levels of {planes:,} planes with {tiles:,} tiles in "
            f"all; at most {MAX_FOCAL_PLANES:,} planes and {MAX_TILES:,} tiles are read"
        )


def _plane(picture: Picture, path: str, z: float) -> Chunks:
    """Return a plane, the nearest one of the same light, or a blank one."""
    there = [key for key in picture.planes if key[0] == path]
    if there:
        return picture.planes[min(there, key=lambda key: abs(key[1] - z))]
    count = picture.grid.count
    blank = array("Q", bytes(8 * count)), array("I", bytes(4 * count))
    return Chunks(head_of(picture.coding), *blank)
