"""`labsight verify`: holds the journal against the archive, and says what is proven."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from labsight_lab.endings import run_and_report
from labsight_lab.sync.checking import choosing
from labsight_lab.sync.checking.case import Means
from labsight_lab.sync.checking.check import check
from labsight_lab.sync.checking.choosing import Choice
from labsight_lab.sync.checking.connecting import (
    Connect,
    open_asker,
    open_journal,
    rights_told,
)
from labsight_lab.sync.checking.findings import Checked
from labsight_lab.sync.checking.progress import Counter
from labsight_lab.sync.checking.verify_report import VerifyReport
from labsight_lab.sync.journal.entries import SETTLED, Entry
from labsight_lab.sync.journal.exchange import exchange
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.scan import scan
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.progress import display_for
from labsight_lab.sync.workers import Crew
from labsight_lab.text import count, size

THREADS = 32  # a question is a wait for an answer
DEEP_THREADS = 6  # each holds some MiB, and reads a disk
_WAITING = 4  # questions prepared for each thread
_NOTED_TOGETHER = 500
_LISTEN_S = 0.2


@dataclass(frozen=True, kw_only=True)
class VerifyOptions:
    """What is to be verified.

    ``paths`` are files and folders as they were typed, none for all that was sent. ``deep`` reads
    all bytes back. With ``resend`` the next sync sends what is missing or different again.
    """

    target: Target
    paths: tuple[Path, ...] = ()
    deep: bool = False
    resend: bool = False
    as_json: bool = False


def run(options: VerifyOptions, connect: Connect = open_asker) -> int:
    """Run `labsight verify`, return its exit code; raise LabsightError for what stops all."""
    report = VerifyReport(options.target, options.deep, options.resend)
    started = time.monotonic()

    def work() -> None:
        try:
            with closing(open_journal(options.target)) as journal:
                _verify(options, journal, connect, report)
        finally:
            report.seconds = time.monotonic() - started

    return run_and_report(work, report, as_json=options.as_json)


def _verify(
    options: VerifyOptions, journal: Journal, connect: Connect, report: VerifyReport
) -> None:
    target = options.target
    if options.paths:
        choice = choosing.below(journal, target.folder, options.paths)
    else:
        choice = choosing.everything(journal)
        report.not_archived = _not_archived(target.folder, journal)
    report.unsent = choice.unknown
    display = display_for(as_json=options.as_json, task="to verify")
    if options.deep:
        display.say(
            f"reading {size(choice.size)} back from the archive ({count(choice.entries, 'object')})"
            "; AWS charges for data that leaves its network"
        )
    threads = DEEP_THREADS if options.deep else THREADS
    counter = Counter(display)
    means = Means(
        folder=target.folder,
        source=target.source,
        journal=journal,
        asker=connect(target, threads),
        deep=options.deep,
        resend=options.resend,
        moved=counter.moved,
    )
    with rights_told(target.profile), counter.shown(choice.entries, choice.size) as stop:
        for checked in _checks(means, choice, threads, stop):
            report.add(checked)
            counter.add(0 if options.deep else checked.entry.fingerprint.size, files=1)


def _checks(means: Means, choice: Choice, threads: int, stop: threading.Event) -> Iterator[Checked]:
    """Yield what is found, as it comes, and keep it in the journal."""
    crew: Crew[str, Checked | None] = Crew(
        lambda path: check(means, path), threads=threads, stop=stop
    )
    left = iter(choice.paths)
    crew.add(islice(left, threads * _WAITING))
    changes: list[tuple[Entry, Entry]] = []
    try:
        while crew.is_busy:
            for checked in crew.take(_LISTEN_S):
                crew.add(islice(left, 1))
                if checked is None:
                    continue
                if checked.becomes is not None:
                    changes.append((checked.entry, checked.becomes))
                if len(changes) >= _NOTED_TOGETHER:
                    exchange(means.journal, changes)
                    changes.clear()
                yield checked
    finally:
        crew.close()
        exchange(means.journal, changes)


def _not_archived(folder: Path, journal: Journal) -> list[str] | None:
    """Return the files that nothing is asked about; None when the folder is away."""
    if not folder.is_dir():
        return None
    known = journal.known()
    return sorted(
        seen.path
        for seen in scan(folder).files
        if (one := known.get(seen.path)) is None
        or one.state not in SETTLED
        or (one.size, one.mtime_ns) != (seen.size, seen.mtime_ns)
    )
