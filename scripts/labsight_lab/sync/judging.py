"""Decides whether a group may be sent now: quiet, whole, or declared finished by its writer."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from labsight_lab.sync.finished.check import unfinished
from labsight_lab.sync.finished.manifests import Declarations
from labsight_lab.sync.finished.names import misnamed
from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.look.quiet import NANO, QuietWatch
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.sending.content import FileContent
from labsight_lab.sync.sending.describing import unnameable
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.sending.source import held_by_a_writer
from labsight_lab.sync.sending.verdict import Verdict
from labsight_lab.text import duration


class _Held(NamedTuple):
    """A group that is not whole, why, and since when it is known by our own steady clock."""

    pending: Pending
    reason: str
    since: float


@dataclass(kw_only=True)
class Judge:
    """Decides for one folder.

    What its writer declared finished is believed at once. Anything else must be quiet (`wait`),
    open to no writer, and whole by its structure (`verdict`). What stays incomplete for
    ``incomplete_after`` seconds is a failure, or with ``send_incomplete`` sent and marked so.
    """

    folder: Path
    quiet: QuietWatch
    send_incomplete: bool
    incomplete_after: float
    _declarations: Declarations = field(init=False)
    _cut_off: dict[str, _Held] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._declarations = Declarations(self.folder)

    def look(self, files: Sequence[Seen]) -> None:
        """Learn what is declared finished now, from all files of the folder."""
        self._declarations.look(files)

    def wait(self, pending: Pending) -> float:
        """Return for how many seconds a group has to be left alone; 0 if it may be judged."""
        if self._declarations.of(pending.group) is not None:
            return 0.0
        return self.quiet.wait(pending.group.place, pending.group.members)

    def verdict(self, pending: Pending, held: FileContent | None = None) -> Verdict | Outcome:
        """Return that a quiet group may be sent, or what keeps it from being sent.

        ``held`` is the file of a group that has only one, if it is open already.
        """
        group, declared = pending.group, self._declarations.of(pending.group)
        if declared is None and any(
            held_by_a_writer(self.folder / seen.path) for seen in pending.unsettled
        ):
            return _ended(pending, Result.UNFINISHED, "another program is writing to it")
        try:
            trouble = unnameable(group) or misnamed(self.folder, group)
            is_clear = declared is not None or trouble is not None
            reason = None if is_clear else self._unfinished(pending, held)
        except OSError as error:
            return _ended(pending, Result.FAILED, f"cannot be read: {error.strerror or error}")
        if trouble:
            return _ended(pending, Result.FAILED, trouble)
        if reason and not self.send_incomplete:
            return self._held_back(self._cut_off[group.place])
        return Verdict(declared=declared or {}, incomplete=reason)

    def remembered(self, pending: Pending) -> Outcome | None:
        """Return what kept a group from being sent, as long as nothing new is known of it."""
        known = self._cut_off.get(pending.group.place)
        if known is None or known.pending != pending or self.send_incomplete:
            return None
        if self._declarations.of(pending.group) is not None:
            return None
        return self._held_back(known)

    def forget_others(self, places: AbstractSet[str]) -> None:
        """Remember these groups only: a folder that is watched for years has had many."""
        self.quiet.forget_others(places)
        self._cut_off = {place: self._cut_off[place] for place in places & self._cut_off.keys()}

    def _held_back(self, held: _Held) -> Outcome:
        newest = max(seen.mtime_ns for seen in held.pending.group.members)
        # The time stamp may come from a clock that is ahead.
        age = max(self.quiet.wall() - newest / NANO, self.quiet.steady() - held.since)
        if age < self.incomplete_after:
            return _ended(held.pending, Result.UNFINISHED, f"not complete yet: {held.reason}")
        told = (
            f"incomplete: {held.reason}; it has not changed for {duration(age)}. Scan or copy it "
            "again, or send it as it is with --send-incomplete"
        )
        return _ended(held.pending, Result.FAILED, told)

    def _unfinished(self, pending: Pending, held: FileContent | None) -> str | None:
        """Return why a group is not whole, and remember it."""
        reason = unfinished(self.folder, pending.group, held)
        if reason:
            self._cut_off[pending.group.place] = _Held(pending, reason, self.quiet.steady())
        return reason


def _ended(pending: Pending, result: Result, reason: str) -> Outcome:
    group = pending.group
    size = sum(seen.size for seen in group.members)
    return Outcome(path=group.place, place=group.place, size=size, result=result, reason=reason)
