"""Folders of planes as Micro-Manager writes them: metadata.txt, and a TIFF file for each plane."""

from collections import defaultdict

from labsight_lab.sync.look.group import Group, Grouping, by_path, folder_of, name_of
from labsight_lab.sync.look.roles import Role, Sorted
from labsight_lab.sync.look.scan import Problem, Seen

METADATA = "metadata.txt"
_TEXTS = frozenset({METADATA, "display_and_comments.txt"})
_PLANE = "img_"
_SUFFIXES = (".tif", ".tiff")
_UPPERMOST = (
    "a folder of planes has to lie inside the folder that is synchronised; move these files into "
    "a folder of their own"
)


def take_planes(found: Grouping, files: Sorted) -> None:
    """Add the units; what belongs to them is taken out of ``files``."""
    described = {
        folder_of(seen.path) for seen in files[Role.TEXT] if name_of(seen).lower() == METADATA
    }
    if not described:
        return
    members: dict[str, list[Seen]] = defaultdict(list)
    for role in (Role.TIFF, Role.TEXT):
        for seen in files[role]:
            folder = folder_of(seen.path)
            if folder in described and _belongs(seen):
                members[folder].append(seen)
    taken: set[str] = set()
    for folder, belonging in members.items():
        belonging.sort(key=by_path)
        first = next((seen for seen in belonging if _is_plane(seen)), None)
        if first is None:
            continue
        taken.update(seen.path for seen in belonging)
        if not folder:
            found.problems.append(Problem(first.path, _UPPERMOST))
            continue
        others = (seen for seen in belonging if seen is not first)
        found.groups.append(Group(place=folder, kind="tif-folder", members=(first, *others)))
    for role in (Role.TIFF, Role.TEXT):
        files[role] = [seen for seen in files[role] if seen.path not in taken]


def _belongs(seen: Seen) -> bool:
    name = name_of(seen).lower()
    return name in _TEXTS or name.endswith(_SUFFIXES)


def _is_plane(seen: Seen) -> bool:
    name = name_of(seen).lower()
    return name.startswith(_PLANE) and name.endswith(_SUFFIXES)
