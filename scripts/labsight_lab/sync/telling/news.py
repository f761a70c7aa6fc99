"""What a run tells people while it goes on, in lines."""

import time
from collections.abc import Callable, Mapping, Sequence

from labsight.errors import LabsightError
from labsight_lab.sync.sending.outcome import Outcome
from labsight_lab.sync.telling import naming, standing
from labsight_lab.sync.telling.kinds import TITLES, Kind
from labsight_lab.sync.telling.repeats import Repeats
from labsight_lab.sync.telling.standing import Change, Problem
from labsight_lab.sync.telling.sums import Sums
from labsight_lab.text import count, duration, shown

_ENDS = {
    standing.SENT: "sent now",
    standing.KNOWN: "the archive has it as it is now",
    standing.SOLVED: "solved",
    standing.GONE: "not there any more",
}


class News:
    """Says what matters, once.

    ``names_problems``: at once and when they are over, as a watch has to; a run that ends lists
    them then.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        sums: Sums,
        *,
        names_problems: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._sums, self._names_problems = say, sums, names_problems
        self._problems = Repeats(say, clock)
        self._notes: set[str] = set()
        self._has_waited = False

    def waits(self, waiting: Mapping[str, float]) -> None:
        """Tell once why a run that is to end does not yet; by place the seconds to wait."""
        if waiting and not self._names_problems and not self._has_waited:
            self._has_waited = True
            number = len(waiting)
            was, it_is = ("was", "it is") if number == 1 else ("were", "they are")
            self._say(
                f"{count(number, 'slide')} {was} changed a moment ago: waiting "
                f"{duration(max(waiting.values()))} to see whether {it_is} finished"
            )

    def sent(self, outcome: Outcome, change: Change) -> None:
        """Tell that a file or unit is in the archive; parts of a unit are not told one by one."""
        if self._names_problems and change.over:
            self.changed(change)
        elif outcome.path == outcome.place and (news := _unusual(outcome)):
            self._problems.add(outcome.path, news)
        elif outcome.path == outcome.place:
            group = outcome.group
            name = naming.told(group) if group else shown(outcome.path)
            size = sum(seen.size for seen in group.members) if group else outcome.size
            self._sums.sent(name, size, None if group else outcome.seconds)

    def changed(self, change: Change) -> None:
        """Tell which problems are new, and which are over."""
        if not self._names_problems:
            return
        for problem in change.new:
            self._problems.add(problem.path, problem.reason, TITLES[problem.kind])
        for problem, how in change.over:
            self._problems.add(problem.path, _end(problem, how))

    def noted(self, notes: Sequence[str]) -> None:
        """Tell what is to be known of the lists beside the data."""
        for note in notes:
            if self._names_problems and note not in self._notes:
                self._say(f"note: {shown(note)}")
        self._notes = set(notes)

    def warned(self, text: str) -> None:
        """Tell at once what the end of a run tells again."""
        if self._names_problems:
            self._say(f"note: {shown(text)}")

    def troubled(self, error: LabsightError) -> None:
        """Tell what stops all files."""
        self._say(f"{shown(error.message)} (tried again every minute, it goes on by itself)")

    def answered(self, seconds: float) -> None:
        """Tell that nothing stops them any more."""
        self._say(f"it goes on after {duration(seconds)}")

    def rest(self, *, only_if_due: bool = True) -> None:
        """Tell what was sent, or has gone wrong, and was not told yet."""
        self._sums.flush(only_if_due=only_if_due)
        self._problems.flush(only_if_due=only_if_due)


def _unusual(outcome: Outcome) -> str:
    """Return what people should know of a file that was sent, if anything."""
    if outcome.is_incomplete:
        return "sent though it is not whole, and marked so"
    if outcome.revision > 1:
        return f"sent as revision {outcome.revision}; the archive keeps the one before, too"
    return ""


def _end(problem: Problem, how: str) -> str:
    if how == standing.SENT and problem.kind is Kind.UNFINISHED:
        return "complete now, sent"
    return _ENDS[how]
