"""``*.complete`` files: what each of them is named after, or lies beside, is finished."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from labsight_lab.sync.finished.signs import MARKER, is_sign
from labsight_lab.sync.look.group import LONE_FILE, Group, folder_of
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.look.windows import folded

# A marker is written after the data by the same clock; FAT keeps times in steps of 2 s, so that it
# may look that much older. https://learn.microsoft.com/windows/win32/sysinfo/file-times
SLACK_NS = 2_000_000_000
_SERIES = re.compile(r"/series-[0-9a-f]{8}\Z")  # a marker for one DICOM series of a folder
_BY_INDEX = frozenset({"mrxs", "vms", "vsi"})  # units that go by the name of their first file


class Markers:
    """The markers of one look; one that is older than the data says nothing."""

    def __init__(self, markers: Iterable[Seen], files: Sequence[Seen]) -> None:
        self._files = files
        self._named: dict[str, int] = {}  # time by what a marker is named after
        self._inside: dict[str, list[tuple[str, int]]] = defaultdict(list)  # the same by folder
        for seen in markers:
            named = folded(seen.path[: -len(MARKER)])
            self._named[named] = max(seen.mtime_ns, self._named.get(named, -1))
            self._inside[folder_of(named)].append((named, seen.mtime_ns))

    def __bool__(self) -> bool:
        return bool(self._named)

    def tell_of_file(self, seen: Seen) -> bool:
        """Whether a file is finished, by a marker of its own: ``a.dcm.complete``."""
        return self._named.get(folded(seen.path), -1) >= seen.mtime_ns - SLACK_NS

    def tell_of(self, group: Group) -> bool:
        """Whether a group is finished, by one marker for all of it."""
        if not self:
            return False
        oldest = max(seen.mtime_ns for seen in group.members) - SLACK_NS
        if any(self._named.get(folded(name), -1) >= oldest for name in _names(group)):
            return True
        inside = self._inside.get(folded(_own_folder(group)), ())
        return any(
            time >= oldest and not _SERIES.search(named) and named not in self._taken
            for named, time in inside
        )

    @cached_property
    def _taken(self) -> set[str]:
        """What markers may be named after: files and folders that lie beside one."""
        found = set[str]()
        for seen in self._files:
            path = folded(seen.path)
            if folder_of(path) in self._inside and not is_sign(path):
                found.update((path, *_stems(path)))
            found.update(one for one in folders_above(path) if folder_of(one) in self._inside)
        return found


def folders_above(path: str) -> Iterator[str]:
    """Yield the folders that a path leads through, without a ``/`` at their ends."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)


def _names(group: Group) -> Iterator[str]:
    """Yield what a marker for a group may be named after."""
    first = group.members[0].path
    if group.kind == LONE_FILE or group.kind in _BY_INDEX:
        yield first
        yield from _stems(first)
    if group.kind != LONE_FILE:
        yield group.place[:-1]
        yield _own_folder(group)[:-1]


def _stems(path: str) -> Iterator[str]:
    """Yield a path without its suffix, and without both of ``.ome.tif``."""
    folder = folder_of(path)
    stem = path[len(folder) :].rpartition(".")[0]
    if stem:
        yield f"{folder}{stem}"
        if stem.lower().endswith(".ome"):
            yield f"{folder}{stem[:-4]}"


def _own_folder(group: Group) -> str:
    """Return the folder that is a unit's own, with ``/`` at its end; ``/`` if it has none."""
    folder = folder_of(group.members[0].path)
    if group.kind in {"mrxs", "vsi"}:
        inside = group.members[-1].path[len(folder) :]
        return f"{folder}{inside.partition('/')[0]}/"
    return folder if folder and group.kind in {"dicom", "tif-folder"} else "/"
