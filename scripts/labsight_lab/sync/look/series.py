"""DICOM: the files of one series in one folder."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from labsight.slides import units
from labsight_lab.sync.look.group import (
    Group,
    Grouping,
    by_path,
    folder_of,
    name_of,
    unreadable,
)
from labsight_lab.sync.look.heads import Heads
from labsight_lab.sync.look.scan import Problem, Seen

DIRECTORY = "dicomdir.dcm"
NO_SLIDE = "a directory of DICOM files, no slide"
Known = Callable[[Seen], str | None]


class SeriesFiles:
    """Sorts DICOM files into series; ``wanted`` are those of which only their heads can tell."""

    def __init__(self, files: Iterable[Seen], known: Known) -> None:
        self.wanted: list[Seen] = []
        self._lone: list[Seen] = []
        self._units: dict[str, list[Seen]] = defaultdict(list)
        for seen in files:
            place = known(seen)
            if place is None:
                self.wanted.append(seen)
            elif place:
                self._units[place].append(seen)
            else:
                self._lone.append(seen)

    def add_groups(self, found: Grouping, heads: Heads) -> list[Seen]:
        """Add the units; return the files that are no part of one."""
        told: dict[str, str] = {}  # the series by place, of those that were read
        clashing: set[str] = set()
        unread: dict[str, list[str]] = defaultdict(list)
        for seen in self.wanted:
            head = heads[seen.path]
            folder = folder_of(seen.path)
            if name_of(seen).lower() == DIRECTORY:
                found.skipped.append(Problem(seen.path, NO_SLIDE))
            elif isinstance(head, OSError):
                found.problems.append(unreadable(seen, head))
                unread[folder].append(seen.path)
            elif not head.series:
                self._lone.append(seen)
            else:
                place = f"{units.series_folder(folder[:-1], head.series)}/"
                if told.setdefault(place, head.series) != head.series:
                    clashing.add(place)
                self._units[place].append(seen)
        for place, members in self._units.items():
            # A file that cannot be read may be of any series that is on its way in its folder.
            missing = tuple(unread.get(folder_of(place[:-1]), ())) if place in told else ()
            members.sort(key=by_path)
            if place in clashing:
                reason = f"two DICOM series would be stored as {place}; put one in another folder"
                found.problems.append(Problem(members[0].path, reason))
            else:
                found.groups.append(
                    Group(place=place, kind="dicom", members=tuple(members), missing=missing)
                )
        return self._lone
