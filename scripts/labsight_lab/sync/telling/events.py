"""What a run writes into the log, for whoever looks for one file or one night years later."""

import logging
from dataclasses import dataclass, field

from labsight import __version__
from labsight.errors import LabsightError, StorageUnavailable
from labsight.keys import UNIT
from labsight_lab.sync.sending.outcome import Outcome
from labsight_lab.sync.source import written
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.kinds import Kind
from labsight_lab.sync.telling.listening import Look
from labsight_lab.sync.telling.logs import EventLog
from labsight_lab.sync.telling.report import Report
from labsight_lab.sync.telling.standing import Change

_NAMES = {
    Kind.FAILED: ("failed", logging.ERROR),
    Kind.CONFLICT: ("conflict", logging.ERROR),
    Kind.EXISTS: ("not proven", logging.WARNING),
    Kind.UNFINISHED: ("unfinished", logging.INFO),
}


@dataclass
class Events:
    """Notes events in a log."""

    log: EventLog
    _last: dict[str, int] = field(default_factory=dict)
    _notes: set[str] = field(default_factory=set)

    def began(self, target: Target, *, watch: bool) -> None:
        """Note what the run is about."""
        self.log.note(
            "run began",
            version=__version__,
            kind="watch" if watch else "once",
            folder=target.folder,
            bucket=target.bucket,
            source=target.source,
            endpoint=target.endpoint,
        )

    def over(self, report: Report, seconds: float, exit_code: int, trouble: str) -> None:
        """Note how the run ended."""
        self.log.note(
            "run ended",
            level=logging.ERROR if trouble else logging.INFO,
            exit_code=exit_code,
            slides=report.sent_slides,
            files=report.sent_files,
            bytes=report.sent_bytes,
            seconds=round(seconds, 3),
            reason=trouble or None,
        )

    def looked(self, look: Look) -> None:
        """Note a look that found something else than the one before."""
        report = look.report
        counts = {
            "begun": len(look.begun),
            "waiting": len(look.waiting),
            "unfinished": len(report.unfinished) - len(report.until),
            "failed": len(report.failed),
            "conflicts": len(report.conflicts),
            "skipped": report.skipped.by_reason.total(),
        }
        if look.begun or counts != self._last:
            self.log.note("looked", **counts)
        self._last = counts
        for note in look.notes:
            if note not in self._notes:
                self.warned(note)
        self._notes = set(look.notes)

    def warned(self, text: str) -> None:
        """Note what people should know."""
        self.log.note("note", level=logging.WARNING, reason=text)

    def sent(self, outcome: Outcome) -> None:
        """Note a file in the archive, or the ``unit.json`` that closes a unit."""
        group = outcome.group
        self.log.note(
            "unit closed" if group else "sent",
            path=f"{outcome.path}{UNIT}" if group else outcome.path,
            key=outcome.key,
            bytes=sum(seen.size for seen in group.members) if group else outcome.size,
            files=len(group.members) if group else None,
            seconds=round(outcome.seconds, 3),
            crc64=None if outcome.crc64 is None else written(outcome.crc64),
        )

    def changed(self, change: Change) -> None:
        """Note which problems are new, and which are over."""
        for problem in change.new:
            event, level = _NAMES[problem.kind]
            self.log.note(event, level=level, path=problem.path, reason=problem.reason)
        for problem, how in change.over:
            self.log.note("over", path=problem.path, was=problem.kind.value, how=how)

    def interrupted(self, outcome: Outcome) -> None:
        """Note that a file changed while it was sent; it is sent again later."""
        self.log.note("changed", path=outcome.path, reason=outcome.reason)

    def troubled(self, error: LabsightError) -> None:
        """Note what stops all files."""
        away = isinstance(error, StorageUnavailable)
        self.log.note(
            "archive away" if away else "trouble", level=logging.WARNING, reason=error.message
        )

    def answered(self, seconds: float) -> None:
        """Note that nothing stops them any more."""
        self.log.note("archive back", seconds=round(seconds, 3))
