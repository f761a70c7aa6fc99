"""Is an MRXS slide (3DHISTECH) still being written? Its Slidedat.ini lists its files.

https://openslide.org/formats/mirax/
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from labsight_lab.sync.finished import ini, mrxs_index
from labsight_lab.sync.finished.bounded import EnoughSeenError, UnfinishedError
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.look.windows import folded
from labsight_lab.sync.source import opened

LIST = "slidedat.ini"
MAX_DATA_FILES = 1000  # slides have about a hundred
_NOT_WRITTEN = "its Slidedat.ini is not written to its end"


def unfinished(folder: Path, members: Sequence[Seen]) -> str | None:
    """Return why a slide is not written to its end, or None if it may be; raise OSError.

    ``members`` are the ``.mrxs`` file and all in the folder of its name.
    """
    described = listing(members)
    if described is None:
        return "it lacks its Slidedat.ini"
    if not described.size:
        return "its Slidedat.ini is empty"
    place = described.path.rpartition("/")[0]
    beside = {_name(seen): seen for seen in members if seen.path.rpartition("/")[0] == place}
    with opened(folder / described.path) as file:
        sections = ini.read(file)
    try:
        data = _data_files(sections, beside)
        index = _present(beside, sections.get("HIERARCHICAL", {}).get("INDEXFILE"))
        with opened(folder / index.path) as file:
            mrxs_index.check(file, index.size, sections, [seen.size for seen in data])
    except UnfinishedError as reason:
        return str(reason)
    except EnoughSeenError:
        return None
    return None


def listing(members: Iterable[Seen]) -> Seen | None:
    """Return the Slidedat.ini of a slide."""
    return next((seen for seen in members if _name(seen) == LIST), None)


def names_in(file: BinaryIO) -> tuple[str, ...]:
    """Return the files that a Slidedat.ini names: its index, and the data files in their order."""
    sections = ini.read(file)
    names = sections.get("DATAFILE", {})
    count = min(ini.whole(names.get("FILE_COUNT")) or 0, MAX_DATA_FILES)
    listed = [sections.get("HIERARCHICAL", {}).get("INDEXFILE")]
    listed += [names.get(f"FILE_{number}") for number in range(count)]
    return tuple(filter(None, listed))


def _data_files(sections: ini.Sections, beside: dict[str, Seen]) -> list[Seen]:
    names = sections.get("DATAFILE", {})
    count = ini.whole(names.get("FILE_COUNT"))
    if not count:
        raise UnfinishedError(_NOT_WRITTEN)
    if count > MAX_DATA_FILES:
        raise EnoughSeenError
    return [_present(beside, names.get(f"FILE_{number}")) for number in range(count)]


def _present(beside: dict[str, Seen], name: str | None) -> Seen:
    if not name:
        raise UnfinishedError(_NOT_WRITTEN)
    seen = beside.get(folded(name))
    if seen is None:
        raise UnfinishedError(f"it lacks {name[:80]}, which its Slidedat.ini names")
    if not seen.size:
        raise UnfinishedError(f"its {seen.path.rpartition('/')[2]} is empty")
    return seen


def _name(seen: Seen) -> str:
    return folded(seen.path.rpartition("/")[2])
