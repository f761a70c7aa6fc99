"""OME-TIFF: the files that name each other as parts of one set."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from labsight_lab.sync.look.group import Group, Grouping, by_path, name_of, unreadable
from labsight_lab.sync.look.heads import Head, Heads
from labsight_lab.sync.look.named import Names, Neighbourhood
from labsight_lab.sync.look.roles import COMPANION, OME_TIFF
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.look.windows import folded


def add_sets(found: Grouping, place: Neighbourhood, heads: Heads) -> set[str]:
    """Add the units of one folder; return the paths of what belongs to them.

    Whoever is named belongs to the set, whether it names the others or not.
    """
    if place.clean:
        groups = [_group(unit, parts, {}, ()) for unit, parts in place.units().items()]
        found.groups += groups
        return {seen.path for group in groups for seen in group.members}
    parts = _Parts(place)
    taken = set[str]()
    for seen in place.namers:
        head = heads.get(seen.path, Head())
        if isinstance(head, OSError):
            found.problems.append(unreadable(seen, head))
            taken.add(seen.path)
        elif head.needs:
            parts.add(seen, head)
    for paths, absent, named in parts.sets():
        here = [parts.files[path] for path in paths if path not in taken]
        missing = [path for path in paths if path in taken] + [place.folder + one for one in absent]
        images = [name for name in named if not name.lower().endswith(COMPANION)]
        unit = f"{place.folder}{_stem(min(images or named))}/"
        if here:
            found.groups.append(_group(unit, here, heads, tuple(sorted(missing))))
        taken.update(paths)
    return taken


class _Parts:
    """Joins files and the names that they tell of into sets (a union-find over both)."""

    def __init__(self, place: Neighbourhood) -> None:
        self.files = {seen.path: seen for seen in (*place.namers, *place.pool)}
        self._names = Names(self.files.values())
        self._called: dict[str, Seen] = {}  # files that have other names than they had
        self._naming: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
        self._above: dict[tuple[str, bool], tuple[str, bool]] = {}

    def add(self, seen: Seen, head: Head) -> None:
        """Note what a file tells."""
        self._naming[head.needs].append(seen)
        if head.called:
            self._called.setdefault(folded(head.called), seen)

    def sets(self) -> Iterator[tuple[list[str], list[str], list[str]]]:
        """Yield the paths that belong together, names that are absent, and all as they are told."""
        told: dict[tuple[str, bool], str] = {}
        for names, namers in self._naming.items():
            keys = [self._key(name) for name in names]
            for key, name in zip(keys, names, strict=True):
                told.setdefault(key, name)
                self._join(keys[0], key)
            for seen in namers:
                told.setdefault((seen.path, True), name_of(seen))
                self._join(keys[0], (seen.path, True))
        joined: dict[tuple[str, bool], list[tuple[str, bool]]] = defaultdict(list)
        for key in told:
            joined[self._top(key)].append(key)
        for keys in joined.values():
            if len(keys) > 1:
                yield (
                    [one for one, is_file in keys if is_file],
                    [told[key] for key in keys if not key[1]],
                    [told[key] for key in keys],
                )

    def _key(self, name: str) -> tuple[str, bool]:
        """Return what a name means: a file that is there by its path, or the name itself."""
        same = folded(name)
        seen = self._names.find(name) or self._called.get(same)
        return (seen.path, True) if seen else (same, False)

    def _top(self, key: tuple[str, bool]) -> tuple[str, bool]:
        while (above := self._above.get(key, key)) != key:
            self._above[key] = key = self._above.get(above, above)
        return key

    def _join(self, one: tuple[str, bool], other: tuple[str, bool]) -> None:
        self._above[self._top(other)] = self._top(one)


def _group(place: str, members: Iterable[Seen], heads: Heads, missing: tuple[str, ...]) -> Group:
    """Make a unit; a file that tells of its own pixels is the one to open."""
    ordered = sorted(members, key=by_path)
    first = min(ordered, key=lambda seen: _rank(seen, heads))
    others = (seen for seen in ordered if seen is not first)
    return Group(place=place, kind="ome-tiff", members=(first, *others), missing=missing)


def _rank(seen: Seen, heads: Heads) -> tuple[bool, bool, str]:
    head = heads.get(seen.path)
    described = not isinstance(head, Head) or head.described
    return seen.path.lower().endswith(COMPANION), not described, seen.path


def _stem(name: str) -> str:
    ending = next((one for one in OME_TIFF if name.lower().endswith(one)), "")
    return name[: -len(ending)] if ending else name.rpartition(".")[0] or name
