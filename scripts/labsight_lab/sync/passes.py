"""One look at the folder and all that follows from it."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from labsight.errors import SettingsError
from labsight.keys import SLIDES, SlideKey
from labsight_lab.sync.finished.tiff import unfinished
from labsight_lab.sync.journal.journal import Entry, Journal
from labsight_lab.sync.look.plan import Candidate, make_plan
from labsight_lab.sync.look.quiet import NANO, QuietWatch
from labsight_lab.sync.sending.archive import Archive, Denied
from labsight_lab.sync.sending.one_file import Result
from labsight_lab.sync.sending.source import Fingerprint, Stopped, held_by_a_writer, opened
from labsight_lab.sync.sending.transfer import Outcome, Transfer
from labsight_lab.sync.telling.progress import Meter
from labsight_lab.sync.telling.report import Report, Sent
from labsight_lab.sync.workers import in_parallel
from labsight_lab.text import duration

STALE_S = 3600.0  # what stayed cut off for so long is not being written any more
RETRY_S = 60.0
STILL_WRITTEN = "not yet seen unchanged for long enough to be sure that it is written"
_AFTER_CHANGE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What to look at and what to send."""

    folder: Path
    source: str
    include: tuple[str, ...] = ()
    send_incomplete: bool = False
    threads: int = 4


@dataclass(kw_only=True)
class Passes:
    """A run over one folder, pass by pass.

    ``connect`` is called when there is something to send or to ask, and not before. Without a
    journal (a dry run of a folder that was never synchronised) nothing can be sent. ``waiting``
    tells after each pass which files were too young, and for how many seconds more.
    """

    rules: Rules
    journal: Journal | None
    connect: Callable[[], Archive]
    quiet: QuietWatch
    meter: Meter
    report: Report
    waiting: dict[str, float] = field(default_factory=dict)
    _retry_at: dict[str, float] = field(default_factory=dict)
    _cut_off: dict[str, tuple[Fingerprint, str]] = field(default_factory=dict)
    _archive: Archive | None = None

    def send(self) -> None:
        """Send all that is ready; raise what concerns every file."""
        entries = self.journal.entries() if self.journal else {}
        ready = self._unhindered(self._look(entries))
        self._abandon_vanished(entries)
        if not ready:
            return
        stop = threading.Event()
        transfer = self._transfer(stop)
        self.meter.begin(len(ready), sum(c.fingerprint.size for c in ready))
        try:
            threads = self.rules.threads
            with closing(in_parallel(ready, transfer.send, threads=threads, stop=stop)) as outcomes:
                for outcome in outcomes:
                    self._note(outcome)
                    self.meter.ended(outcome)
        finally:
            self.meter.end()

    def preview(self) -> None:
        """Report what would be sent."""
        entries = self.journal.entries() if self.journal else {}
        for candidate in self._unhindered(self._look(entries)):
            self.report.planned.append(
                Sent(candidate.path, str(candidate.key), candidate.fingerprint.size)
            )

    def ask(self) -> None:
        """Learn whether the archive can be used, without a change there; raise what stops all."""
        with suppress(Denied):  # of this one right, which a lab need not have
            self._connected().open_uploads(f"{SLIDES}{self.rules.source}/")

    def _look(self, entries: Mapping[str, Entry]) -> list[Candidate]:
        rules, now = self.rules, self.quiet.steady()
        plan = make_plan(rules.folder, rules.source, entries, rules.include)
        held_back = {path for path, at in self._retry_at.items() if at > now}
        self.report.begin_pass(plan, held_back)
        self.waiting, ready = {}, []
        for candidate in plan.candidates:
            path, seen = candidate.path, candidate.fingerprint
            if path in held_back:
                continue
            wait = self.quiet.wait(path, seen.size, seen.mtime_ns)
            if wait > 0:
                self.waiting[path] = wait
                self.report.unfinished[path] = STILL_WRITTEN
            else:
                ready.append(candidate)
        return ready

    def _unhindered(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return those that nothing keeps from being sent; note what keeps the others."""
        hindered, threads, stop = set(), self.rules.threads, threading.Event()
        checks = in_parallel(candidates, self._hindrance, threads=threads, stop=stop)
        with closing(checks) as outcomes:
            for outcome in filter(None, outcomes):
                self._note(outcome)
                hindered.add(outcome.candidate.path)
        return [candidate for candidate in candidates if candidate.path not in hindered]

    def _transfer(self, stop: threading.Event) -> Transfer:
        """Return a transfer that ends with ``stop``, even if it notices only in a later pass."""

        def moved(path: str, position: int) -> None:
            if stop.is_set():
                raise Stopped
            self.meter.moved(path, position)

        if self.journal is None:
            raise SettingsError("nothing can be sent without a journal; give one with --journal")
        return Transfer(self._connected(), self.journal, moved)

    def _connected(self) -> Archive:
        self._archive = self._archive or self.connect()
        return self._archive

    def _hindrance(self, candidate: Candidate) -> Outcome | None:
        """Return what keeps a quiet file from being sent."""
        seen = candidate.fingerprint
        try:
            if held_by_a_writer(candidate.file):
                return Outcome(candidate, Result.UNFINISHED, "another program is writing to it")
            reason = self._unfinished(candidate)
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            return Outcome(candidate, Result.FAILED, reason)
        if reason is None or self.rules.send_incomplete:
            return None
        age = self.quiet.wall() - seen.mtime_ns / NANO
        if age < STALE_S:
            return Outcome(candidate, Result.UNFINISHED, f"not complete yet: {reason}")
        return Outcome(
            candidate,
            Result.FAILED,
            f"cut off: {reason}; it has not changed for {duration(age)}. Scan or copy it again, or "
            "send it as it is with --send-incomplete",
        )

    def _unfinished(self, candidate: Candidate) -> str | None:
        """Return why a file is cut off, if it is; known again as long as it looks the same."""
        path, seen = candidate.path, candidate.fingerprint
        known = self._cut_off.pop(path, None)
        if known and known[0] == seen:
            reason: str | None = known[1]
        else:
            with opened(candidate.file) as file:
                reason = unfinished(file, seen.size, candidate.kind.structure)
        if reason:
            self._cut_off[path] = seen, reason
        return reason

    def _note(self, outcome: Outcome) -> None:
        path = outcome.candidate.path
        self.report.add(outcome)
        self._retry_at.pop(path, None)
        if outcome.result is Result.FAILED:
            self._retry_at[path] = self.quiet.steady() + RETRY_S
        elif outcome.result is Result.CHANGED:
            self.quiet.restart(path)
            self.waiting[path] = _AFTER_CHANGE_S

    def _abandon_vanished(self, entries: Mapping[str, Entry]) -> None:
        """Abort uploads whose file was taken away; a whole folder that is missing may come back."""
        for entry in entries.values():
            file = self.rules.folder / entry.path
            if entry.upload and file.parent.is_dir() and not os.path.lexists(file):
                key = SlideKey(self.rules.source, entry.path, entry.revision + 1)
                self._transfer(threading.Event()).abandon(entry, str(key))
