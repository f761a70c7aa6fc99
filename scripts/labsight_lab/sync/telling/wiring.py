"""A run's listener, put together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labsight_lab.config import state_dir
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.runs import RunLog
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.chronicle import Chronicle
from labsight_lab.sync.telling.events import Events
from labsight_lab.sync.telling.logs import open_log
from labsight_lab.sync.telling.news import News
from labsight_lab.sync.telling.places import log_place
from labsight_lab.sync.telling.report import Report
from labsight_lab.sync.telling.standing import Standing
from labsight_lab.sync.telling.sums import Sums


@contextmanager
def chronicle(
    target: Target, report: Report, journal: Journal, say: Callable[[str], None], *, watch: bool
) -> Iterator[Chronicle]:
    """Yield the listener of a run that begins now; ``say`` writes a line for people."""
    place = log_place(target, state_dir())
    log = open_log(place.parent, place.stem)
    events = Events(log)
    report.log = place
    try:
        events.began(target, watch=watch)
        yield Chronicle(
            report=report,
            standing=Standing(target.folder),
            news=News(say, Sums(say), names_problems=watch),
            events=events,
            runs=RunLog(journal),
        )
    finally:
        log.close()
