"""What a run did, kept for people and for machines."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from labsight.keys import UNIT
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.look.group import Group
from labsight_lab.sync.look.plan import Pending, Plan
from labsight_lab.sync.look.scan import Skipped
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.telling import naming

MOST_SENT = 100_000  # sent files remembered by name; all are counted


@dataclass(frozen=True)
class Sent:
    """A file that the archive holds now, or would hold after a dry run."""

    path: str
    key: str
    size: int


@dataclass(frozen=True)
class Slide:
    """A lone file or a unit: its name for people, its key, and how much of it is sent."""

    name: str
    key: str
    kind: str
    files: int
    size: int


@dataclass
class Report:
    """All that happened, over all looks of one run, which may take years.

    Files are counted without the ``unit.json`` that labsight makes. ``until`` says from when on
    (seconds since 1970) what is still being written may be sent. ``limit`` is the text of a
    timetable. ``lost`` is what `labsight verify` did not find in the archive. ``log`` is where all
    is written down.
    """

    folder: Path
    bucket: str
    source: str
    dry_run: bool = False
    limit: str | None = None
    uploaded: deque[Sent] = field(default_factory=lambda: deque(maxlen=MOST_SENT))
    units: deque[Slide] = field(default_factory=lambda: deque(maxlen=MOST_SENT))
    planned: list[Sent] = field(default_factory=list)
    slides: list[Slide] = field(default_factory=list)
    existing: dict[str, str] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)
    until: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unchanged: int = 0
    skipped: Skipped = field(default_factory=Skipped)
    sent_files: int = 0
    sent_slides: int = 0
    sent_bytes: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    log: Path | None = None
    _places: dict[str, str] = field(default_factory=dict)  # of what failed

    @property
    def bytes(self) -> int:
        """Bytes of the files that were sent, or would be."""
        return self.sent_bytes + sum(sent.size for sent in self.planned)

    @property
    def exit_code(self) -> int:
        """0 done, 1 somebody has to look, 130 interrupted; being unfinished is no failure."""
        if self.interrupted:
            return 130
        return 1 if self.lost or self.failed or self.conflicts or self.existing else 0

    def place_of(self, path: str) -> str:
        """Return the place of the group of which a path was told to be a problem."""
        return self._places.get(path, path)

    def begin_look(self, plan: Plan, reason_of: Callable[[str], str]) -> None:
        """Start from a new look at the folder; failures stay until it is known how they end.

        ``reason_of`` tells why a path is in conflict.
        """
        self.unchanged = max(0, plan.unchanged - self.sent_files - len(self.existing))
        self.skipped = plan.skipped
        self.unfinished, self.until = {}, {}
        pending = {pending.group.place for pending in plan.pending}
        self.failed = {
            path: why for path, why in self.failed.items() if self._places.get(path) in pending
        }
        self._places = {path: self._places[path] for path in self.failed}
        self.failed.update({problem.path: problem.reason for problem in plan.problems})
        self.conflicts = {path: reason_of(path) for path in plan.conflicts}

    def leave(self, place: str, reason: str, until: float) -> None:
        """Note that a group is too young to be sent before ``until``."""
        self._forget_failure(place, place)
        self.unfinished[place], self.until[place] = reason, until

    def plan(self, pending: Pending, revision: Callable[[str], int] = lambda _: 1) -> None:
        """Note that a group would be sent, each path as the ``revision`` of it that is next."""
        for seen in pending.unsettled:
            key = object_key(self.source, seen.path, revision(seen.path))
            self.planned.append(Sent(seen.path, key, seen.size))
        place = pending.group.place
        key = object_key(self.source, place, revision(place))
        self.slides.append(_slide(pending.group, key, len(pending.unsettled), pending.size))

    def add(self, outcome: Outcome) -> None:
        """Note what became of one file, or of a group that is not to be sent now."""
        path, result = outcome.path, outcome.result
        self._forget_failure(path, outcome.place)
        if result is Result.UPLOADED:
            self._add_sent(outcome)
        elif result is Result.SAME:
            self.unchanged += 1
        else:
            {
                Result.EXISTS: self.existing,
                Result.CONFLICT: self.conflicts,
                Result.UNFINISHED: self.unfinished,
                Result.CHANGED: self.unfinished,
                Result.FAILED: self.failed,
            }[result][path] = outcome.reason
        if result is Result.FAILED:
            self._places[path] = outcome.place

    def _add_sent(self, outcome: Outcome) -> None:
        path = outcome.path
        if path.endswith("/"):
            self.uploaded.append(Sent(f"{path}{UNIT}", outcome.key, outcome.size))
        else:
            self.uploaded.append(Sent(path, outcome.key, outcome.size))
            self.sent_files += 1
            self.sent_bytes += outcome.size
        if outcome.group is not None:
            members = outcome.group.members
            total = sum(seen.size for seen in members)
            self.units.append(_slide(outcome.group, outcome.key, len(members), total))
        self.sent_slides += path == outcome.place

    def _forget_failure(self, path: str, place: str) -> None:
        """Forget how it ended before; what becomes of a unit goes for all of its files."""
        over = [path]
        if path == place and path.endswith("/"):
            over += [member for member, its in self._places.items() if its == place]
        for one in over:
            self.failed.pop(one, None)
            self._places.pop(one, None)


def _slide(group: Group, key: str, files: int, size: int) -> Slide:
    return Slide(naming.told(group), key, group.kind, files, size)
