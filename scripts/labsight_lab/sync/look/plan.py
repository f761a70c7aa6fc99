"""The folder as it is now, held against the journal: what to send, and what not and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from labsight.errors import InvalidInput
from labsight.slides.formats.kinds import kind_of
from labsight_lab.sync.journal.entries import SETTLED, STORED, Known, State, members_digest
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.look.group import LONE_FILE, Group, Grouping, folder_of
from labsight_lab.sync.look.names import is_excluded, is_included
from labsight_lab.sync.look.scan import LEFT_OUT, Problem, Scan, Seen, Skipped
from labsight_lab.sync.look.windows import clashes

_TELLING = ("metadata.txt", ".companion.ome")  # no slides, but they name files that are one
# Characters, of up to 12 bytes each in a key; what is shorter need not be written to be measured.
_ALWAYS_FITS = 70
_SETTLED = frozenset(state.value for state in SETTLED)
_STORED = frozenset(state.value for state in STORED)
_CONFLICT = State.CONFLICT.value
_TIMES_NS = range(-(1 << 63), 1 << 63)  # from 1677 to 2262: what 64 bits can say
_NO_TIME = "its time stamp is no date that can be kept; give it another (copy or touch the file)"


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A group of which the archive lacks something; ``unsettled`` are the members to send.

    Of a unit that lacks nothing but its ``unit.json``, none are.
    """

    group: Group
    unsettled: tuple[Seen, ...]

    @property
    def size(self) -> int:
        """Bytes to send."""
        return sum(seen.size for seen in self.unsettled)


@dataclass
class Plan:
    """What one look at the folder says. ``conflicts`` are paths; the journal knows the reasons."""

    pending: list[Pending] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    unchanged: int = 0
    skipped: Skipped = field(default_factory=Skipped)


# Tells which files belong together, given those and what the archive knows of a file's unit.
Grouped = Callable[[Sequence[Seen], Callable[[Seen], str | None]], Grouping]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which slides of a folder are meant, and where they go: patterns as in `names`."""

    source: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def make_plan(
    scan: Scan,
    wanted: Wanted,
    known: Mapping[str, Known],
    grouped: Grouped,
) -> Plan:
    """Compare a folder with its journal; ``grouped`` tells which of the files belong together.

    What is settled is passed over quickly: most of a folder is, and it may hold 100,000 files.
    """
    plan = Plan(problems=list(scan.problems), skipped=scan.skipped)
    new, parts, lone = _sorted_out(plan, scan.files, known)
    archived = _Archived(known)
    if not new and archived.has_all(parts):
        plan.unchanged = len(parts) + len(lone)
        return plan
    new = [seen for seen in new if _is_wanted(seen.path, wanted, plan.skipped)]
    beside = _beside(new, lone)
    plan.unchanged = len(lone) - len(beside)
    unsettled = {seen.path for seen in new}
    grouping = grouped(
        [*new, *parts, *beside],
        lambda seen: None if seen.path in unsettled else _unit_of(seen.path, known),
    )
    plan.problems += grouping.problems
    for problem in grouping.skipped:
        plan.skipped.add(problem.path, problem.reason)
    unread = [problem.path for problem in scan.problems]
    judge = _Judge(wanted.source, known, archived, unsettled, unread)
    for group in grouping.groups:
        judge.put(plan, group)
    if plan.pending:
        meant = {seen.path for group in grouping.groups for seen in group.members}
        _name_clashes(
            plan, [seen[0] for seen in scan.files if seen[0] in known or seen[0] in meant]
        )
    plan.pending.sort(key=_age)  # oldest scan first
    return plan


def _is_settled(one: Known | None) -> bool:
    return one is not None and one.state in _SETTLED


def _is_cleaned(one: Known) -> bool:
    return one.removed and one.state in _STORED


def _sorted_out(
    plan: Plan, files: Iterable[Seen], known: Mapping[str, Known]
) -> tuple[list[Seen], list[Seen], list[Seen]]:
    """Return what the journal has not settled, settled parts of units, and settled lone files."""
    new, parts, lone = [], [], []
    for seen in files:
        one = known.get(seen[0])
        if one is None or one[1] != seen[2] or one[0] != seen[1] or one[2] not in _SETTLED:
            new.append(seen)
        elif one[4]:
            parts.append(seen)
        elif one[2] == _CONFLICT:
            plan.conflicts.append(seen[0])
        else:
            lone.append(seen)
    return new, parts, lone


def _beside(new: Sequence[Seen], lone: Sequence[Seen]) -> list[Seen]:
    """Return the lone files in folders with something new: it may tell that they are parts."""
    folders = {folder_of(seen.path) for seen in new if _may_join(seen.path)}
    return [seen for seen in lone if folder_of(seen.path) in folders] if folders else []


def _may_join(path: str) -> bool:
    return kind_of(path) is not None or path.lower().endswith(_TELLING)


def _unit_of(path: str, known: Mapping[str, Known]) -> str | None:
    """Return the unit of a settled file; None while that is not closed: more may belong to it."""
    unit = known[path].unit
    return unit if not unit or _is_settled(known.get(unit)) else None


def _is_wanted(path: str, wanted: Wanted, skipped: Skipped) -> bool:
    """Say whether a slide is asked for; what is no slide by its suffix may be a part of one."""
    if is_excluded(path, wanted.exclude):
        skipped.add(path, LEFT_OUT)
        return False
    if kind_of(path) is not None and not is_included(path, wanted.include):
        skipped.add(path, "not asked for by --include")
        return False
    return True


class _Archived:
    """Which units the archive has, by what the journal knows."""

    def __init__(self, known: Mapping[str, Known]) -> None:
        self._known = known

    def has_all(self, parts: Iterable[Seen]) -> bool:
        """Say whether all units of settled files are closed, and nothing of them is in conflict."""
        here: dict[str, list[str]] = {}
        for seen in parts:
            one = self._known[seen[0]]
            if one[2] == _CONFLICT:
                return False
            here.setdefault(one[4], []).append(seen[0])
        return all(self.has(unit, paths) for unit, paths in here.items())

    def has(self, unit: str, paths: Iterable[str]) -> bool:
        """Say whether the archive has the ``unit.json`` that names these files, as they are now.

        It still has, when others that it names were removed here since, all of them or those that
        `labsight clean` removed: when a unit is closed anew, these are named again and no others.
        """
        closed = self._known.get(unit)
        if closed is None or not _is_settled(closed):
            return False
        here = {path: self._revision_in(unit, path) for path in paths}
        if members_digest(here) == closed.members:
            return True
        parts = self._parts.get(unit, {})
        cleaned = {path: one.revision for path, one in parts.items() if _is_cleaned(one)}
        all_of_it = {path: one.revision for path, one in parts.items()}
        return any(members_digest(named) == closed.members for named in (cleaned | here, all_of_it))

    def _revision_in(self, unit: str, path: str) -> int:
        one = self._known.get(path)
        return one.revision if one and one.unit == unit else 0

    @cached_property
    def _parts(self) -> dict[str, dict[str, Known]]:
        """The files that were sent at least once, by unit and path."""
        found: dict[str, dict[str, Known]] = {}
        for path, one in self._known.items():
            if one.unit and one.revision:
                found.setdefault(one.unit, {})[path] = one
        return found


class _Judge:
    """Puts groups where they belong in a plan."""

    def __init__(
        self,
        source: str,
        known: Mapping[str, Known],
        archived: _Archived,
        new: set[str],
        unread: Sequence[str],
    ) -> None:
        self._source, self._known, self._archived, self._new = source, known, archived, new
        self._unread = unread

    def put(self, plan: Plan, group: Group) -> None:
        """Add a group to what is pending, unchanged, in conflict or impossible."""
        conflicts = [m.path for m in group.members if self._is_conflict(m)]
        unsettled = tuple(seen for seen in group.members if seen.path in self._new)
        if conflicts:
            plan.conflicts += conflicts
        if not unsettled and (conflicts or self._is_closed(group)):
            plan.unchanged += len(group.members) - len(conflicts)
            return
        trouble = self._trouble(group, unsettled)
        if trouble is not None:
            plan.problems.append(trouble)
        else:
            plan.pending.append(Pending(group=group, unsettled=unsettled))

    def _trouble(self, group: Group, unsettled: Sequence[Seen]) -> Problem | None:
        """Return why a group cannot be sent as its files lie here, are called and dated."""
        for path in self._unread:
            if group.kind != LONE_FILE and f"{path}/".startswith(group.place):
                return Problem(group.place, f"{path} cannot be read, and may belong to it")
        for seen in unsettled:
            if seen.mtime_ns not in _TIMES_NS:
                return Problem(seen.path, _NO_TIME)
        try:
            for path in {*(seen.path for seen in unsettled), group.place}:
                if len(path) <= _ALWAYS_FITS:
                    continue
                known = self._known.get(path)
                object_key(self._source, path, known.revision + 1 if known else 1)
        except InvalidInput as error:
            return Problem(group.place, error.message)
        return None

    def _is_conflict(self, seen: Seen) -> bool:
        return seen.path not in self._new and self._known[seen.path].state == _CONFLICT

    def _is_closed(self, group: Group) -> bool:
        paths = (seen.path for seen in group.members)
        return group.kind == LONE_FILE or self._archived.has(group.place, paths)


def _name_clashes(plan: Plan, paths: Sequence[str]) -> None:
    """Make problems of files whose names are one to the archive: which is meant, nobody knows."""
    reasons: dict[str, str] = {}
    for names in clashes(paths):
        told = " and ".join(map(ascii, names))  # they may look the same otherwise
        reason = (
            f"{told} are one name to the archive, or to Windows and macOS, which could not show "
            "both; rename all but one"
        )
        reasons |= dict.fromkeys(names, reason)
    if reasons:
        plan.problems += [Problem(path, reason) for path, reason in reasons.items()]
        plan.pending = [
            one
            for one in plan.pending
            if not any(seen.path in reasons for seen in one.group.members)
        ]


def _age(pending: Pending) -> tuple[int, str]:
    return max(seen.mtime_ns for seen in pending.group.members), pending.group.place
