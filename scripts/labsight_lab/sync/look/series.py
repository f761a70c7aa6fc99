"""DICOM: the files of one series in one folder."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from unicodedata import normalize

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
Kept = Callable[[], Mapping[str, str]]
_CLASH = "two DICOM series would be stored as {}; put the one of this file into a folder of its own"


class SeriesFiles:
    """Sorts DICOM files into series; ``wanted`` are those of which only their heads can tell."""

    def __init__(self, files: Iterable[Seen], known: Known) -> None:
        self.wanted: list[Seen] = []
        self._lone: list[Seen] = []
        self._units: dict[str, list[Seen]] = defaultdict(list)
        self._series: dict[str, str] = {}  # by place, of those that files were read of
        self._others: dict[str, Seen] = {}  # by place, a file of a second series
        self._unread: dict[str, list[str]] = defaultdict(list)  # by folder
        for seen in files:
            place = known(seen)
            if place is None:
                self.wanted.append(seen)
            elif place:
                self._units[place].append(seen)
            else:
                self._lone.append(seen)

    def add_groups(self, found: Grouping, heads: Heads, kept: Kept) -> list[Seen]:
        """Add the units; return the files that are no part of one.

        The name of a place has 32 bits of a digest of the series' UID: two series of one folder can
        have the same. Whose it is tells ``kept``, also when none of its files are here any more.
        """
        if read := list(self._read(found, heads)):
            self._join(read, kept())
        for place, members in self._units.items():
            if place in self._others:
                found.problems.append(Problem(self._others[place].path, _CLASH.format(place)))
            else:
                found.groups.append(self._group(place, members))
        return self._lone

    def _read(self, found: Grouping, heads: Heads) -> Iterator[tuple[str, Seen]]:
        """Yield the files that were read and are of a series, with its UID."""
        for seen in self.wanted:
            head = heads[seen.path]
            if name_of(seen).lower() == DIRECTORY:
                found.skipped.append(Problem(seen.path, NO_SLIDE))
            elif isinstance(head, OSError):
                found.problems.append(unreadable(seen, head))
                self._unread[folder_of(seen.path)].append(seen.path)
            elif not head.series:
                self._lone.append(seen)
            else:
                yield head.series, seen

    def _join(self, read: Iterable[tuple[str, Seen]], kept: Mapping[str, str]) -> None:
        for series, seen in read:
            name = units.series_folder(folder_of(seen.path)[:-1], series)
            place = f"{name}/"
            if place not in self._series:
                self._series[place] = kept.get(normalize("NFC", name), series)
            if self._series[place] != series:
                self._others.setdefault(place, seen)
            self._units[place].append(seen)

    def _group(self, place: str, members: list[Seen]) -> Group:
        series = self._series.get(place, "")
        # A file that cannot be read may be of any series that is on its way in its folder.
        unread = self._unread.get(folder_of(place[:-1]), ()) if series else ()
        return Group(
            place=place,
            kind="dicom",
            members=tuple(sorted(members, key=by_path)),
            missing=tuple(unread),
            series=series,
        )
