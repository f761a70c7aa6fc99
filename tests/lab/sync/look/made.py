"""What these tests share: files that are grouped, and what came of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from labsight.slides import units
from labsight_lab.sync.look.groups import Group, Grouper, Grouping, grouped
from labsight_lab.sync.look.heads import Head, Heads
from labsight_lab.sync.look.scan import Seen
from tests.support.laid import lay

SET = ["s_0.ome.tif", "s_1.ome.tif", "s_2.ome.tif"]
SERIES = units.series_folder("a", "1.2.3") + "/"


def below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Put files into a folder."""
    return {f"{folder}/{path}": content for path, content in files.items()}


def look(folder: Path, files: Mapping[str, bytes]) -> Grouping:
    """Lay files into a folder and group them, as a first look does."""
    return Grouper(folder).grouped(lay(folder, files), lambda _: None)


def paths(group: Group) -> list[str]:
    """Return the paths of the files of a group."""
    return [seen.path for seen in group.members]


def told(found: Grouping) -> dict[str, tuple[str, list[str]]]:
    """Return kind and paths by place."""
    return {group.place: (group.kind, paths(group)) for group in found.groups}


def only(found: Grouping) -> Group:
    """Return the one group that there is."""
    (group,) = found.groups
    return group


def named(*names: str) -> list[Seen]:
    """Return files of these names."""
    return [Seen(name, 1, 1) for name in names]


def by_names(*names: str) -> Grouping:
    """Group files of these names that have no content worth reading."""
    return grouped(named(*names), no_heads, lambda _: None)


def no_heads(files: Sequence[Seen]) -> Heads:
    """Have nothing to say of any file."""
    return {seen.path: Head() for seen in files}
