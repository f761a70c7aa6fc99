"""Passes until nothing is left that could be sent, or for ever."""

import time
from collections.abc import Callable

from labsight.errors import LabsightError, StorageUnavailable
from labsight_lab.sync.passes import Passes
from labsight_lab.text import shown

PAUSE_AFTER_ERROR_S = 60.0
_SLACK_S = 0.05  # so that a wait is over when it ends

Sleep = Callable[[float], None]


def once(passes: Passes, sleep: Sleep = time.sleep) -> None:
    """Send what is ready, and what becomes ready while young files are given their quiet period.

    A file that goes on changing is left for the next run: the wait is the longest that the first
    look asked for.
    """
    passes.send()
    steady = passes.quiet.steady
    until = steady() + max(passes.waiting.values(), default=0.0) + _SLACK_S
    while passes.waiting and (left := until - steady()) > 0:
        sleep(min(left, min(passes.waiting.values()) + _SLACK_S))
        passes.send()


def for_ever(
    passes: Passes, say: Callable[[str], None], interval: float, sleep: Sleep = time.sleep
) -> None:
    """Look at the folder again and again until interrupted.

    What is wrong at the start (credentials, bucket) or at the first look (rights) ends the
    command, so that whoever started it sees it; what goes wrong later is told and tried again.
    """
    told: set[tuple[str, str]] = set()
    started = False
    while True:
        pause = interval
        try:
            if not started:
                passes.ask()
            passes.send()
            started = True
        except LabsightError as error:
            if not (started or isinstance(error, StorageUnavailable)):
                raise
            say(f"{error.message} (next try in {PAUSE_AFTER_ERROR_S:.0f} s)")
            pause = PAUSE_AFTER_ERROR_S
        _tell_news(passes, say, told)
        sleep(pause)


def _tell_news(passes: Passes, say: Callable[[str], None], told: set[tuple[str, str]]) -> None:
    """Name each problem once, and again when it is back after it was gone."""
    report = passes.report
    present: dict[tuple[str, str], str] = {}
    for title, reasons in (
        ("failed", report.failed),
        ("conflict", report.conflicts),
        ("not proven to be in the archive", report.existing),
        ("not finished", report.unfinished),
    ):
        present.update({(title, path): reason for path, reason in reasons.items()})
    for (title, path), reason in present.items():
        if (title, path) not in told:
            say(f"{title}: {shown(path)}: {reason}")
    told.clear()
    told.update(present)
