"""MRXS and VSI: a file, and all that lies in the folder of its name."""

from collections import defaultdict
from collections.abc import Iterable
from unicodedata import normalize

from labsight_lab.sync.look.group import Group, Grouping, by_path, folder_of, name_of, other_name
from labsight_lab.sync.look.scan import Problem, Seen
from labsight_lab.sync.look.windows import folded

_MRXS = ".mrxs"
_LIST = "Slidedat.ini"


class OwnedFolders:
    """Hands files to the indexes whose folders they lie in, however deep; capitals do not count.

    Of folders within one another the outermost counts: what is called ``.mrxs`` inside the folder
    of another slide is a part of that.

    ``Slide.mrxs`` with a folder ``slide``, or ``Slide.MRXS``, is a slide to Windows; to Linux, and
    so to whatever reads the archive, the one has no data and the other is no slide: OpenSlide takes
    ``.mrxs`` alone. It is refused, with the name that is asked for: a file here and its key tell
    each other's name, which `labsight verify` and `clean` go by, and the archive is to be copied
    back as it lay here. Were it sent under other names than it has, neither would hold; renaming it
    is one step, after which Windows opens it as before.
    """

    def __init__(self, indexes: Iterable[Seen]) -> None:
        self._claims: dict[str, list[Seen]] = defaultdict(list)
        for index in indexes:
            self._claims[_claimed(index)].append(index)
        self._owner: dict[str, str | None] = {}  # of each folder that was met
        self._spelled: dict[str, set[str]] = defaultdict(set)
        self._members: dict[str, list[Seen]] = defaultdict(list)

    def take(self, files: Iterable[Seen]) -> list[Seen]:
        """Keep the files that belong to an index, return the others."""
        left, owner = [], self._owner
        for seen in files:
            path = seen[0]
            folder = path[: path.rfind("/") + 1]
            if folder not in owner:
                owner[folder] = self._owner_of(folder)
            claimed = owner[folder]
            if claimed is None:
                left.append(seen)
            else:
                self._members[claimed].append(seen)
        return left

    def add_groups(self, found: Grouping, indexes: Iterable[Seen]) -> None:
        """Add the units of those indexes that lie in no other's folder."""
        units: dict[str, list[Seen]] = defaultdict(list)
        for index in indexes:
            units[_claimed(index)].append(index)
        for claimed, claimers in units.items():
            if reason := self._trouble(claimed, claimers):
                found.problems += [Problem(one.path, reason) for one in claimers]
            else:
                found.groups.append(self._group(claimers[0], claimed))

    def _trouble(self, claimed: str, claimers: list[Seen]) -> str:
        """Return why nothing of a folder can be sent as it is called; empty if it can."""
        if len(claimers) > 1:
            names = " and ".join(ascii(one.path) for one in claimers)
            return f"{names} stand for the same folder; rename all but one"
        spelled = sorted(self._spelled[claimed])
        if len(spelled) > 1:
            names = " and ".join(map(ascii, spelled))
            return f"the folders {names} both belong to it; rename all but one"
        index = claimers[0]
        wanted = _folder_name(index)
        if _is_mrxs(index) and not index.path.endswith(_MRXS):
            return other_name(index.path, f"{wanted}{_MRXS}")
        for folder in spelled:
            if normalize("NFC", folder) != normalize("NFC", f"{folder_of(claimed[:-1])}{wanted}/"):
                return other_name(folder, wanted)
            for seen in self._listings(index, claimed):
                if name_of(seen) != _LIST:
                    return other_name(seen.path, _LIST)
        return ""

    def _listings(self, index: Seen, claimed: str) -> list[Seen]:
        """Return what an MRXS slide has for its list of files, in whatever capitals."""
        if not _is_mrxs(index):
            return []
        places = {f"{folder}{_LIST}".lower() for folder in self._spelled[claimed]}
        return [seen for seen in self._members.get(claimed, ()) if seen.path.lower() in places]

    def _owner_of(self, folder: str) -> str | None:
        start = 0
        while (end := folder.find("/", start)) >= 0:
            claimed = f"{folder[:start]}{folded(folder[start:end])}/"
            if claimed in self._claims:
                self._spelled[claimed].add(folder[: end + 1])
                return claimed
            start = end + 1
        return None

    def _group(self, index: Seen, claimed: str) -> Group:
        place = f"{folder_of(index.path)}{_folder_name(index)}/"
        members = sorted(self._members.get(claimed, ()), key=by_path)
        missing: tuple[str, ...] = ()
        if not members:
            missing = (place,)
        elif _is_mrxs(index) and not self._listings(index, claimed):
            missing = (f"{place}{_LIST}",)
        kind = "mrxs" if _is_mrxs(index) else "vsi"
        return Group(place=place, kind=kind, members=(index, *members), missing=missing)


def _is_mrxs(index: Seen) -> bool:
    return index.path.lower().endswith(_MRXS)


def _folder_name(index: Seen) -> str:
    stem = name_of(index).rpartition(".")[0]
    return stem if _is_mrxs(index) else f"_{stem}_"


def _claimed(index: Seen) -> str:
    """Return the folder of an index as it is looked up: only its own name is folded."""
    return f"{folder_of(index.path)}{folded(_folder_name(index))}/"
