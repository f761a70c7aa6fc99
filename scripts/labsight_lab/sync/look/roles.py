"""What a file is to its neighbours, as far as its name tells."""

from collections.abc import Iterable
from enum import Enum, auto

from labsight.slides.formats.kinds import KINDS
from labsight_lab.sync.finished.signs import is_sign
from labsight_lab.sync.look.scan import Seen

DICOM = (".dcm", ".dicom")
OME_TIFF = (".ome.tif", ".ome.tiff", ".ome.btf")
COMPANION = ".companion.ome"
LISTS = (".vms", ".vmu")


class Role(Enum):
    """What becomes of a file of this kind of name."""

    SLIDE = auto()  # goes alone
    TIFF = auto()  # goes alone, or is one of a set, or a plane of a folder
    DICOM = auto()  # belongs to a series
    FOLDER = auto()  # stands for the folder that is called like it
    LIST = auto()  # names the files of its slide
    COMPANION = auto()  # names the files of an OME-TIFF set
    SIGN = auto()  # says of others that they are finished
    TEXT = auto()  # nothing by itself, but may describe a folder of planes
    OTHER = auto()  # is nothing by itself


_BY_SUFFIX = dict.fromkeys(KINDS, Role.SLIDE) | {
    ".tif": Role.TIFF,
    ".tiff": Role.TIFF,
    ".btf": Role.TIFF,
    ".mrxs": Role.FOLDER,
    ".vsi": Role.FOLDER,
    ".txt": Role.TEXT,
    **dict.fromkeys(DICOM, Role.DICOM),
    **dict.fromkeys(LISTS, Role.LIST),
}

Sorted = dict[Role, list[Seen]]


def by_role(files: Iterable[Seen]) -> Sorted:
    """Sort files by what their names say; one look at each, as there may be 100,000."""
    found: Sorted = {role: [] for role in Role}
    piles = _Piles(found)
    for seen in files:
        path = seen[0]
        piles[path[path.rfind(".") :]].append(seen)
    for seen in piles.doubtful:
        found[_role_of_doubtful(seen.path.lower())].append(seen)
    return found


def _role_of_doubtful(path: str) -> Role:
    if path.endswith(COMPANION):
        return Role.COMPANION
    return Role.SIGN if is_sign(path) else Role.OTHER


class _Piles(dict[str, list[Seen]]):
    """The lists by suffix as it is spelled; a path without one brings a key of its own."""

    def __init__(self, found: Sorted) -> None:
        super().__init__()
        self._found = found
        self.doubtful: list[Seen] = []  # those whose suffix does not say enough

    def __missing__(self, suffix: str) -> list[Seen]:
        small = suffix.lower()
        if small in {".ome", ".jsonl", ".complete"}:
            pile = self.doubtful
        else:
            pile = self._found[_BY_SUFFIX.get(small, Role.OTHER)]
        self[suffix] = pile
        return pile
