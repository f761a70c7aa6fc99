"""Which files are slides: by suffix, because content is for the import to judge."""

from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase


class Structure(Enum):
    """How a kind of file shows that it was written to its end."""

    TIFF = "tiff"
    NDPI = "ndpi"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Kind:
    """What one suffix means. ``several_files``: the file with it is only a part of the slide."""

    content_type: str
    structure: Structure = Structure.UNKNOWN
    several_files: bool = False


_TIFF = Kind("image/tiff", Structure.TIFF)
_SEVERAL = Kind("application/octet-stream", several_files=True)

KINDS: dict[str, Kind] = {
    ".svs": _TIFF,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".btf": _TIFF,
    ".qptiff": _TIFF,
    ".scn": _TIFF,
    ".bif": _TIFF,
    ".svslide": _TIFF,
    ".ndpi": Kind("image/tiff", Structure.NDPI),
    ".czi": Kind("application/octet-stream"),
    ".dcm": Kind("application/dicom"),
    ".mrxs": _SEVERAL,
    ".vms": _SEVERAL,
    ".vmu": _SEVERAL,
    ".vsi": _SEVERAL,
}

# Names under which copying programs and editors keep what is not finished.
_TEMPORARY = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".swp")


def kind_of(name: str) -> Kind | None:
    """Return the kind of a file by the end of its name, or None when it is no slide."""
    _, dot, suffix = name.rpartition(".")
    return KINDS.get(f".{suffix.lower()}") if dot else None


def is_hidden(name: str) -> bool:
    """Say whether a name is hidden by custom (``.name``) or an office lock (``~$name``)."""
    return name.startswith((".", "~$"))


def is_temporary(name: str) -> bool:
    """Say whether a name is one that marks a file as unfinished."""
    return name.lower().endswith(_TEMPORARY)


def is_included(path: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a relative path is asked for; no pattern asks for all, case does not count.

    A pattern without a slash is held against the file name, one with a slash against the whole
    path.
    """
    path = path.lower()
    name = path.rpartition("/")[2]
    return not patterns or any(
        fnmatchcase(path if "/" in pattern else name, pattern.lower()) for pattern in patterns
    )
