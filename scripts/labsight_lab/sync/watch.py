"""Looks until nothing is left that could be sent, or for ever."""

from labsight.errors import LabsightError, StorageUnavailable
from labsight_lab.sync.look.id_table import ListUnreadable
from labsight_lab.sync.passes import Passes

PAUSE_AFTER_ERROR_S = 60.0
_SLACK_S = 0.05  # so that a wait is over when it ends
_SHORTEST_S = 0.2  # between two looks, whatever the file system tells
# A look at a large folder takes time: it may take a twentieth of it all, a fifth after events.
_IDLE_SHARE, _BUSY_SHARE = 20, 5


def once(passes: Passes) -> None:
    """Send what is ready, and what becomes ready while young files are given their quiet period.

    A file that goes on changing is left for the next run: the wait is the longest that the first
    look asked for.
    """
    steady = passes.quiet.steady
    passes.look()
    until = steady() + max(passes.waiting.values(), default=0.0) + _SLACK_S
    while True:
        left = until - steady()
        if passes.waiting and left > 0:
            passes.attend(min(left, min(passes.waiting.values()) + _SLACK_S))
            passes.look()
        elif passes.is_busy:
            passes.finish()
        else:
            return


def for_ever(passes: Passes, interval: float) -> None:
    """Look at the folder again and again until interrupted, while what is ready is being sent.

    What is wrong at the start (credentials, bucket, rights) ends the command, so that whoever
    started it sees it; what goes wrong later is told and tried again.
    """
    started = False
    while True:
        try:
            if not started:
                passes.ask()
            passes.look()
            _attend(passes, interval)
            started = started or passes.report.sent_files > 0 or not passes.is_busy
        except LabsightError as error:
            passes.stop()
            if not (started or isinstance(error, StorageUnavailable | ListUnreadable)):
                raise
            passes.listener.troubled(error)
            passes.waiter.wait(PAUSE_AFTER_ERROR_S, heed=False)


def _attend(passes: Passes, interval: float) -> None:
    """Let what is ready be sent until it is time for another look."""
    shortest = max(_SHORTEST_S, _BUSY_SHARE * passes.look_seconds)
    pause = max(interval, _IDLE_SHARE * passes.look_seconds)
    if passes.waiting:
        pause = max(shortest, min(pause, min(passes.waiting.values()) + _SLACK_S))
    passes.attend(shortest, heed=False)
    passes.attend(pause - shortest)
