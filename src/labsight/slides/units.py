"""Slides of several files: what their ``unit.json`` says.

A unit's files lie under their own keys, as they lie in the lab; ``unit.json`` is written last and
names them all. It is the slide: its key gives the id, its content changes with any member's.

    {"labsight_unit": 1, "kind": "dicom",
     "members": [{"path": "case 1/series/1.dcm", "size": 123, "checksum": "…"}, …]}

``path`` is relative to the source, as in SlideKey, and lies below the folder that holds the unit's
own; the first member is the one to open. ``checksum`` is what the sender proved, of any kind.
"""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from labsight import keys
from labsight.errors import DamagedSlide, InvalidInput
from labsight.keys import SlideKey

FORMAT = 1
KINDS = frozenset({"dicom", "mrxs", "vms", "vsi", "ome-tiff"})
MAX_MEMBERS = 20_000
MAX_BYTES = 16 << 20


@dataclass(frozen=True)
class Member:
    """One file: its path in the source, its size in bytes, and a checksum where one is known."""

    path: str
    size: int
    checksum: str | None = None


@dataclass(frozen=True)
class Unit:
    """What belongs together; ``members[0]`` is the file to open."""

    kind: str
    members: tuple[Member, ...]


def write(unit: Unit) -> bytes:
    """Return the content of ``unit.json``."""
    members = [
        {"path": one.path, "size": one.size}
        | ({"checksum": one.checksum} if one.checksum is not None else {})
        for one in unit.members
    ]
    document = {"labsight_unit": FORMAT, "kind": unit.kind, "members": members}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def read(data: bytes) -> Unit:
    """Read a ``unit.json``; raise DamagedSlide."""
    try:
        document = json.loads(data) if len(data) <= MAX_BYTES else None
        if not isinstance(document, dict) or document.get("labsight_unit") != FORMAT:
            raise DamagedSlide("the unit.json is not one that labsight wrote, or of a newer kind")
        members = tuple(map(_member, document["members"]))
        kind = document["kind"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedSlide(f"the unit.json cannot be read ({type(error).__name__})") from None
    if kind not in KINDS or not 0 < len(members) <= MAX_MEMBERS:
        raise DamagedSlide(f"the unit.json tells of {len(members)} files of kind {str(kind)[:20]}")
    return Unit(kind, members)


def member_keys(unit_key: str, unit: Unit) -> list[str]:
    """Return the members' keys; raise DamagedSlide for one that lies outside the unit's place."""
    source, folder, _ = keys.place_of(unit_key)
    above = PurePosixPath(folder).parent
    return [_key(source, above, member) for member in unit.members]


def _key(source: str, above: PurePosixPath, member: Member) -> str:
    path = PurePosixPath(member.path)
    if ".." in path.parts or not path.is_relative_to(above):
        raise DamagedSlide(f"the unit.json names a file outside its folder: {member.path[:80]!r}")
    try:
        return str(SlideKey(source, member.path))
    except InvalidInput as error:
        raise DamagedSlide(f"the unit.json names a file that cannot be: {error.message}") from None


def _member(value: Any) -> Member:
    path, size, checksum = value["path"], value["size"], value.get("checksum")
    if not isinstance(path, str) or not isinstance(size, int) or size < 0:
        raise TypeError("path and size")
    return Member(path, size, checksum if isinstance(checksum, str) else None)
