"""Is a group written to its end? All its files by their own structure, then what they say."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from labsight.slides.formats.kinds import Structure, kind_of
from labsight_lab.sync.finished import dicom, mrxs, tif_folder, tiff, vms, vsi
from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.scan import Seen, is_there
from labsight_lab.sync.sending.content import FileContent
from labsight_lab.sync.source import opened

_Check = Callable[[BinaryIO, int], str | None]


def _tiff(file: BinaryIO, size: int) -> str | None:
    return tiff.unfinished(file, size, Structure.TIFF)


def _ndpi(file: BinaryIO, size: int) -> str | None:
    return tiff.unfinished(file, size, Structure.NDPI)


_BY_STRUCTURE: dict[Structure, _Check] = {Structure.TIFF: _tiff, Structure.NDPI: _ndpi}
_BY_SUFFIX: dict[str, _Check] = {
    "dcm": dicom.unfinished,
    "dicom": dicom.unfinished,
    "ets": vsi.unfinished_ets,
    "vsi": _tiff,
}
_OF_VMS: dict[str, _Check] = {
    "jpg": vms.unfinished_jpeg,
    "jpeg": vms.unfinished_jpeg,
    "ngr": vms.unfinished_ngr,
}


def unfinished(folder: Path, group: Group, held: FileContent | None = None) -> str | None:
    """Return why a group is not written to its end, or None if it may be; raise OSError.

    ``held`` is the file of a group that has only one, if it is open already.
    The reason goes behind the group's name: ``it ends inside its header``, ``it lacks a/s1/3.dcm``.
    """
    if group.missing:
        return _lacking(folder, group)
    for seen in group.members:
        reason = _unfinished_file(folder, seen, group.kind, held)
        if reason:
            return reason if group.kind == LONE_FILE else f"{seen.path}: {reason}"
    return _unfinished_unit(folder, group.kind, group.members)


def _lacking(folder: Path, group: Group) -> str:
    first = group.missing[0]
    if first.endswith("/"):
        needed = "Slidedat.ini is" if group.kind == "mrxs" else f"{vsi.SUFFIX} files are"
        is_empty = is_there(folder, first.removesuffix("/"))
        return f"the folder {first} is " + (f"empty: {needed} missing" if is_empty else "missing")
    more = f" and {len(group.missing) - 1:,} more" if len(group.missing) > 1 else ""
    return f"it lacks {first}{more}"


def _unfinished_unit(folder: Path, kind: str, members: Sequence[Seen]) -> str | None:
    match kind:
        case "mrxs":
            return mrxs.unfinished(folder, members)
        case "vms":
            return vms.unfinished(folder, members)
        case "vsi":
            return vsi.unfinished(members)
        case "tif-folder":
            return tif_folder.unfinished(folder, members)
    return None


def _unfinished_file(folder: Path, seen: Seen, kind: str, held: FileContent | None) -> str | None:
    suffix = seen.path.rpartition(".")[2].lower()
    check = _BY_SUFFIX.get(suffix) or (_OF_VMS.get(suffix) if kind == "vms" else None)
    known = kind_of(seen.path)
    if check is None and known is not None:
        check = _BY_STRUCTURE.get(known.structure)
    if check is None:
        return "it is empty" if known is not None and not seen.size else None
    with held.lent() if held else opened(folder / seen.path) as file:
        # A listing on Windows tells the size of an open file late; the file itself knows.
        return check(file, os.fstat(file.fileno()).st_size)
