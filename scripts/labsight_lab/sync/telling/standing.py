"""What is wrong at the moment, from look to look: what is new, and what is over."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from labsight_lab.sync.look.scan import is_there
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.telling.kinds import Kind
from labsight_lab.sync.telling.listening import Look
from labsight_lab.sync.telling.report import Report

SENT, KNOWN, SOLVED, GONE = "sent", "known", "solved", "gone"
_KINDS = {
    Result.FAILED: Kind.FAILED,
    Result.CONFLICT: Kind.CONFLICT,
    Result.EXISTS: Kind.EXISTS,
    Result.UNFINISHED: Kind.UNFINISHED,
}
_OVER = {Result.UPLOADED: SENT, Result.SAME: KNOWN}


class Problem(NamedTuple):
    """Why something is not in the archive as it should be; ``place`` is that of its group."""

    path: str
    kind: Kind
    reason: str
    place: str


@dataclass
class Change:
    """What is different now. ``over``: with how it ended: sent, known to the archive, ..."""

    new: list[Problem] = field(default_factory=list)
    over: list[tuple[Problem, str]] = field(default_factory=list)


class Standing:
    """Keeps what is wrong. What is being sent or is too young is neither new nor over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._problems: dict[str, Problem] = {}

    @property
    def problems(self) -> dict[str, Problem]:
        """All of them, by path."""
        return self._problems

    def look(self, look: Look) -> Change:
        """Return what a look changes."""
        change = Change()
        present = {one.path: one for one in _present(look.report)}
        for one in present.values():
            self._add(one, change)
        for one in [one for path, one in self._problems.items() if path not in present]:
            if one.place in look.waiting or look.is_under_way(one.place):
                continue
            del self._problems[one.path]
            here = is_there(self._folder, one.path)
            change.over.append((one, SOLVED if here else GONE))
        return change

    def end(self, outcome: Outcome) -> Change:
        """Return what the end of one file changes."""
        change = Change()
        if outcome.result in _KINDS:
            kind = _KINDS[outcome.result]
            self._add(Problem(outcome.path, kind, outcome.reason, outcome.place), change)
        elif how := _OVER.get(outcome.result):
            paths = [outcome.path]
            if outcome.path == outcome.place and outcome.path.endswith("/"):
                paths += [p for p, one in self._problems.items() if one.place == outcome.place]
            problems = [self._problems.pop(path, None) for path in dict.fromkeys(paths)]
            change.over += [(one, how) for one in problems if one is not None]
        return change

    def _add(self, problem: Problem, change: Change) -> None:
        known = self._problems.get(problem.path)
        self._problems[problem.path] = problem
        if known is None or known.kind != problem.kind:
            change.new.append(problem)


def _present(report: Report) -> Iterator[Problem]:
    """Yield what a report has now, but for what is only too young."""
    for kind, reasons in (
        (Kind.FAILED, report.failed),
        (Kind.CONFLICT, report.conflicts),
        (Kind.EXISTS, report.existing),
        (Kind.UNFINISHED, report.unfinished),
    ):
        for path, reason in reasons.items():
            if path not in report.until:
                yield Problem(path, kind, reason, report.place_of(path))
