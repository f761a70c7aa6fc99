"""Finds out what a slide in the archive is made of: any format, one file or several."""

import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from labsight import keys
from labsight.errors import DamagedSlide, NotASlide, ObjectMissing, UnsupportedSlide
from labsight.objects import ObjectInfo, ObjectStore
from labsight.slides import units
from labsight.slides.formats import opened
from labsight.slides.formats.dicom.series import is_dicom, read_dicom
from labsight.slides.formats.structure import Picture, Structure
from labsight.slides.formats.tiff.container import is_tiff
from labsight.slides.formats.tiff.slide import read_tiff
from labsight.slides.index import SlideIndex, SourceFile
from labsight.slides.ranges import Bytes, ObjectBytes
from labsight.slides.staging.protocol import Staging
from labsight.slides.units import Unit

_SIDE_BY_SIDE = 8  # requests to the store at a time, for the members of a unit
# Kinds of units that the archive keeps and no reader here opens: what to do.
_UNREAD = {
    "vsi": "it is an Olympus or Evident VSI slide, which labsight keeps but does not read; to see "
    "it, export it from the scanner's program as OME-TIFF or tiled TIFF and send that",
    "tif-folder": "it is a folder of single TIFF images, which labsight keeps but does not put "
    "together; to see it, save it as OME-TIFF in Micro-Manager or ImageJ and send that",
}


@dataclass(frozen=True)
class Indexed:
    """A slide's index, as yet without what is kept beside it, and what there is to keep.

    ``pictures`` decode a label or macro when called. ``icc`` is the colour profile, if any.
    """

    index: SlideIndex
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    icc: bytes = b""


def index_of(
    store: ObjectStore,
    key: str | ObjectInfo,
    staging: Staging | None = None,
    unit: Unit | None = None,
) -> Indexed:
    """Read the structure of the slide at ``key``, by range where that suffices.

    What was told of the object, and its ``unit`` from ``unit_of``, spare looking them up.
    ``staging`` is where files are copied that only OpenSlide can open; without it they are refused.
    Raises ObjectMissing, NotASlide, DamagedSlide, UnsupportedSlide, and what the store raises.
    """
    info = store.head(key) if isinstance(key, str) else key
    if not info.size:
        raise NotASlide("the file is empty")
    unit = unit or unit_of(store, info)
    files = _members(store, info.key, unit) if unit else [info]
    structure = _structure(store, files, unit)
    sources = tuple(SourceFile(one.key, one.etag, one.size) for one in files)
    if structure.levels:
        return Indexed(_index(info, sources, structure), structure.pictures, structure.icc)
    if staging is None:
        raise UnsupportedSlide(f"{structure.reason}, so it cannot be read by range")
    return _from_openslide(info, sources, structure, staging)


def unit_of(store: ObjectStore, info: ObjectInfo) -> Unit | None:
    """Read what a ``unit.json`` says; None for a slide of one file.

    Raises DamagedSlide, ObjectChanged and what the store raises.
    """
    if not keys.is_unit(info.key):
        return None
    if info.size > units.MAX_BYTES:
        raise DamagedSlide(f"the unit.json has {info.size:,} bytes; it lists files, no more")
    return units.read(store.read(info.key, etag=info.etag))


def _members(store: ObjectStore, key: str, unit: Unit) -> list[ObjectInfo]:
    """Look up the files of a unit; raise DamagedSlide when one is missing or of another size."""
    if unit.kind in _UNREAD:
        raise UnsupportedSlide(_UNREAD[unit.kind])
    wanted = units.member_keys(key, unit)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        found = list(pool.map(lambda key: _head(store, key), wanted))
    for member, file in zip(unit.members, found, strict=True):
        if file.size != member.size:
            raise DamagedSlide(
                f"the file {member.path} has {file.size:,} bytes, unit.json says {member.size:,}: "
                "it was cut off or replaced; send the slide again"
            )
    return found


def _head(store: ObjectStore, key: str) -> ObjectInfo:
    try:
        return store.head(key)
    except ObjectMissing:
        name = keys.place_of(key)[1]
        raise DamagedSlide(
            f"the file {name} is missing, which unit.json names: send it again"
        ) from None


def _structure(store: ObjectStore, files: list[ObjectInfo], unit: Unit | None) -> Structure:
    """Let the reader of the format look."""
    first = ObjectBytes(store, files[0])
    if is_dicom(first):
        return read_dicom([first, *(ObjectBytes(store, file) for file in files[1:])])
    if is_tiff(first):
        if unit is None:
            return read_tiff(first)
        return _of_set(read_tiff(first, _Siblings(store, files, unit).open), len(files))
    return Structure(scan=opened.NOTHING, reason="it is no TIFF and no DICOM file")


def _of_set(structure: Structure, files: int) -> Structure:
    """Note where a file of the unit is none of the set: nobody has looked into what it holds."""
    shown = {chunks.file for level in structure.levels for chunks in level.planes}
    return replace(structure, identifying=structure.identifying or len(shown) < files)


class _Siblings:
    """The other files of an OME-TIFF set, numbered by their places in the unit.

    They name each other as the lab does, not as their keys are written.
    """

    def __init__(self, store: ObjectStore, files: Sequence[ObjectInfo], unit: Unit) -> None:
        self._store = store
        names = (PurePosixPath(member.path).name for member in unit.members)
        self._places = {unicodedata.normalize("NFC", name): n for n, name in enumerate(names)}
        self._files = files

    def open(self, name: str) -> tuple[int, Bytes] | None:
        """Return number and bytes of the member of this file name, None when there is none."""
        place = self._places.get(unicodedata.normalize("NFC", name))
        return None if place is None else (place, ObjectBytes(self._store, self._files[place]))


def _from_openslide(
    info: ObjectInfo, files: tuple[SourceFile, ...], structure: Structure, staging: Staging
) -> Indexed:
    """Read what only OpenSlide can; say what the file itself told when it cannot either."""
    try:
        slide = staging.slide(files)
    except (NotASlide, DamagedSlide):
        if structure.scan is opened.NOTHING:
            raise
        raise UnsupportedSlide(
            f"{structure.reason}, and OpenSlide does not read it either; export the slide again "
            "as a tiled TIFF with JPEG or JPEG 2000 compression"
        ) from None
    found = opened.read_opened(slide, structure.scan)
    return Indexed(_index(info, files, found), found.pictures, found.icc)


def _index(info: ObjectInfo, files: tuple[SourceFile, ...], structure: Structure) -> SlideIndex:
    scan = structure.scan
    index = SlideIndex(
        key=info.key,
        etag=info.etag,
        size=info.size if files[0].key == info.key else sum(file.size for file in files),
        format=PurePosixPath(files[0].key).suffix.lstrip(".").lower()[:16],
        files=files,
        levels=structure.levels,
        axes=structure.axes,
        identifying=structure.identifying,
    )
    return replace(
        index,
        vendor=scan.vendor,
        mpp=scan.mpp,
        magnification=scan.magnification,
        scanned_at=scan.scanned_at,
        image_id=scan.image_id,
        properties=scan.properties,
    )
