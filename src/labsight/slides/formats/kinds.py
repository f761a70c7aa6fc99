"""Which files are slides: by suffix, because content is for the import to judge."""

from dataclasses import dataclass
from enum import Enum


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
    ".dicom": Kind("application/dicom"),
    ".mrxs": _SEVERAL,
    ".vms": _SEVERAL,
    ".vmu": _SEVERAL,
    ".vsi": _SEVERAL,
}


def kind_of(name: str) -> Kind | None:
    """Return the kind of a file by the end of its name, or None when it is no slide."""
    _, dot, suffix = name.rpartition(".")
    return KINDS.get(f".{suffix.lower()}") if dot else None
