"""Which frame of a DICOM slide is which tile of which plane (PS3.3, C.7.6.17.3)."""

from array import array
from collections.abc import Callable, Sequence

from labsight.errors import DamagedSlide
from labsight.slides.formats.dicom.coding import head_of
from labsight.slides.formats.dicom.instance import Instance, Pixels
from labsight.slides.formats.dicom.paths import OpticalPath
from labsight.slides.formats.dicom.positions import Positions
from labsight.slides.formats.dicom.tags import Tag
from labsight.slides.formats.pyramid import LeftToOpenSlide
from labsight.slides.index import MAX_TILES, Chunks

MAX_FOCAL_PLANES = 4096
# Places of a sparse image for each of its frames: most of a slide is glass, but not nearly all.
MAX_EMPTY = 1024
ALWAYS_ALLOWED = 1 << 16
# Optical path (its key) and z in µm, rounded to nm
PlaneKey = tuple[str, float]
Planes = dict[PlaneKey, Chunks]


def planes_of(parts: Sequence[Instance]) -> Planes:
    """Return the tables of the planes of one image: one file, or the parts of a concatenation.

    Raises DamagedSlide, and LeftToOpenSlide for what no table can say.
    """
    if any(part.pixels is None for part in parts):
        raise LeftToOpenSlide(next(part.reason for part in parts if part.pixels is None))
    if all(part.pixels is not None and part.pixels.positions is None for part in parts):
        return _full(parts)
    planes: Planes = {}
    for part in parts:
        for key, chunks in _sparse(part).items():
            if key in planes:
                raise _split()
            planes[key] = chunks
    return planes


def _full(parts: Sequence[Instance]) -> Planes:
    """Cut the frames into planes: tiles change fastest, then focal planes, then optical paths."""
    first = parts[0]
    tiles = first.grid.count
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(_pixels(part).frames.offsets))
    paths, z = _axes(first, starts[-1])
    planes: Planes = {}
    for number, key in enumerate((path, one) for path in paths for one in z):
        at = number * tiles
        which = next(n for n in range(len(parts)) if at < starts[n + 1])
        if at + tiles > starts[which + 1]:
            raise _split()
        place = slice(at - starts[which], at - starts[which] + tiles)
        pixels = _pixels(parts[which])
        offsets, lengths = pixels.frames.offsets, pixels.frames.lengths
        if len(offsets) > tiles:  # else the plane has all of them: no need for a copy
            offsets, lengths = offsets[place], lengths[place]
        planes[key] = Chunks(head_of(pixels.coding), offsets, lengths, parts[which].file)
    if len(planes) * tiles != starts[-1]:
        raise DamagedSlide("two optical paths of the DICOM file are called the same")
    return planes


def _axes(image: Instance, frames: int) -> tuple[list[str], list[float]]:
    """Return the optical paths' keys and the z of an image whose frames tell neither.

    Files often say how many optical paths the slide has when they hold one, so the number of frames
    has the last word.
    """
    planes, odd = divmod(frames, image.grid.count)
    paths = image.found.number(Tag.NUMBER_OF_OPTICAL_PATHS) or len(image.paths)
    focal = image.found.number(Tag.FOCAL_PLANES) or max(1, planes // paths)
    if paths * focal != planes and planes % focal == 0:
        paths = planes // focal
    elif paths * focal != planes and planes % paths == 0:
        focal = planes // paths
    if odd or not planes or paths * focal != planes or focal > MAX_FOCAL_PLANES:
        raise DamagedSlide(
            f"the DICOM file has {frames:,} frames; its picture takes {image.grid.count:,} for "
            f"each of {paths:,} optical paths and {focal:,} focal planes"
        )
    step = image.z_step or 1.0
    z = [round(image.z + number * step, 3) for number in range(focal)]
    return [path.key for path in _named(image, paths)], z


def _named(image: Instance, count: int) -> list[OpticalPath]:
    """Return the optical paths of the frames, made up where the file does not tell."""
    shared = image.shared_path
    if count == 1 and shared:
        return [path_named(image, shared)]
    made = [OpticalPath("", f"\n{number}") for number in range(len(image.paths), count)]
    return [*image.paths, *made][:count]


def path_named(image: Instance, identifier: str) -> OpticalPath:
    """Return an optical path by its identifier, the first one for frames that name none."""
    wanted = identifier or image.shared_path
    known = next((path for path in image.paths if path.identifier == wanted), None)
    if known is not None:
        return known
    return OpticalPath(wanted, wanted, wanted) if wanted else image.paths[0]


def _sparse(image: Instance) -> Planes:
    """Sort frames into planes by the places they tell.

    Scanners write a z of its own for each tile when they follow the tissue, so z makes planes only
    when several frames stand at the same place.
    """
    pixels = _pixels(image)
    positions = pixels.positions
    if positions is None:
        return _full([image])
    tiles = _tile_numbers(image, positions)
    keys = [path_named(image, one).key for one in positions.identifiers]
    middle = round(sorted(positions.z)[len(positions.z) // 2], 3)
    tables = _sorted(tiles, image.grid.count, lambda n: (keys[positions.paths[n]], middle))
    if tables is None:
        tables = _sorted(
            tiles,
            image.grid.count,
            lambda n: (keys[positions.paths[n]], round(positions.z[n], 3)),
        )
    if tables is None:
        raise LeftToOpenSlide("several of its frames stand at the same place")
    head, frames = head_of(pixels.coding), pixels.frames
    return {
        key: Chunks(
            head,
            array("Q", (frames.offsets[frame - 1] if frame else 0 for frame in table)),
            array("I", (frames.lengths[frame - 1] if frame else 0 for frame in table)),
            image.file,
        )
        for key, table in tables.items()
    }


def _tile_numbers(image: Instance, positions: Positions) -> "array[int]":
    """Return the number of the tile that each frame is."""
    grid = image.grid
    numbers = array("I")
    for column, row in zip(positions.columns, positions.rows, strict=True):
        if not (0 < column <= grid.width and 0 < row <= grid.height):
            raise DamagedSlide(
                f"a frame of the DICOM file stands at column {column}, row {row} of a picture of "
                f"{grid.width} x {grid.height} px"
            )
        across, right = divmod(column - 1, grid.chunk_width)
        down, below = divmod(row - 1, grid.chunk_height)
        if right or below:
            raise LeftToOpenSlide("its frames do not stand side by side on one grid")
        numbers.append(down * grid.columns + across)
    return numbers


def _sorted(
    tiles: "array[int]", count: int, key_of: Callable[[int], PlaneKey]
) -> "dict[PlaneKey, array[int]] | None":
    """Return for each plane which frame (from 1) is which tile; None when two are the same."""
    tables: dict[PlaneKey, array[int]] = {}
    for frame, tile in enumerate(tiles):
        key = key_of(frame)
        table = tables.get(key)
        if table is None:
            places = (len(tables) + 1) * count
            if places > min(MAX_TILES, max(ALWAYS_ALLOWED, MAX_EMPTY * len(tiles))):
                raise DamagedSlide(
                    f"the DICOM file claims {places:,} places or more for {len(tiles):,} frames"
                )
            table = tables[key] = array("I", bytes(4 * count))
        if table[tile]:
            return None
        table[tile] = frame + 1
    return tables


def _pixels(image: Instance) -> Pixels:
    if image.pixels is None:
        raise LeftToOpenSlide(image.reason)
    return image.pixels


def _split() -> LeftToOpenSlide:
    return LeftToOpenSlide("a plane of it lies in several files (a concatenation)")
