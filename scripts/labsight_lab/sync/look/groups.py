"""Which files belong together."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from unicodedata import normalize

from labsight.slides.units import MAX_MEMBERS
from labsight_lab.sync.look.group import LONE_FILE, Group, Grouping
from labsight_lab.sync.look.heads import THREADS, HeadReader, Heads
from labsight_lab.sync.look.lists import add_lists
from labsight_lab.sync.look.named import Known, neighbourhoods
from labsight_lab.sync.look.owned import OwnedFolders
from labsight_lab.sync.look.planes import take_planes
from labsight_lab.sync.look.roles import OME_TIFF, Role, by_role
from labsight_lab.sync.look.scan import Problem, Seen
from labsight_lab.sync.look.series import Kept, SeriesFiles
from labsight_lab.sync.look.sets import add_sets

__all__ = ["LONE_FILE", "Group", "Grouper", "Grouping", "grouped"]

NO_SLIDE = "not a slide by its suffix"


class Grouper:
    """Groups the files of a folder at each look; it remembers what it read of those that wait."""

    def __init__(
        self,
        folder: Path,
        threads: int = THREADS,
        series: Kept = dict,
    ) -> None:
        self._heads, self._series = HeadReader(folder, threads), series

    def grouped(self, files: Iterable[Seen], known: Known) -> Grouping:
        """Return what belongs together; see the function of this name."""
        return grouped(files, self._heads.read, known, self._series)


def grouped(
    files: Iterable[Seen],
    read: Callable[[Sequence[Seen]], Heads],
    known: Known,
    series: Kept = dict,
) -> Grouping:
    """Return what belongs together among the files of a folder.

    ``read`` is asked once, for the heads of all files whose names do not tell enough. ``known``
    spares it those that the archive has as they are now: it returns the unit of a file
    (``a/series-1a2b3c4d/``), nothing for a lone file, None for one that is not in the archive yet
    or whose unit is not closed: what such a unit still lacks only the heads of its files tell.
    ``series``, asked only when there is something new of DICOM, tells the series that each place
    has had, by places in composed letters (NFC) without the ``/``.
    """
    found = Grouping()
    piles = by_role(files)
    indexes = piles[Role.FOLDER]
    owned = OwnedFolders(indexes)
    if indexes:
        piles = {
            role: pile if role is Role.SIGN else owned.take(pile) for role, pile in piles.items()
        }
        owned.add_groups(found, piles[Role.FOLDER])
    take_planes(found, piles)

    others = piles[Role.OTHER] + piles[Role.TEXT]
    images, plain = list[Seen](), list[Seen]()
    for seen in piles[Role.TIFF]:
        (images if seen.path.lower().endswith(OME_TIFF) else plain).append(seen)
    dicom = SeriesFiles(piles[Role.DICOM], known)
    sets = neighbourhoods(images + piles[Role.COMPANION], plain)
    lists = neighbourhoods(piles[Role.LIST], others)
    wanted = [seen for place in sets for seen in place.ask(known)]
    # A list and its images are parts, or are not in the archive: none of them goes alone.
    wanted += [seen for place in lists for seen in place.ask(lambda seen: known(seen) or None)]
    heads = read(dicom.wanted + wanted)

    lone = piles[Role.SLIDE] + dicom.add_groups(found, heads, series)
    in_sets = set[str]().union(*(add_sets(found, place, heads) for place in sets))
    in_lists = set[str]().union(*(add_lists(found, place, heads) for place in lists))
    lone += _without(images + plain, in_sets)
    others = _without(others, in_lists) + _without(piles[Role.COMPANION], in_sets)
    _check_units(found)
    found.groups += [Group(place=seen.path, kind=LONE_FILE, members=(seen,)) for seen in lone]
    found.skipped += [Problem(seen.path, NO_SLIDE) for seen in others]
    return found


def _without(files: list[Seen], paths: set[str]) -> list[Seen]:
    return [seen for seen in files if seen.path not in paths] if paths else files


def _check_units(found: Grouping) -> None:
    """Make problems of units that cannot be: two in one place, or one of too many files."""
    places: dict[str, list[Group]] = {}
    for group in found.groups:
        places.setdefault(normalize("NFC", group.place), []).append(group)
    found.groups = []
    for place, groups in places.items():
        for group in groups:
            if len(groups) > 1:
                names = " and ".join(ascii(one.members[0].path) for one in groups)
                reason = f"{names} would both be stored as {place}; rename all but one"
            elif len(group.members) > MAX_MEMBERS:
                reason = f"{len(group.members):,} files belong to it; at most {MAX_MEMBERS:,} can"
            else:
                found.groups.append(group)
                continue
            found.problems.append(Problem(group.members[0].path, reason))
