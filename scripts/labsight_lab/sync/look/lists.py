"""VMS and VMU: a list, and the images that it names."""

from collections import Counter

from labsight.keys import printable
from labsight_lab.sync.look.group import Group, Grouping, by_path, name_of, unreadable
from labsight_lab.sync.look.heads import Head, Heads
from labsight_lab.sync.look.named import Names, Neighbourhood
from labsight_lab.sync.look.roles import LISTS
from labsight_lab.sync.look.scan import Problem, Seen

_MOST_SHOWN = 80  # characters of a name that may be anything


def add_lists(found: Grouping, place: Neighbourhood, heads: Heads) -> set[str]:
    """Add the units of one folder; return the paths of what belongs to them."""
    groups = []
    if place.clean:
        for unit in place.units().values():
            indexes = [seen for seen in unit if seen.path.lower().endswith(LISTS)]
            parts = [seen for seen in unit if seen not in indexes]
            groups += [_group(place.folder, index, parts, ()) for index in indexes]
    else:
        names = Names(place.pool)
        for index in place.namers:
            head = heads[index.path]
            if isinstance(head, OSError):
                found.problems.append(unreadable(index, head))
            else:
                parts, missing = _parts(place.folder, names, head)
                groups.append(_group(place.folder, index, parts, missing))
    claims = Counter(seen.path for group in groups for seen in group.members[1:])
    for group in groups:
        shared = next((seen.path for seen in group.members[1:] if claims[seen.path] > 1), None)
        if shared is None:
            found.groups.append(group)
            continue
        claimers = [one.members[0].path for one in groups if shared in map(by_path, one.members)]
        reason = f"{' and '.join(map(ascii, claimers))} both name {shared!a}; rename all but one"
        found.problems.append(Problem(group.members[0].path, reason))
    return set(claims)


def _parts(folder: str, names: Names, head: Head) -> tuple[list[Seen], tuple[str, ...]]:
    needed = [(name, names.find(name)) for name in head.needs]
    found = [seen for _, seen in needed] + [names.find(name) for name in head.may_have]
    parts = {seen.path: seen for seen in found if seen is not None}
    absent = (printable(name)[:_MOST_SHOWN] for name, seen in needed if seen is None)
    return list(parts.values()), tuple(f"{folder}{name}" for name in absent)


def _group(folder: str, index: Seen, parts: list[Seen], missing: tuple[str, ...]) -> Group:
    stem = name_of(index).rpartition(".")[0]
    members = (index, *sorted(parts, key=by_path))
    return Group(place=f"{folder}{stem}/", kind="vms", members=members, missing=missing)
