"""Slides of several files: what their ``unit.json`` says.

A unit's files lie under their own keys, as they lie in the lab; ``unit.json`` is written last and
names them all. It is the slide: its key gives the id, its content changes with any member's.

    {"labsight_unit": 1, "kind": "dicom", "case_id": "S26-1", "slide_id": "S26-1-A1",
     "scanner": "scanner 2", "incomplete": "lacks 3.dcm",
     "members": [{"path": "case 1/series/1.dcm", "size": 123, "checksum": "…",
                  "revision": 2, "mtime_ns": 1773478755000000000}, …]}

``path`` is relative to the source, as in SlideKey, and lies below the folder that holds the unit's
own; the first member is the one to open. ``checksum`` is what the sender proved, of any kind.
``revision`` (1 where it is not told) is that of the member's key: a file that the archive held with
other content was sent again under another. What the lab declares of the slide, ``case_id`` to
``incomplete``, may be left out.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from labsight import keys
from labsight.errors import DamagedSlide, InvalidInput
from labsight.keys import SlideKey

FORMAT = 1
KINDS = frozenset({"dicom", "mrxs", "vms", "vsi", "ome-tiff", "tif-folder"})
MAX_MEMBERS = 20_000
MAX_BYTES = 16 << 20
_MAX_TEXT = 1000  # characters of what the lab declares
_MAX_NS = 1 << 63
_TEXTS = ("case_id", "slide_id", "scanner", "incomplete")


@dataclass(frozen=True)
class Member:
    """One file: its path in the source, its size in bytes, and a checksum where one is known.

    ``mtime_ns`` is when it was last written in the lab, in ns since 1970.
    """

    path: str
    size: int
    checksum: str | None = None
    revision: int = 1
    mtime_ns: int | None = None


@dataclass(frozen=True)
class Unit:
    """What belongs together; ``members[0]`` is the file to open.

    ``incomplete`` is why it was sent although it is not whole.
    """

    kind: str
    members: tuple[Member, ...]
    case_id: str | None = None
    slide_id: str | None = None
    scanner: str | None = None
    incomplete: str | None = None


def series_folder(folder: str, uid: str) -> str:
    """Return the folder of a DICOM series' ``unit.json``: one place, whatever else arrives later.

    ``folder`` holds the files (empty: the source itself), ``uid`` is the SeriesInstanceUID.
    """
    name = f"series-{hashlib.sha256(uid.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return f"{folder}/{name}" if folder else name


def write(unit: Unit) -> bytes:
    """Return the content of ``unit.json``."""
    told = {name: getattr(unit, name) for name in _TEXTS}
    document = {
        "labsight_unit": FORMAT,
        "kind": unit.kind,
        **{name: value for name, value in told.items() if value is not None},
        "members": [_document(member) for member in unit.members],
    }
    # A name that is no Unicode holds halves of characters; JSON has an escape for them.
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def read(data: bytes) -> Unit:
    """Read a ``unit.json``; raise DamagedSlide."""
    try:
        document = json.loads(data) if len(data) <= MAX_BYTES else None
        if not isinstance(document, dict) or document.get("labsight_unit") != FORMAT:
            raise DamagedSlide("the unit.json is not one that labsight wrote, or of a newer kind")
        members = tuple(map(_member, document["members"]))
        kind = document["kind"]
        told = {name: _text(document.get(name)) for name in _TEXTS}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedSlide(f"the unit.json cannot be read ({type(error).__name__})") from None
    if kind not in KINDS or not 0 < len(members) <= MAX_MEMBERS:
        raise DamagedSlide(f"the unit.json tells of {len(members)} files of kind {str(kind)[:20]}")
    return Unit(kind, members, **told)


def member_keys(unit_key: str, unit: Unit) -> list[str]:
    """Return the members' keys; raise DamagedSlide for one that lies outside the unit's place."""
    try:
        place = keys.parse_unit(unit_key)
        source, folder = place.source, place.path
    except InvalidInput:  # written by another tool
        source, folder, _ = keys.place_of(unit_key)
    above = PurePosixPath(folder).parent
    found = [_key(source, above, member) for member in unit.members]
    if len({key.path for key in found}) < len(found):
        raise DamagedSlide("the unit.json names a file twice")
    return list(map(str, found))


def _key(source: str, above: PurePosixPath, member: Member) -> SlideKey:
    path = PurePosixPath(member.path)
    if ".." in path.parts or not path.is_relative_to(above):
        raise DamagedSlide(f"the unit.json names a file outside its folder: {member.path[:80]!r}")
    try:
        return SlideKey(source, member.path, member.revision)
    except InvalidInput as error:
        raise DamagedSlide(f"the unit.json names a file that cannot be: {error.message}") from None


def _document(member: Member) -> dict[str, str | int]:
    document: dict[str, str | int] = {"path": member.path, "size": member.size}
    if member.checksum is not None:
        document["checksum"] = member.checksum
    if member.revision != 1:
        document["revision"] = member.revision
    if member.mtime_ns is not None:
        document["mtime_ns"] = member.mtime_ns
    return document


def _member(value: Any) -> Member:
    path, size, checksum = value["path"], value["size"], value.get("checksum")
    revision, mtime_ns = value.get("revision", 1), value.get("mtime_ns")
    if not isinstance(path, str) or not _is_whole(size, 0) or not _is_whole(revision, 1):
        raise TypeError("path, size and revision")
    if mtime_ns is not None and not _is_whole(mtime_ns, -_MAX_NS):
        raise TypeError("mtime_ns")
    known = checksum if isinstance(checksum, str) else None
    return Member(path, size, known, revision, mtime_ns)


def _is_whole(value: Any, least: int) -> bool:
    return type(value) is int and least <= value < _MAX_NS


def _text(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and len(value) <= _MAX_TEXT):
        raise TypeError("text")
    return value
