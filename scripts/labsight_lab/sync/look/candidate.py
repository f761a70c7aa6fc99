"""What is to be sent: a file, or the ``unit.json`` that closes a unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labsight import keys
from labsight.keys import SlideKey
from labsight_lab.sync.source import Fingerprint


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Something that the archive does not hold as it is now.

    ``path`` is what the journal knows it by; that of a unit ends with ``/``. The content lies below
    ``folder`` at that path; without a folder it is ``data``. ``unit`` is the path of the unit that
    a file is a part of, ``members`` stands for the parts that a ``unit.json`` names. ``declared``:
    the CRC-64 that the program which wrote the file told, if it told one. ``refused`` is why it
    cannot be sent, if it cannot.
    """

    source: str
    path: str
    fingerprint: Fingerprint
    content_type: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    data: bytes = b""
    unit: str = ""
    members: str = ""
    declared: int | None = None
    refused: str = ""

    def key(self, revision: int = 1) -> str:
        """Return where a revision of it lies in the archive."""
        return object_key(self.source, self.path, revision)


def object_key(source: str, path: str, revision: int = 1) -> str:
    """Return the key of a file's revision, or of a unit's ``unit.json``; raise InvalidInput."""
    if path.endswith("/"):
        return keys.unit_key(source, path.removesuffix("/"), revision)
    return str(SlideKey(source, path, revision))
