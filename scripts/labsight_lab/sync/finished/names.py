"""Whether the files of a slide are called what its own list calls them, capitals included.

Windows finds them in any capitals. OpenSlide on Linux, which opens the slides of an archive, finds
them by the very names that the list has.
"""

from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

from labsight_lab.sync.finished import mrxs, vms
from labsight_lab.sync.look.group import Group, folder_of, other_name
from labsight_lab.sync.look.windows import folded
from labsight_lab.sync.source import opened


def misnamed(folder: Path, group: Group) -> str | None:
    """Return why a slide's files would not be found in the archive, None if they would.

    Raises OSError. A list that is not written to its end names fewer files.
    """
    match group.kind:
        case "mrxs":
            listing = mrxs.listing(group.members)
            names_in = mrxs.names_in
        case "vms":
            listing = group.members[0]
            names_in = vms.needed_in
        case _:
            return None
    if listing is None:
        return None
    with opened(folder / listing.path) as file:
        names = names_in(file)
    place = folder_of(listing.path)
    return _told(place, names, (seen.path for seen in group.members))


def _told(place: str, names: Iterable[str], paths: Iterable[str]) -> str | None:
    here = {folded(path): path for path in paths}
    pairs = {here.get(folded(f"{place}{name}")): name for name in names}
    wrong = [
        (path, name)
        for path, name in pairs.items()
        if path is not None and normalize("NFC", path) != normalize("NFC", f"{place}{name}")
    ]
    if not wrong:
        return None
    more = f", and {len(wrong) - 1:,} more as the slide's list calls them" * (len(wrong) > 1)
    return f"{other_name(*wrong[0])}{more}"
