"""What can be registered among the objects of a part of the archive.

What names its parts in a ``unit.json`` is a slide, and so is a file that no other belongs to. The
others belong together by the same rules as in the lab's folder.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from labsight import keys
from labsight.errors import DamagedSlide, InvalidInput
from labsight.keys import SlideKey
from labsight.objects import ObjectInfo, metadata
from labsight.objects.side_by_side import side_by_side
from labsight.slides import units
from labsight.slides.units import Member, Unit
from labsight_lab.register.heads import reader
from labsight_lab.register.looking import Looker
from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.groups import grouped
from labsight_lab.sync.look.roles import Role, by_role
from labsight_lab.sync.look.scan import Problem, Seen

ODD_NAME = "not written as labsight writes keys: send it by `labsight sync`"
_AT_A_TIME = 16


class Item(NamedTuple):
    """A slide: the key to register, the objects that it is made of, their size in bytes.

    ``unit`` is what its ``unit.json`` will say, where that has to be made first.
    """

    key: str
    parts: frozenset[str]
    size: int
    unit: Unit | None = None


@dataclass
class Items:
    """Slides by key, and what is none; problems and skipped ones are named by keys."""

    slides: dict[str, Item] = field(default_factory=dict)
    skipped: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Add a slide."""
        self.slides[item.key] = item

    def of(self, key: str) -> "Items":
        """Return what concerns one object."""
        chosen = (one for one in self.slides.values() if key == one.key or key in one.parts)
        return Items(
            {one.key: one for one in chosen},
            [one for one in self.skipped if one.path == key],
            [one for one in self.problems if one.path == key],
        )


def found(looker: Looker, objects: Iterable[ObjectInfo]) -> Items:
    """Return the slides among objects of any number of sources."""
    items = Items()
    by_key = {info.key: info for info in objects}
    closed = [partial(_closed, looker, info) for info in by_key.values() if keys.is_unit(info.key)]
    for item, trouble in side_by_side(closed, _AT_A_TIME):
        items.add(item)
        if trouble:
            items.problems.append(Problem(item.key, trouble))
    named = {part for item in items.slides.values() for part in item.parts}
    files: dict[str, _Files] = defaultdict(_Files)
    for key, info in by_key.items():
        if key in named or keys.is_unit(key):
            continue
        try:
            parsed = keys.parse_slide(key)
        except InvalidInput:
            _put_odd(items, info)
        else:
            files[parsed.source].add(parsed, info)
    for source, mine in files.items():
        mine.sort_out(looker, source, items)
    return items


class _Files:
    """Files of one source by path, each with all its revisions."""

    def __init__(self) -> None:
        self._revisions: dict[str, dict[int, ObjectInfo]] = defaultdict(dict)

    def add(self, key: SlideKey, info: ObjectInfo) -> None:
        """Add an object."""
        self._revisions[key.path][key.revision] = info

    def sort_out(self, looker: Looker, source: str, items: Items) -> None:
        """Add what they are to the items; of what belongs together, the last revisions count."""
        latest = {path: max(self._revisions[path]) for path in self._revisions}
        objects = {path: self._revisions[path][latest[path]] for path in latest}
        seen = [Seen(path, info.size, 0) for path, info in objects.items()]
        grouping = grouped(seen, reader(looker, objects), lambda _: None)
        for group in grouping.groups:
            if group.kind == LONE_FILE:
                for info in self._revisions[group.place].values():
                    items.add(Item(info.key, frozenset({info.key}), info.size))
            else:
                _put_unit(looker, items, group, source, latest, objects)
        for problem in grouping.problems:
            items.problems.append(Problem(_key_of(source, problem.path, objects), problem.reason))
        for problem in grouping.skipped:
            items.skipped.append(Problem(objects[problem.path].key, problem.reason))


def sent_by_sync(unit: str) -> str:
    """Say that a unit need not be closed by hand."""
    return (
        f"`labsight sync` has sent it as a part of {unit}, which it adds when all parts are there"
    )


def _closed(looker: Looker, info: ObjectInfo) -> tuple[Item, str]:
    """Return a slide that has its ``unit.json``, and what is wrong with that."""
    try:
        unit = units.read(looker.content(info.key, units.MAX_BYTES + 1))
        parts = units.member_keys(info.key, unit)
    except DamagedSlide as error:
        return Item(info.key, frozenset(), info.size), error.message
    return Item(info.key, frozenset(parts), sum(member.size for member in unit.members)), ""


def _put_unit(
    looker: Looker,
    items: Items,
    group: Group,
    source: str,
    latest: dict[str, int],
    objects: dict[str, ObjectInfo],
) -> None:
    """Add a unit that lacks its ``unit.json``, unless something else will bring that."""
    key = keys.unit_key(source, group.place[:-1])
    first = objects[group.members[0].path]
    if group.missing:
        lacking = ", ".join(group.missing[:5]) + (", ..." if len(group.missing) > 5 else "")
        items.problems.append(Problem(first.key, f"it lacks {lacking}"))
    elif looker.find(key) is not None:
        reason = f"{key} is in the archive already, and does not name it"
        items.problems.append(Problem(first.key, reason))
    elif unit := metadata.unit_of(looker.metadata(first.key)):
        items.problems.append(Problem(first.key, sent_by_sync(unit)))
    else:
        members = tuple(Member(m.path, m.size, revision=latest[m.path]) for m in group.members)
        parts = frozenset(objects[m.path].key for m in group.members)
        size = sum(member.size for member in members)
        items.add(Item(key, parts, size, Unit(group.kind, members, scanner=source)))


def _put_odd(items: Items, info: ObjectInfo) -> None:
    """Sort out an object whose key something else made up: only what stands alone is taken."""
    piles = by_role([Seen(info.key, info.size, 0)])
    if piles[Role.SLIDE]:
        items.add(Item(info.key, frozenset({info.key}), info.size))
    else:
        items.problems.append(Problem(info.key, ODD_NAME))


def _key_of(source: str, path: str, objects: dict[str, ObjectInfo]) -> str:
    return objects[path].key if path in objects else f"{keys.SLIDES}{source}/{path}"
