"""Hears what happens in a run, and passes on what is news: to people, the log and the journal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from labsight.errors import LabsightError, SettingsError
from labsight_lab.sync.journal.problems import Found
from labsight_lab.sync.journal.runs import RunLog
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.telling.events import Events
from labsight_lab.sync.telling.listening import Look
from labsight_lab.sync.telling.news import News
from labsight_lab.sync.telling.report import Report
from labsight_lab.sync.telling.standing import Standing

NOTE_EVERY_S = 60.0  # in which the journal learns that the run is alive
_ANSWERS = frozenset({Result.UPLOADED, Result.EXISTS, Result.CONFLICT})


@dataclass(kw_only=True)
class Chronicle:
    """A run's listener. Each problem is news once, and once more when it is over."""

    report: Report
    standing: Standing
    news: News
    events: Events | None = None
    runs: RunLog | None = None
    clock: Callable[[], float] = time.monotonic
    _warnings: list[str] = field(default_factory=list)
    _trouble: str = ""
    _troubled_since: float = 0.0
    _noted_at: float = float("-inf")
    _noted: tuple[int, int, str] = (0, 0, "")
    _refusals: set[str] = field(default_factory=set)  # why the journal takes no notes now
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def looked(self, look: Look) -> None:
        """Tell what is new since the last look."""
        self.report.notes = (*look.notes, *self._warnings)
        change = self.standing.look(look)
        self.news.changed(change)
        self.news.noted(look.notes)
        self.news.waits(look.waiting)
        self.news.rest()
        if self.events:
            self.events.changed(change)
            self.events.looked(look)
        if not (look.is_busy or look.waiting):
            self._answered()  # nothing is left that could meet the trouble
        self._note_run(len(look.waiting))

    def warned(self, text: str) -> None:
        """Tell it once in a run."""
        if text in self._warnings:
            return
        self._warnings.append(text)
        self.report.notes = (*self.report.notes, text)
        self.news.warned(text)
        if self.events:
            self.events.warned(text)

    def ended(self, outcome: Outcome) -> None:
        """Tell what became of a file."""
        if outcome.result in _ANSWERS:
            self._answered()
        change = self.standing.end(outcome)
        if outcome.result is Result.UPLOADED:
            self.news.sent(outcome, change)
        else:
            self.news.changed(change)
        if self.events:
            if outcome.result is Result.UPLOADED:
                self.events.sent(outcome)
            elif outcome.result is Result.CHANGED:
                self.events.interrupted(outcome)
            self.events.changed(change)

    def troubled(self, error: LabsightError) -> None:
        """Tell what stops all files, once as long as it stays the same."""
        if not self._trouble:
            self._troubled_since = self.clock()
        if error.message != self._trouble:
            self._trouble = error.message
            self.news.troubled(error)
            if self.events:
                self.events.troubled(error)
        self._note_run(len(self.report.until))

    def over(self, exit_code: int, trouble: str = "") -> None:
        """Tell that the run is over."""
        self.news.rest(only_if_due=False)
        if self.events:
            self.events.over(self.report, self.clock() - self._began, exit_code, trouble)
        self._noted_at, self._trouble = float("-inf"), trouble or self._trouble
        self._note_run(len(self.report.until))
        if self.runs:
            with self._refusal_told():
                self.runs.ended(exit_code, trouble)

    def _answered(self) -> None:
        if self._trouble:
            seconds = self.clock() - self._troubled_since
            self._trouble = ""
            self.news.answered(seconds)
            if self.events:
                self.events.answered(seconds)

    def _note_run(self, waiting: int) -> None:
        """Tell the journal what has changed, and now and then that the run is alive."""
        if self.runs is None:
            return
        problems = self.standing.problems.items()
        found = {path: Found(one.kind.value, one.reason) for path, one in problems}
        now, told = self.clock(), (self.report.sent_files, waiting, self._trouble)
        if now - self._noted_at > NOTE_EVERY_S or told != self._noted or self.runs.is_news(found):
            with self._refusal_told():
                self.runs.looked(
                    files=self.report.sent_files,
                    bytes=self.report.sent_bytes,
                    trouble=self._trouble,
                    waiting=waiting,
                    problems=found,
                )
                self._noted_at, self._noted = now, told

    @contextmanager
    def _refusal_told(self) -> Iterator[None]:
        """Tell once that the journal takes no note, until it does: no work has to end for that."""
        try:
            yield
        except SettingsError as error:
            if error.message != self._trouble:
                self._refusals.add(error.message)
                self.warned(error.message)
        else:
            over, self._refusals = self._refusals, set()
            self._warnings = [text for text in self._warnings if text not in over]
            self.report.notes = tuple(text for text in self.report.notes if text not in over)
