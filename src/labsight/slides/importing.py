"""Imports a slide: reads its structure by range, keeps index and small pictures, writes the row.

Safe to repeat at any point: everything written is a function of the file, and a row that already
tells of this version of the file is left alone.
"""

import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

import openslide
from PIL import Image

from labsight import keys
from labsight.catalog import Catalog
from labsight.catalog.models import ImportState, Slide
from labsight.errors import (
    DamagedSlide,
    NotASlide,
    ObjectChanged,
    ObjectMissing,
    SlideError,
    StorageUnavailable,
    UnsupportedSlide,
)
from labsight.objects import ObjectInfo, ObjectStore
from labsight.slides import associated, barcode, metadata, render
from labsight.slides import index as sidecar
from labsight.slides.index import Associated, Level, SlideIndex
from labsight.slides.layout import TiffLayout, read_layout
from labsight.slides.metadata import ScanData
from labsight.slides.ranges import ObjectBytes
from labsight.slides.scratch import Scratch
from labsight.slides.tiff import Tiff

THUMBNAIL_SIDE = 512  # px
FILE_TILE = 256  # px, for slides without a tile grid of their own

_log = logging.getLogger(__name__)
_KINDS: dict[type[SlideError], str] = {
    NotASlide: "not-a-slide",
    DamagedSlide: "damaged",
    UnsupportedSlide: "unsupported",
}


@dataclass(frozen=True)
class Outcome:
    """What became of one object; ``changed`` is False when it was imported before."""

    slide_id: str
    state: ImportState
    reason: str | None = None
    changed: bool = True


@dataclass(frozen=True)
class _Parts:
    """All that is taken out of a file."""

    index: SlideIndex
    pictures: dict[str, Image.Image]
    thumbnail: Image.Image


_TRIES = 3
# What a hostile file may raise inside a decoder; the archive keeps it, the queue moves on.
_READER_FAULTS = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError, struct.error)


class Importer:
    """Imports objects of the archive into the catalog."""

    def __init__(self, store: ObjectStore, catalog: Catalog, scratch: Scratch) -> None:
        self._store = store
        self._catalog = catalog
        self._scratch = scratch

    def run(self, key: str, who: str = "importer") -> Outcome:
        """Import the object at ``key``.

        A file that cannot be used becomes a ``failed`` row with its reason. What trying again may
        mend (StorageUnavailable, a database that is away) is raised.
        """
        for _ in range(_TRIES):
            try:
                return self._run(self._store.head(key), who)
            except ObjectMissing:
                return self._fail(key, who, "missing", "the file is no longer in the archive", None)
            except ObjectChanged as error:
                _log.info("%s changed while it was read (%s); looking again", key, error)
        raise StorageUnavailable(f"{key}: the file keeps changing while it is read")

    def _run(self, info: ObjectInfo, who: str) -> Outcome:
        slide_id = keys.slide_id(info.key)
        row = self._catalog.record(info.key, who, size_bytes=info.size)
        if _is_done(row, info):
            return Outcome(
                slide_id, ImportState(row.import_state), row.failure_reason, changed=False
            )
        self._catalog.record(info.key, who, import_state=ImportState.IMPORTING)
        try:
            parts = self._read(info)
        except SlideError as error:
            return self._fail(info.key, who, _KINDS[type(error)], error.message, info.etag)
        except _READER_FAULTS as error:
            _log.exception("%s broke its reader", info.key)
            reason = f"the file is built so that its reader gave up ({type(error).__name__})"
            return self._fail(info.key, who, "damaged", reason, info.etag)
        self._keep(slide_id, parts)
        self._catalog.record(info.key, who, **_row(parts.index), **self._ids(slide_id, parts))
        return Outcome(slide_id, ImportState.IMPORTED)

    def _fail(self, key: str, who: str, kind: str, reason: str, etag: str | None) -> Outcome:
        reason = keys.printable(reason[:1].upper() + reason[1:])
        self._catalog.record(
            key,
            who,
            import_state=ImportState.FAILED,
            failure_kind=kind,
            failure_reason=reason,
            etag=etag,
        )
        return Outcome(keys.slide_id(key), ImportState.FAILED, reason)

    def _read(self, info: ObjectInfo) -> _Parts:
        if not info.size:
            raise NotASlide("the file is empty")
        data = ObjectBytes(self._store, info)
        try:
            tiff = Tiff(data)
        except NotASlide:
            tiff = None
        layout = read_layout(tiff) if tiff else None
        if tiff and layout and layout.levels:
            return _stored_parts(info, data, tiff, layout)
        return self._file_parts(info, layout)

    def _file_parts(self, info: ObjectInfo, layout: TiffLayout | None) -> _Parts:
        """Read what only OpenSlide can; say what the file itself told when it cannot either."""
        try:
            slide = self._scratch.slide(info.key, info.etag, info.size)
        except NotASlide:
            if layout is None:
                raise
            raise UnsupportedSlide(
                f"it is a TIFF file, but {layout.reason}, and OpenSlide does not know it either"
            ) from None
        index = _file_index(info, slide, layout)
        pictures = _pictures(
            lambda name: associated.from_openslide(slide, name),
            [name for name in ("label", "macro") if name in slide.associated_images],
        )
        thumbnail = render.thumbnail(index, render.FilePixels(slide), THUMBNAIL_SIDE)
        return _Parts(_with_pictures(index, pictures, thumbnail), pictures, thumbnail)

    def _keep(self, slide_id: str, parts: _Parts) -> None:
        """Write the pictures first and the index last: who finds the index finds all."""
        pictures = {**parts.pictures, "thumbnail": parts.thumbnail}
        for name, picture in pictures.items():
            data = render.encode(picture, associated.QUALITY)
            self._store.write(keys.associated_key(slide_id, name), data, content_type="image/jpeg")
        self._store.write(keys.index_key(slide_id), sidecar.to_bytes(parts.index))

    def _ids(self, slide_id: str, parts: _Parts) -> dict[str, str | None]:
        """Return the ids on the label; what a person entered before is kept by the caller's row."""
        label = parts.pictures.get("label")
        found = barcode.read_label(label) if label is not None else None
        if found is None:
            return {}
        row = self._catalog.slide(slide_id)
        return {
            "barcode": found.barcode,
            "case_id": row.case_id or found.case_id,
            "slide_id": row.slide_id or found.slide_id,
        }


def _is_done(row: Slide, info: ObjectInfo) -> bool:
    """Whether the row tells of this version of the file as this release would."""
    if row.etag != info.etag:
        return False
    if row.import_state == ImportState.IMPORTED:
        return row.version == sidecar.version_of(info.etag)
    return row.import_state == ImportState.FAILED


def _stored_parts(info: ObjectInfo, data: ObjectBytes, tiff: Tiff, layout: TiffLayout) -> _Parts:
    index = _index(info, layout.scan, layout.levels, icc_profile=layout.icc_profile)
    pictures = _pictures(
        lambda name: associated.from_tiff(tiff, layout.associated[name]),
        [name for name in ("label", "macro") if name in layout.associated],
    )
    thumbnail = render.thumbnail(index, render.StoredPixels(index, data.read), THUMBNAIL_SIDE)
    return _Parts(_with_pictures(index, pictures, thumbnail), pictures, thumbnail)


def _pictures(read: Callable[[str], Image.Image], names: list[str]) -> dict[str, Image.Image]:
    """Read the pictures that can be read: a damaged label does not keep a slide from being seen."""
    found = {}
    for name in names:
        try:
            found[name] = read(name)
        except DamagedSlide as error:
            _log.warning("left out the %s image: %s", name, error)
    return found


def _with_pictures(
    index: SlideIndex, pictures: dict[str, Image.Image], thumbnail: Image.Image
) -> SlideIndex:
    kept = {"thumbnail": thumbnail, **pictures}
    listed = tuple(Associated(name, image.width, image.height) for name, image in kept.items())
    return replace(index, associated=listed)


def _file_index(
    info: ObjectInfo, slide: openslide.OpenSlide, layout: TiffLayout | None
) -> SlideIndex:
    properties = slide.properties
    number = metadata.positive
    mpp_x, mpp_y = (
        number(properties.get("openslide.mpp-x")),
        number(properties.get("openslide.mpp-y")),
    )
    scan = layout.scan if layout else ScanData()
    vendor = properties.get("openslide.vendor")
    scan = replace(
        scan,
        vendor=None if vendor == "generic-tiff" else vendor,
        mpp=(mpp_x, mpp_y) if mpp_x and mpp_y else scan.mpp,
        magnification=number(properties.get("openslide.objective-power")) or scan.magnification,
    )
    levels = tuple(
        Level(width, height, FILE_TILE, FILE_TILE) for width, height in slide.level_dimensions
    )
    return _index(info, scan, levels, icc_profile="openslide.icc-size" in properties)


def _index(
    info: ObjectInfo, scan: ScanData, levels: tuple[Level, ...], *, icc_profile: bool
) -> SlideIndex:
    return SlideIndex(
        key=info.key,
        etag=info.etag,
        size=info.size,
        format=PurePosixPath(info.key).suffix.lstrip(".").lower()[:16],
        levels=levels,
        vendor=scan.vendor,
        mpp=scan.mpp,
        magnification=scan.magnification,
        scanned_at=scan.scanned_at,
        image_id=scan.image_id,
        icc_profile=icc_profile,
        properties=scan.properties,
    )


def _row(index: SlideIndex) -> dict[str, object]:
    mpp_x, mpp_y = index.mpp or (None, None)
    return {
        "import_state": ImportState.IMPORTED,
        "failure_kind": None,
        "failure_reason": None,
        "etag": index.etag,
        "format": index.format,
        "vendor": index.vendor,
        "version": index.version,
        "width": index.width,
        "height": index.height,
        "level_count": len(index.levels),
        "mpp_x": mpp_x,
        "mpp_y": mpp_y,
        "magnification": index.magnification,
        "scanned_at": index.scanned_at,
        "image_id": index.image_id,
        "imported_at": datetime.now(UTC),
    }
