"""What the journal knows: of one file or unit, and of the folder it is about."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from labsight.errors import SettingsError
from labsight_lab.sync.source import Fingerprint


class State(StrEnum):
    """How far a file or unit has come."""

    SEEN = "seen"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    VERIFIED = "verified"  # the archive was asked later, and told the same checksum
    EXISTS = "exists"  # the key is taken, as far as we know by this content: an answer was lost
    FAILED = "failed"
    CONFLICT = "conflict"


STORED = frozenset({State.UPLOADED, State.VERIFIED, State.EXISTS})
SETTLED = STORED | {State.CONFLICT}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What one journal is about; another bucket or source is another journal.

    The folder may move: its journal goes on with it.
    """

    folder: Path
    bucket: str
    source: str
    endpoint: str = ""

    def file_name(self) -> str:
        """Return a name for the journal that tells the bucket and is no other journal's."""
        told = "\0".join((str(self.folder), self.bucket, self.source, self.endpoint))
        digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{self.bucket}-{digest}.sqlite"

    def rows(self) -> dict[str, str]:
        """Return the identity as the journal keeps it."""
        return {
            "folder": os.fsencode(self.folder).decode("utf-8", "backslashreplace"),
            "bucket": self.bucket,
            "source": self.source,
            "endpoint": self.endpoint,
        }

    def check(self, journal: Path, kept: Mapping[str, str]) -> None:
        """Raise SettingsError when a journal keeps another identity, but for the folder."""
        if kept != self.rows() | {"folder": kept.get("folder")}:
            raise SettingsError(
                f"journal {journal} belongs to bucket {kept.get('bucket')}, source "
                f"{kept.get('source')} at {kept.get('endpoint') or 'AWS'}; give another with "
                "--journal"
            )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the journal knows of one file, or of one unit's ``unit.json``.

    A unit's ``path`` ends with ``/``, and its ``members`` tell which revisions of which files it
    names. ``unit`` is the path of the unit that a file is a part of. ``sent`` says when the archive
    took the latest revision (seconds since 1970; None: its answer was lost), ``verified`` when it
    was asked last, ``removed`` when the file was removed here after that.
    """

    path: str
    key: str
    fingerprint: Fingerprint
    state: State
    reason: str = ""
    upload: str | None = None
    attempted: frozenset[int] = frozenset()
    revision: int = 0
    crc64: int | None = None
    sent: float | None = None
    unit: str = ""
    members: str = ""
    verified: float | None = None
    removed: float | None = None

    def but(self, **changes: Any) -> "Entry":
        """Return it with changes; `dataclasses.replace` takes five times as long."""
        return Entry(**(self.__dict__ | changes))

    @property
    def is_unit(self) -> bool:
        """Whether this is a ``unit.json`` and no file of the folder."""
        return self.path.endswith("/")


@dataclass(frozen=True)
class Part:
    """One stored part of an open upload, as the archive names it."""

    number: int
    etag: str


class Known(NamedTuple):
    """As much of an entry as a look at the folder needs, of which there may be 100,000."""

    size: int
    mtime_ns: int
    state: str
    revision: int
    unit: str
    members: str
    removed: bool  # by `labsight clean`


def members_digest(revisions: dict[str, int]) -> str:
    """Return what stands for a unit's members, given each one's path and revision."""
    told = "\0".join(f"{path}\0{revision}" for path, revision in sorted(revisions.items()))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
