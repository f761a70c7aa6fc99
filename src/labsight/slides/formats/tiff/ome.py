"""OME-TIFF: planes of channels, focal planes and times, as its OME-XML places them.

https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/specification.html. Smaller levels are in
SubIFDs of each plane's directory. The planes of a set lie in several files, which the XML names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from xml.etree import ElementTree as ET

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.axes import WHITE, Axes, Channel
from labsight.slides.formats import bounded_xml, channels
from labsight.slides.formats.metadata import ScanData
from labsight.slides.formats.pyramid import MAX_LEVELS, LeftToOpenSlide, is_reduction
from labsight.slides.formats.structure import Picture, Structure
from labsight.slides.formats.tiff import ome_xml, stripped
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.generic import icc_of
from labsight.slides.formats.tiff.grid import Grid, Source, grid_of, size_of
from labsight.slides.formats.tiff.levels import build
from labsight.slides.formats.tiff.ome_files import OmeFiles, OpenOther
from labsight.slides.formats.tiff.ome_xml import OmeChannel, OmeImage, TiffData
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.sidecar import MAX_PLANES

_EMBEDDED = ("BinData", "BinaryFile")  # elements that may hold a picture


def parse(tiff: Tiff) -> ET.Element | None:
    """Return the OME-XML of a file, None when it is damaged, too long, or describes no image."""
    text = tiff.text(tiff.directories[0], Code.DESCRIPTION, bounded_xml.MAX_CHARACTERS + 1)
    root = bounded_xml.parse(text)
    return root if root is not None and ome_xml.images_of(root) else None


def read_ome(
    tiff: Tiff, root: ET.Element, scan: ScanData, open_other: OpenOther | None
) -> Structure:
    """Return the largest image of a document that names images; raise LeftToOpenSlide."""
    images = ome_xml.images_of(root)
    image = max(images, key=lambda one: one.area)
    files = OmeFiles(tiff, ome_xml.uuid_of(root), open_other)
    finest = [files.source(place) for place in _places(image, files)]
    found = next((one for one in finest if one is not None), None)
    if found is None:
        raise LeftToOpenSlide("its OME-XML names no plane of the image")
    grid = grid_of(found.tiff, found.directory)
    planes = _levels(files, _apart(finest, grid, image))
    levels = build(planes)
    return Structure(
        scan=_scan_data(root, scan, image, len(images)),
        levels=levels,
        axes=_axes(image, grid),
        pictures=_pictures(tiff, images, files),
        icc=icc_of(found.tiff, found.directory),
        identifying=len(images) > 1 or _embeds(root) or not files.hold_only(planes, levels),
    )


def _scan_data(root: ET.Element, tags: ScanData, image: OmeImage, images: int) -> ScanData:
    """Join what the document and the resolution tags tell."""
    told = ome_xml.scan_data(root, image)
    return replace(
        told,
        mpp=told.mpp or tags.mpp,
        properties={"images": str(images)} if images > 1 else {},
    )


def _places(image: OmeImage, files: OmeFiles) -> list[tuple[int, int] | None]:
    """Return (file, directory) of each plane, in the order of Axes.plane; None for none."""
    sizes = {**image.sizes, "C": _channel_count(image)}
    total = sizes["C"] * sizes["Z"] * sizes["T"]
    if total > MAX_PLANES:
        raise UnsupportedSlide(f"it has {total} planes; at most {MAX_PLANES} are shown")
    runs = image.runs or (TiffData({}, 0, None, "", ""),)
    several = len({run.file for run in runs}) > 1
    found: dict[tuple[int, ...], tuple[int, int]] = {}
    named = 0
    for run in runs:
        file = files.number(run, several=several)
        count = min(total, files.directories if run.count is None else run.count)
        named += count
        if named > 4 * total + len(runs):
            raise DamagedSlide("its OME-XML names the same planes over and over")
        for step, place in zip(
            range(count), _following(run.first, image.order, sizes), strict=False
        ):
            found.setdefault(place, (file, run.directory + step))
    if len(set(found.values())) < len(found):
        raise LeftToOpenSlide("its OME-XML names one image of the file as several planes")
    return [
        found.get((c, z, t))
        for t in range(sizes["T"])
        for z in range(sizes["Z"])
        for c in range(sizes["C"])
    ]


def _following(
    first: Mapping[str, int], order: str, sizes: Mapping[str, int]
) -> Iterator[tuple[int, ...]]:
    """Yield (c, z, t) from the first on, the axes changing in the order that is given."""
    start, step = 0, 1
    for axis in order:
        at = first.get(axis, 0)
        if at >= sizes[axis]:
            return
        start += at * step
        step *= sizes[axis]
    for number in range(start, step):
        place, rest = {}, number
        for axis in order:
            rest, place[axis] = divmod(rest, sizes[axis])
        yield place["C"], place["Z"], place["T"]


def _channel_count(image: OmeImage) -> int:
    """Return how many channels have planes of their own: those of colours share one."""
    samples = max((one.samples for one in image.channels), default=1)
    if samples == 1:
        return image.sizes["C"]
    if image.sizes["C"] != samples:
        raise LeftToOpenSlide("it has several channels of several samples each")
    return 1


def _apart(planes: list[Source | None], grid: Grid, image: OmeImage) -> list[Source | None]:
    """Make channels of samples that each plane stores apart."""
    if grid.apart == 1:
        return planes
    if _channel_count(image) > 1:
        raise LeftToOpenSlide("it has several channels of several samples each")
    return [
        one if one is None else replace(one, sample=sample)
        for one in planes
        for sample in range(grid.apart)
    ]


def _levels(files: OmeFiles, finest: list[Source | None]) -> list[list[Source | None]]:
    """Return the planes of the finest level and of the smaller ones that all planes have."""
    below = [None if one is None else _reductions(files, one) for one in finest]
    count = min(len(one) for one in below if one is not None)
    if (count + 1) * len(finest) > MAX_PLANES:
        raise UnsupportedSlide(
            f"it has {len(finest)} planes at {count + 1} levels; at most {MAX_PLANES} are shown"
        )
    smaller = [
        [
            one if one is None or parts is None else replace(one, directory=parts[number])
            for one, parts in zip(finest, below, strict=True)
        ]
        for number in range(min(count, MAX_LEVELS))
    ]
    return [finest, *smaller]


def _reductions(files: OmeFiles, source: Source) -> list[Directory]:
    """Return the smaller copies of a plane, finest first."""
    finest = size_of(source.tiff, source.directory)
    sized = [(size_of(source.tiff, one), one) for one in files.below(source)]
    fitting = [(size, one) for size, one in sized if is_reduction(finest, size)]
    fitting.sort(key=lambda pair: pair[0], reverse=True)
    kept = fitting[:1] + [below for above, below in pairwise(fitting) if below[0][0] < above[0][0]]
    return [one for _, one in kept]


def _axes(image: OmeImage, grid: Grid) -> Axes:
    """Return the axes; grey of 8 bits alone is a picture as it stands and no channel."""
    count = max(_channel_count(image), grid.apart)
    shown: tuple[Channel, ...] = ()
    if grid.coding.samples == 1 and (count > 1 or grid.coding.bits == 16):
        told = any((one.colour or WHITE) != WHITE for one in image.channels)
        bits = image.significant_bits or grid.coding.bits
        # A file that claims all bits of its samples tells nothing of the values that it has.
        window = (0, (1 << bits) - 1) if bits < grid.coding.bits else (0, 0)
        names = list(image.channels) + [OmeChannel("", None, 1)] * count
        shown = tuple(
            Channel(
                channels.name_of(one.name, number),
                (one.colour if told else None) or channels.colour_of(number, count),
                window,
            )
            for number, one in enumerate(names[:count])
        )
    return Axes(shown, image.sizes["Z"], image.sizes["T"], image.z_step, image.t_step)


def _pictures(tiff: Tiff, images: Sequence[OmeImage], files: OmeFiles) -> dict[str, Picture]:
    """Find label and macro by the names that Bio-Formats gives the images of converted slides."""
    found: dict[str, Picture] = {}
    for image in images:
        for name in ("label", "macro"):
            if image.name.strip().lower() in {name, f"{name} image"} and len(images) > 1:
                place = next(iter(_places(image, files)))
                if place is not None and place[0] == 0 and place[1] < len(tiff.directories):
                    directory = tiff.directories[place[1]]
                    found.setdefault(name, partial(stripped.from_tiff, tiff, directory))
    return found


def _embeds(root: ET.Element) -> bool:
    """Whether the document itself may hold a picture."""
    return any(bounded_xml.local_name(one) in _EMBEDDED for one in root.iter())
