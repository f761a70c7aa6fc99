"""`labsight clean`: removes local files that are proven, in this run, to be in the archive."""

import sys
import time
from contextlib import closing
from dataclasses import dataclass

from labsight.errors import InvalidInput
from labsight_lab.endings import run_and_report
from labsight_lab.sync.checking import lots
from labsight_lab.sync.checking.case import Means
from labsight_lab.sync.checking.clean_report import CleanReport
from labsight_lab.sync.checking.connecting import (
    Connect,
    open_asker,
    open_journal,
    rights_told,
)
from labsight_lab.sync.checking.lots import Lot
from labsight_lab.sync.checking.progress import Counter
from labsight_lab.sync.checking.proof import NotProven, Proof, prove
from labsight_lab.sync.checking.record import Record, place_beside
from labsight_lab.sync.checking.removing import Remover, settle
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.scan import Problem
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.progress import display_for
from labsight_lab.sync.workers import in_parallel

CONNECTIONS = 32
_AT_A_TIME = 4  # lots whose files are read: a disk is not faster with more


@dataclass(frozen=True, kw_only=True)
class CleanOptions:
    """What may go: what was sent ``older_than`` seconds ago or more, and not changed since.

    ``yes`` does not ask, ``dry_run`` removes nothing.
    """

    target: Target
    older_than: float
    yes: bool = False
    dry_run: bool = False
    as_json: bool = False


def run(options: CleanOptions, connect: Connect = open_asker) -> int:
    """Run `labsight clean`, return its exit code; raise LabsightError for what stops all."""
    target = options.target
    if not (options.yes or options.dry_run or sys.stdin.isatty()):
        raise InvalidInput(
            "nobody can be asked whether files may be removed, this is no terminal: see what would "
            "go with --dry-run, then remove it with --yes"
        )
    if not target.folder.is_dir():
        raise InvalidInput(f"{target.folder} is not a folder, or is away")
    place = place_beside(target.journal_file)
    report = CleanReport(target, options.older_than, place, dry_run=options.dry_run)

    def work() -> None:
        with closing(open_journal(target)) as journal, rights_told(target.profile):
            _clean(options, journal, connect, report)

    return run_and_report(work, report, as_json=options.as_json)


def _clean(options: CleanOptions, journal: Journal, connect: Connect, report: CleanReport) -> None:
    target = options.target
    counter = Counter(display_for(as_json=options.as_json, task="to verify"))
    means = Means(
        folder=target.folder,
        source=target.source,
        journal=journal,
        asker=connect(target, CONNECTIONS),
        moved=counter.moved,
    )
    if options.dry_run:
        _prove_all(means, options, counter, report)
        _tell_offer(options, report)
        return
    with Record(journal.path) as record:
        settle(record, journal, target.folder)
        proofs = _prove_all(means, options, counter, report)
        _tell_offer(options, report)
        if not proofs or not (options.yes or _may_remove()):
            report.declined = bool(proofs)
            return
        try:
            _remove_all(Remover(means=means, record=record), proofs, report)
        except KeyboardInterrupt:
            settle(record, journal, target.folder)
            raise


def _prove_all(
    means: Means, options: CleanOptions, counter: Counter, report: CleanReport
) -> list[Proof]:
    """Prove what is old enough, and put into the report what of it may go and what may not."""
    found = lots.find(means.journal, means.folder, time.time() - options.older_than)
    report.kept = found.kept

    def attempt(lot: Lot) -> tuple[Lot, Proof | NotProven]:
        try:
            return lot, prove(means, lot)
        except NotProven as reason:
            return lot, reason
        finally:
            counter.add(lot.size, files=len(lot.files))

    proofs = []
    files = sum(len(lot.files) for lot in found.found)
    size = sum(lot.size for lot in found.found)
    with counter.shown(files, size) as stop:
        for lot, result in in_parallel(found.found, attempt, threads=_AT_A_TIME, stop=stop):
            if isinstance(result, Proof):
                proofs.append(result)
            else:
                report.stay.append(Problem(lot.place, result.told_of(lot.place)))
    proofs.sort(key=lambda proof: proof.lot.place)
    report.stay.sort()
    report.proven = [proof.lot for proof in proofs]
    return proofs


def _tell_offer(options: CleanOptions, report: CleanReport) -> None:
    asks = not (options.yes or options.dry_run)
    if asks or not options.as_json:
        out = sys.stderr if options.as_json else sys.stdout  # nobody agrees to what is not shown
        out.write(report.offer() + "\n")
        out.flush()


def _may_remove() -> bool:
    sys.stderr.write("remove these from the folder? The archive keeps them. [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _remove_all(remover: Remover, proofs: list[Proof], report: CleanReport) -> None:
    for proof in proofs:
        try:
            for seen in remover.remove(proof):
                report.note_removed(seen)
        except NotProven as reason:
            report.stay.append(Problem(proof.lot.place, reason.told_of(proof.lot.place)))
