"""What a ``unit.json`` names, held against what the journal knows of the files."""

import unicodedata
from collections.abc import Sequence

from labsight.errors import DamagedSlide
from labsight.slides import units
from labsight.slides.units import Member
from labsight_lab.sync.journal.entries import STORED, Entry
from labsight_lab.sync.source import written
from labsight_lab.text import shown


def contradiction(content: bytes, entries: Sequence[Entry]) -> str:
    """Return what a ``unit.json`` says otherwise than the journal; nothing when they agree.

    ``entries`` are those of the unit's files. Of a file that has a newer revision by now, nothing
    is held against the older one: the next sync closes the unit anew.
    """
    try:
        unit = units.read(content)
    except DamagedSlide as error:
        return error.message
    named = {member.path: member for member in unit.members}
    known = {_composed(entry.path): entry for entry in entries}
    for path, member in named.items():
        entry = known.get(path)
        if entry is None:
            return f"it names {shown(path)}, which was not sent as a part of it"
        if entry.state in STORED and _differs(member, entry):
            return f"it names {shown(path)} with another size or checksum than was sent"
    return ""


def names_exactly(content: bytes, entries: Sequence[Entry]) -> bool:
    """Whether a ``unit.json`` names these files as they are archived now, and no others."""
    if contradiction(content, entries):
        return False
    told = {(member.path, member.revision) for member in units.read(content).members}
    return told == {
        (_composed(entry.path), entry.revision) for entry in entries if entry.state in STORED
    }


def _composed(path: str) -> str:
    """Return a path as keys and ``unit.json`` spell it."""
    return unicodedata.normalize("NFC", path)


def _differs(member: Member, entry: Entry) -> bool:
    if member.revision != entry.revision:
        return False
    told = None if entry.crc64 is None else written(entry.crc64)
    checksums = {told, member.checksum} - {None}
    return member.size != entry.fingerprint.size or len(checksums) > 1
