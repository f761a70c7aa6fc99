"""Decides whether a group may be sent now: quiet, whole, or declared finished by its writer."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from labsight_lab.sync.finished.check import unfinished
from labsight_lab.sync.finished.manifests import Declarations, Doubt
from labsight_lab.sync.finished.names import misnamed
from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.look.quiet import NANO, QuietWatch
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.sending.content import FileContent
from labsight_lab.sync.sending.describing import unnameable
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.sending.verdict import Verdict
from labsight_lab.sync.source import held_by_a_writer
from labsight_lab.text import duration


class _Held(NamedTuple):
    """A group that is not whole, why, and since when it is known by our own steady clock.

    ``doubt`` is set if it is its writer who says so.
    """

    pending: Pending
    reason: str
    since: float
    doubt: Doubt | None = None


@dataclass(kw_only=True)
class Judge:
    """Decides for one folder.

    What its writer declared finished is believed at once. Anything else must be quiet (`wait`),
    open to no writer, not called unfinished by its writer, and whole by its structure (`verdict`).
    What stays incomplete for ``incomplete_after`` seconds is a failure. With ``send_incomplete`` it
    is sent and marked so: what is cut off at once, what its writer calls unfinished after that.
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
            cut_off = None if is_clear else self._unfinished(pending, held)
        except OSError as error:
            return _ended(pending, Result.FAILED, f"cannot be read: {error.strerror or error}")
        if trouble:
            return _ended(pending, Result.FAILED, trouble)
        if cut_off and not self._may_go(cut_off):
            return self._held_back(cut_off)
        return Verdict(declared=declared or {}, incomplete=cut_off.reason if cut_off else None)

    def remembered(self, pending: Pending) -> Outcome | None:
        """Return what kept a group from being sent, as long as nothing new is known of it."""
        doubted = self._doubted(pending)
        known = doubted or self._cut_off.get(pending.group.place)
        if known is None or known.pending != pending or self._may_go(known):
            return None
        if not doubted and (known.doubt or self._declarations.of(pending.group) is not None):
            return None
        return self._held_back(known)

    def forget_others(self, places: AbstractSet[str]) -> None:
        """Remember these groups only: a folder that is watched for years has had many."""
        self.quiet.forget_others(places)
        self._cut_off = {place: self._cut_off[place] for place in places & self._cut_off.keys()}

    def _may_go(self, held: _Held) -> bool:
        """Say whether what is not whole is sent nevertheless."""
        is_due = held.doubt is None or self._age(held) >= self.incomplete_after
        return self.send_incomplete and is_due

    def _age(self, held: _Held) -> float:
        """Return for how many seconds neither the data nor what is said of them has changed."""
        newest = max(seen.mtime_ns for seen in held.pending.group.members)
        if held.doubt is not None:
            newest = max(newest, held.doubt.mtime_ns)
        # The time stamp may come from a clock that is ahead.
        return max(self.quiet.wall() - newest / NANO, self.quiet.steady() - held.since)

    def _held_back(self, held: _Held) -> Outcome:
        age = self._age(held)
        if age < self.incomplete_after:
            return _ended(held.pending, Result.UNFINISHED, f"not complete yet: {held.reason}")
        told = (
            f"incomplete: {held.reason}; it has not changed for {duration(age)}. Scan or copy it "
            "again, or send it as it is with --send-incomplete"
        )
        return _ended(held.pending, Result.FAILED, told)

    def _unfinished(self, pending: Pending, held: FileContent | None) -> _Held | None:
        """Return that a group is not whole, and remember it; None if it may be."""
        if doubted := self._doubted(pending):
            return doubted
        reason = unfinished(self.folder, pending.group, held)
        return self._kept(pending, reason) if reason else None

    def _doubted(self, pending: Pending) -> _Held | None:
        """Return that its writer calls a group unfinished, and remember it; None if nobody does."""
        doubt = self._declarations.doubt(pending.group)
        if doubt is None:
            return None
        known = self._cut_off.get(pending.group.place)
        if known and (known.pending, known.doubt) == (pending, doubt):
            return known
        return self._kept(pending, doubt.reason, doubt)

    def _kept(self, pending: Pending, reason: str, doubt: Doubt | None = None) -> _Held:
        held = _Held(pending, reason, self.quiet.steady(), doubt)
        self._cut_off[pending.group.place] = held
        return held


def _ended(pending: Pending, result: Result, reason: str) -> Outcome:
    group = pending.group
    size = sum(seen.size for seen in group.members)
    return Outcome(path=group.place, place=group.place, size=size, result=result, reason=reason)
