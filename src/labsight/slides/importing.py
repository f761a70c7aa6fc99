"""Imports a slide: reads its structure by range, keeps index and small pictures, writes the row.

Safe to repeat at any point: everything written is a function of the file, and a row that already
tells of this version of the file is left alone. What is a part of a slide of several files is no
slide: the ``unit.json`` that is sent after all parts is imported.
"""

import logging
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from PIL import Image

from labsight import keys
from labsight.catalog import Catalog
from labsight.catalog.models import ImportState, Slide
from labsight.errors import (
    DamagedSlide,
    NotASlide,
    NotPermitted,
    ObjectChanged,
    ObjectMissing,
    SlideError,
    StorageUnavailable,
    UnsupportedSlide,
)
from labsight.objects import ObjectInfo, ObjectStore, metadata
from labsight.objects.metadata import Declared
from labsight.objects.side_by_side import side_by_side
from labsight.slides import barcode, sidecar
from labsight.slides.index import SlideIndex, version_of
from labsight.slides.indexing import Indexed, index_of, unit_of
from labsight.slides.pixels import encode
from labsight.slides.preparing import PICTURE_QUALITY, Prepared, prepare
from labsight.slides.staging.protocol import Staging

ICC_TYPE = "application/vnd.iccprofile"

_log = logging.getLogger(__name__)
_KINDS: dict[type[SlideError], str] = {
    NotASlide: "not-a-slide",
    DamagedSlide: "damaged",
    UnsupportedSlide: "unsupported",
}


_TRIES = 3
# What a hostile file may raise inside a decoder; the archive keeps it, the queue moves on.
_READER_FAULTS = (
    ArithmeticError, LookupError, RecursionError, TypeError, ValueError, struct.error, zlib.error
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of one object; ``changed`` is False when it was imported before.

    ``state`` is None for a part of a slide of several files; ``reason`` tells of which.
    """

    slide_id: str
    state: ImportState | None
    reason: str | None = None
    changed: bool = True


class Importer:
    """Imports objects of the archive into the catalog."""

    def __init__(self, store: ObjectStore, catalog: Catalog, staging: Staging) -> None:
        self._store = store
        self._catalog = catalog
        self._staging = staging

    def run(self, key: str, who: str = "importer", *, again: bool = False) -> Outcome:
        """Import the object at ``key``; with ``again`` also when that was done before.

        A file that cannot be used becomes a ``failed`` row with its reason, a part of a slide of
        several files none. What trying again may mend (StorageUnavailable, a database that is away)
        is raised.
        """
        for _ in range(_TRIES):
            try:
                return self._run(self._store.head(key), who, again=again)
            except ObjectMissing:
                return self._fail(key, who, "missing", "the file is no longer there", None)
            except NotPermitted:
                reason = "the file may not be read by the user that labsight runs as"
                return self._fail(key, who, "missing", reason, None)
            except ObjectChanged as error:
                _log.info("%s changed while it was read (%s); looking again", key, error)
        raise StorageUnavailable(f"{key}: the file keeps changing while it is read")

    def _run(self, info: ObjectInfo, who: str, *, again: bool) -> Outcome:
        slide_id = keys.slide_id(info.key)
        whole = metadata.unit_of(info.metadata)
        if whole is not None and not keys.is_unit(info.key):
            return Outcome(slide_id, None, f"part of {whole}", changed=False)
        # The size of a slide of several files is known once they have been looked up.
        size: dict[str, Any] = {} if keys.is_unit(info.key) else {"size_bytes": info.size}
        row = self._catalog.record(info.key, who, **size)
        if not again and _is_done(row, info):
            return Outcome(
                slide_id, ImportState(row.import_state), row.failure_reason, changed=False
            )
        self._catalog.record(info.key, who, import_state=ImportState.IMPORTING)
        return self._read(info, who)

    def _read(self, info: ObjectInfo, who: str) -> Outcome:
        """Read a slide, keep what is made of it, and note what became of it."""
        declared = metadata.declared(info.metadata)
        try:
            unit = unit_of(self._store, info)
            if unit is not None:
                declared = metadata.clean(unit.case_id, unit.slide_id, unit.incomplete)
            indexed = index_of(self._store, info, self._staging, unit)
            prepared = prepare(self._store, self._staging, indexed)
        except SlideError as error:
            kind = _KINDS[type(error)]
            return self._fail(info.key, who, kind, error.message, info.etag, declared)
        except _READER_FAULTS as error:
            _log.exception("%s broke its reader", info.key)
            reason = f"the file is built so that its reader gave up ({type(error).__name__})"
            return self._fail(info.key, who, "damaged", reason, info.etag, declared)
        slide_id = keys.slide_id(info.key)
        index = self._keep(slide_id, indexed, prepared)
        if self._store.head(info.key).etag != info.etag or index.etag != info.etag:
            raise ObjectChanged(f"{info.key}: replaced while it was imported")
        self._check_kept(slide_id, index)
        ids, row = _ids(prepared, declared), _row(prepared)
        self._catalog.record(
            info.key, who, unless_edited=ids, incomplete=declared.incomplete, **row
        )
        return Outcome(slide_id, ImportState.IMPORTED)

    def _fail(
        self,
        key: str,
        who: str,
        kind: str,
        reason: str,
        etag: str | None,
        declared: Declared | None = None,
    ) -> Outcome:
        """Note why a slide cannot be shown; it is found by what the lab declares all the same."""
        slide_id = keys.slide_id(key)
        reason = keys.printable(reason[:1].upper() + reason[1:])
        if self._catalog.record(key, who).version is not None:  # it was shown, and must not be
            gone = SlideIndex(
                key=key, etag="", size=0, format="", files=(), levels=(), failure=reason
            )
            self._store.write(keys.index_key(slide_id), sidecar.to_bytes(gone))
        self._catalog.record(
            key,
            who,
            import_state=ImportState.FAILED,
            failure_kind=kind,
            failure_reason=reason,
            etag=etag,
            version=None,
            unless_edited=declared.ids if declared else None,
            **({"incomplete": declared.incomplete} if declared else {}),
        )
        return Outcome(slide_id, ImportState.FAILED, reason)

    def _keep(self, slide_id: str, indexed: Indexed, prepared: Prepared) -> SlideIndex:
        """Write the pictures first and the index last: who finds the index finds all."""
        writes = [
            partial(self._write, keys.associated_key(slide_id, name), picture)
            for name, picture in prepared.pictures.items()
        ]
        if indexed.icc:
            profile = keys.profile_key(slide_id)
            writes.append(partial(self._store.write, profile, indexed.icc, content_type=ICC_TYPE))
        etags = [one.etag for one in side_by_side(writes, self._store.parallel)]
        icc = etags.pop() if indexed.icc else None
        kept = dict(zip(prepared.pictures, etags, strict=True))
        listed = tuple(replace(one, etag=kept[one.name]) for one in prepared.index.associated)
        index = replace(prepared.index, associated=listed, icc=icc)
        self._store.write(keys.index_key(slide_id), sidecar.to_bytes(index))
        return index

    def _write(self, key: str, picture: Image.Image) -> ObjectInfo:
        data = encode.jpeg(picture, PICTURE_QUALITY)
        return self._store.write(key, data, content_type="image/jpeg")

    def _check_kept(self, slide_id: str, index: SlideIndex) -> None:
        """Raise ObjectChanged when another import replaced what this index names.

        Queues deliver twice now and then. Where a key of its own encrypts the bucket, the same
        bytes get another ETag each time they are written, and the index would name what is gone.
        """
        named = {keys.associated_key(slide_id, one.name): one.etag for one in index.associated}
        named |= {one.key: one.etag for one in index.files if one.key.startswith(keys.DERIVED)}
        named |= {keys.profile_key(slide_id): index.icc} if index.icc else {}
        heads = (partial(self._store.head, key) for key in named)
        for info in side_by_side(heads, self._store.parallel):
            if info.etag != named[info.key]:
                raise ObjectChanged(f"{info.key}: replaced by another import")


def _ids(prepared: Prepared, declared: Declared) -> dict[str, str | None]:
    """Return the ids that the lab declares, else those on the label, if it can be read.

    The lab's are from its own list or its way to name files. A label may be another lab's or an old
    one under the new, and how its barcode is built is a guess.
    """
    label = prepared.pictures.get("label")
    found = barcode.read_label(label) if label is not None else None
    read: dict[str, str | None] = {"barcode": None, "case_id": None, "slide_id": None}
    if found is not None:
        read = {name: getattr(found, name) for name in read}
    return read | declared.ids


def _is_done(row: Slide, info: ObjectInfo) -> bool:
    """Whether the row tells of this version of the file as this release would."""
    if row.etag != info.etag:
        return False
    if row.import_state == ImportState.IMPORTED:
        return row.version == version_of(info.etag)
    return row.import_state == ImportState.FAILED


def _row(prepared: Prepared) -> dict[str, object]:
    index = prepared.index
    mpp_x, mpp_y = index.mpp or (None, None)
    return {
        "import_state": ImportState.IMPORTED,
        "failure_kind": None,
        "failure_reason": None,
        "etag": index.etag,
        "size_bytes": index.size,
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
        "tissue": prepared.quality.tissue,
        "sharpness": prepared.quality.sharpness,
        "imported_at": datetime.now(UTC),
    }
