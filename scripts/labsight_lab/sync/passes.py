"""One look at the folder and all that follows from it."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from labsight.errors import SettingsError
from labsight.keys import SLIDES
from labsight_lab.sync.journal.entries import Known
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.series import SeriesLog
from labsight_lab.sync.line import Connect, Line
from labsight_lab.sync.look.collector import no_collection
from labsight_lab.sync.look.groups import Grouper
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.plan import Pending, Plan, Wanted, make_plan
from labsight_lab.sync.look.quiet import QuietWatch
from labsight_lab.sync.look.scan import is_gone, scan
from labsight_lab.sync.rules import Rules
from labsight_lab.sync.sending.archive import Denied
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.telling.listening import Listener, Look, Nobody
from labsight_lab.sync.telling.meter import Meter
from labsight_lab.sync.telling.report import Report

if TYPE_CHECKING:
    from labsight_lab.sync.judging import Judge
    from labsight_lab.sync.sending.sender import Sender

RETRY_S = 60.0
STILL_WRITTEN = "not yet seen unchanged for long enough to be sure that it is written"
_AFTER_CHANGE_S = 1.0
_LISTEN_S = 0.2  # until it is asked whether there is a hint


class Waiter(Protocol):
    """What waits between two looks."""

    def wait(self, seconds: float, *, heed: bool = True) -> None:
        """Wait so long, or (``heed``) until another look is worth it."""
        ...

    def is_given(self) -> bool:
        """Whether another look is worth it since `forget` was called."""
        ...

    def forget(self) -> None:
        """A look begins: what changes from now on is worth another one."""
        ...


@dataclass(kw_only=True)
class Passes:
    """A run over one folder, look by look, while what was found before is being sent.

    ``connect`` is called when there is something to send or to ask, and not before. Without a
    journal (a dry run of a folder that was never synchronised) nothing can be sent. ``waiting``
    tells after each look which groups were too young, and for how many seconds more;
    ``look_seconds`` how long it took.
    """

    rules: Rules
    journal: Journal | None
    connect: Connect
    ids: Ids
    quiet: QuietWatch
    meter: Meter
    report: Report
    waiter: Waiter
    listener: Listener = field(default_factory=Nobody)
    waiting: dict[str, float] = field(default_factory=dict)
    look_seconds: float = 0.0
    _grouper: Grouper = field(init=False)
    _retry_at: dict[str, float] = field(default_factory=dict)
    _sender: "Sender | None" = None

    def __post_init__(self) -> None:
        series = SeriesLog(self.journal).known if self.journal else dict
        self._grouper = Grouper(self.rules.folder, series=series)

    @cached_property
    def _line(self) -> Line:
        return Line(
            rules=self.rules,
            journal=self.journal,
            connect=self.connect,
            ids=self.ids,
            meter=self.meter,
        )

    @cached_property
    def _judge(self) -> "Judge":
        """Made when there is something to judge: all formats are loaded with it."""
        from labsight_lab.sync.judging import Judge  # noqa: PLC0415 - see above

        return Judge(
            folder=self.rules.folder,
            quiet=self.quiet,
            send_incomplete=self.rules.send_incomplete,
            incomplete_after=self.rules.incomplete_after,
        )

    @property
    def is_busy(self) -> bool:
        """Whether something is being sent."""
        return self._sender is not None and self._sender.is_busy

    def look(self) -> None:
        """Look at the folder and have sent what is ready; raise what concerns every file."""
        self.waiter.forget()
        self._pass_on()
        ready = self._look()
        self._abandon_vanished()
        if ready:
            self.meter.add(ready)
            self._sender = self._sender or self._line.sender(self._judge.verdict)
            self._keep_series(ready)
            self._sender.add(ready)
        self.listener.looked(
            Look(
                report=self.report,
                begun=ready,
                waiting=self.waiting,
                is_busy=self.is_busy,
                is_under_way=self._is_under_way,
                notes=self.ids.problems,
            )
        )

    def attend(self, seconds: float, *, heed: bool = True) -> None:
        """Note what becomes of what is being sent, for so long or (``heed``) until a hint."""
        until = self.quiet.steady() + seconds
        while (left := until - self.quiet.steady()) > 0:
            if not self.is_busy:
                self._rest()
                self.waiter.wait(left, heed=heed)
                return
            if heed and self.waiter.is_given():
                return
            self._take(min(left, _LISTEN_S))

    def finish(self) -> None:
        """Note what becomes of all that is being sent."""
        while self.is_busy:
            self._take(_LISTEN_S)
        self._rest()

    def stop(self) -> None:
        """Let go of what is being sent: it is found again by the next look."""
        with suppress(SettingsError):  # the journal keeps what it cannot write, and tries again
            self._rest()

    def preview(self) -> None:
        """Report what would be sent."""
        for pending in self._look():
            verdict = self._judge.verdict(pending)
            if isinstance(verdict, Outcome):
                self._note(verdict)
            else:
                self.report.plan(pending, self._next_revision)
        self.report.notes = self.ids.problems

    def ask(self) -> None:
        """Learn whether the archive can be used, without a change there; raise what stops all."""
        with suppress(Denied):  # of this one right, which a lab need not have
            self._line.archive().open_uploads(f"{SLIDES}{self.rules.source}/")

    def _look(self) -> list[Pending]:
        """Return what is ready by time; the rest of the plan goes to the report."""
        began = time.monotonic()
        plan = self._plan()
        self.look_seconds = time.monotonic() - began
        now = self.quiet.steady()
        self._retry_at = {place: at for place, at in self._retry_at.items() if at > now}
        held_back = self._retry_at.keys()
        self.report.begin_look(plan, self._reason)
        self.waiting, ready = {}, []
        for pending in plan.pending:
            place = pending.group.place
            if place in held_back or self._is_under_way(place):
                continue
            wait, outcome = self._judge.wait(pending), self._judge.remembered(pending)
            if wait > 0:
                self.waiting[place] = wait
                self.report.leave(place, STILL_WRITTEN, self.quiet.wall() + wait)
            elif outcome is not None:
                self.report.add(outcome)
            else:
                ready.append(pending)
        if plan.pending or "_judge" in self.__dict__:
            self._judge.forget_others({pending.group.place for pending in plan.pending})
        return ready

    def _plan(self) -> Plan:
        rules = self.rules
        with no_collection():
            found = scan(rules.folder, rules.exclude)
            known: Mapping[str, Known] = self.journal.known() if self.journal else {}
        wanted = Wanted(source=rules.source, include=rules.include, exclude=rules.exclude)
        plan = make_plan(found, wanted, known, self._grouper.grouped)
        if plan.pending:
            self._judge.look(found.files)
            self.ids.refresh()
            self.ids.check(seen.path for seen in found.files)
        return plan

    def _keep_series(self, ready: list[Pending]) -> None:
        """Journal which series has which place before anything of it is sent there."""
        if self.journal is not None:
            SeriesLog(self.journal).keep({one.group.place: one.group.series for one in ready})

    def _next_revision(self, path: str) -> int:
        entry = self.journal.entry(path) if self.journal else None
        return 1 + (entry.revision if entry else 0)

    def _reason(self, path: str) -> str:
        entry = self.journal.entry(path) if self.journal else None
        return entry.reason if entry else ""

    def _take(self, seconds: float) -> None:
        if self._sender is not None:
            for outcome in self._sender.take(seconds):
                self._note(outcome)

    def _pass_on(self) -> None:
        for warning in self._line.warnings():
            self.listener.warned(warning)

    def _rest(self) -> None:
        """Nothing is being sent: end the threads and the display's bar, have all on disk."""
        self._pass_on()
        if self._sender is not None:
            self._sender.close()
            for outcome in self._sender.left():  # as after Ctrl-C
                self._note(outcome)
            self._sender = None
            self.meter.end()
        if self.journal is not None:
            self.journal.flush()

    def _note(self, outcome: Outcome) -> None:
        self.meter.ended(outcome)
        self.report.add(outcome)
        self.listener.ended(outcome)
        if outcome.result is Result.FAILED:
            self._retry_at[outcome.place] = self.quiet.steady() + RETRY_S
        elif outcome.result is Result.CHANGED:
            self.quiet.restart(outcome.place)
            self.waiting[outcome.place] = _AFTER_CHANGE_S

    def _abandon_vanished(self) -> None:
        """Abort uploads whose file was taken away; a whole folder that is missing may come back."""
        if self.journal is None:
            return
        for entry in self.journal.open_uploads():
            if self._is_under_way(entry.unit or entry.path):
                continue
            if is_gone(self.rules.folder, entry.path):
                from labsight_lab.sync.sending.transfer import abandon  # noqa: PLC0415 - it is rare

                abandon(self._line.archive(), self.journal, self.rules.source, entry)

    def _is_under_way(self, place: str) -> bool:
        return self._sender is not None and self._sender.is_under_way(place)
