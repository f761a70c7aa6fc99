"""What a slide is called where people read of it."""

from pathlib import PurePosixPath

from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.text import count, shown

_FOLDERS = frozenset({"dicom", "tif-folder"})  # none of their files is more than the others


def told(group: Group) -> str:
    """Return a slide's name: a file's path, ``a/s1.mrxs with 24 more files``, or a folder."""
    first, number = shown(group.members[0].path), len(group.members)
    if group.kind == LONE_FILE:
        return first
    if group.kind == "dicom":
        folder = PurePosixPath(first).parent
        return f"{folder}/: a DICOM series of {count(number, 'file')} ({_last(group.place)})"
    if group.kind in _FOLDERS:
        return f"{shown(group.place)} with {count(number, 'file')}"
    more = number - 1
    return f"{first} with {more:,} more file{'' if more == 1 else 's'}" if more else first


def _last(place: str) -> str:
    return shown(place.rstrip("/").rpartition("/")[2])
