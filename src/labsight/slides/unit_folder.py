"""A lab's folder of slides in which the files of a DICOM series count as one slide."""

import hashlib
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from labsight import keys
from labsight.errors import InvalidInput, ObjectChanged, ObjectMissing, SlideError
from labsight.objects import ObjectInfo
from labsight.objects.slide_folder import SlideFolder
from labsight.slides import units
from labsight.slides.formats.dicom.series import series_of
from labsight.slides.ranges import ObjectBytes
from labsight.slides.units import Member, Unit

_DICOM = (".dcm", ".dicom")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_log = logging.getLogger(__name__)


class UnitFolder(SlideFolder):
    """Lists files, but for the files of one series the ``unit.json`` that the archive would have.

    A series has one place, of a single file, too: what arrives later changes the slide and makes no
    other. That object is made up as it is read; nothing is written into the folder.
    """

    def __init__(self, root: Path, source: str) -> None:
        super().__init__(root, source)
        self._lock = threading.Lock()
        self._series: dict[tuple[str, str], str] = {}  # (key, ETag) -> series
        self._units: dict[str, tuple[bytes, ObjectInfo]] = {}

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield single files and units in the order of their keys."""
        series: dict[tuple[str, str], list[ObjectInfo]] = {}
        found = []
        for info in super().walk():
            if info.key.lower().endswith(_DICOM):
                folder = keys.parse_slide(info.key).path.rpartition("/")[0]
                series.setdefault((folder, self._series_of(info)), []).append(info)
            else:
                found.append(info)
        found.extend(self._grouped(series))
        for info in sorted(found, key=lambda one: one.key):
            if info.key.startswith(prefix) and info.key > after:
                yield info

    def head(self, key: str) -> ObjectInfo:
        """Describe a file or a unit."""
        return self._unit(key)[1] if keys.is_unit(key) else super().head(key)

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        """Return a part of a file, or of a unit's list."""
        if not keys.is_unit(key):
            return super().read(key, start, length, etag=etag)
        data, info = self._unit(key)
        if etag is not None and info.etag != etag:
            raise ObjectChanged(f"{key}: the files changed (expected version {etag})")
        return data[start:] if length is None else data[start : start + length]

    def local_path(self, key: str) -> Path | None:
        """Return the file itself; a unit has none."""
        return None if keys.is_unit(key) else super().local_path(key)

    def _unit(self, key: str) -> tuple[bytes, ObjectInfo]:
        with self._lock:
            found = self._units.get(key)
        if found is None:
            raise ObjectMissing(f"{key}: no such unit")
        return found

    def _series_of(self, info: ObjectInfo) -> str:
        """Return the series a file is of; what is no DICOM file stands for itself."""
        place = info.key, info.etag
        with self._lock:
            known = self._series.get(place)
        if known is None:
            try:
                known = series_of(ObjectBytes(self, info))[0]
            except SlideError:
                known = ""
            with self._lock:
                self._series[place] = known
        return known

    def _grouped(self, series: dict[tuple[str, str], list[ObjectInfo]]) -> Iterator[ObjectInfo]:
        """Yield a unit for each series, and files that are of none as they are."""
        units_now = {}
        for (folder, uid), files in series.items():
            key = self._unit_key(folder, uid)
            if key is None:
                yield from files
                continue
            units_now[key] = _made_up(key, files)
            yield units_now[key][1]
        with self._lock:
            self._units = units_now

    def _unit_key(self, folder: str, uid: str) -> str | None:
        """Return where the archive would have the unit; None for files of no series."""
        try:
            return keys.unit_key(self._source, units.series_folder(folder, uid)) if uid else None
        except InvalidInput as error:
            _log.debug("the files of a DICOM series are taken one by one: %s", error)
            return None


def _made_up(key: str, files: list[ObjectInfo]) -> tuple[bytes, ObjectInfo]:
    members = tuple(Member(keys.parse_slide(one.key).path, one.size, one.etag) for one in files)
    data = units.write(Unit("dicom", members))
    etag = hashlib.sha256(data).hexdigest()[:32]
    modified = max((one.modified for one in files), default=_EPOCH)
    return data, ObjectInfo(key=key, size=len(data), etag=etag, modified=modified)
