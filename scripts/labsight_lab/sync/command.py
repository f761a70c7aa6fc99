"""`labsight sync`: its parts wired together as the options ask, and the end of it told."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial

from labsight.errors import InvalidInput, LabsightError, exit_code
from labsight_lab.endings import run_and_report
from labsight_lab.sync import watch
from labsight_lab.sync.hints import Hints, Pause
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.runs import RunLog
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.names import check_patterns
from labsight_lab.sync.look.quiet import TRUSTED_AGE_S, QuietWatch
from labsight_lab.sync.options import SyncOptions
from labsight_lab.sync.passes import Passes
from labsight_lab.sync.rules import Rules
from labsight_lab.sync.sending.archive import Archive, Unreachable
from labsight_lab.sync.telling import out
from labsight_lab.sync.telling.ending import ToldReport
from labsight_lab.sync.telling.known_problems import lost
from labsight_lab.sync.telling.listening import Listener, Nobody
from labsight_lab.sync.telling.meter import Meter
from labsight_lab.sync.telling.progress import Display, Silent, display_for
from labsight_lab.sync.telling.report import Report
from labsight_lab.sync.telling.wiring import chronicle
from labsight_lab.text import shown


def sync(options: SyncOptions) -> int:
    """Run `labsight sync`, return its exit code; raise LabsightError for what stops all files."""
    target = options.target
    _check_folder(options)
    display = display_for(as_json=options.as_json)
    report = ToldReport(
        target.folder, target.bucket, target.source, dry_run=options.dry_run, limit=options.limit
    )
    started = time.monotonic()

    def run() -> None:
        try:
            _run(options, display, report)
        except Unreachable as error:
            told = f"{error.message}; run the same command again and it goes on where it was"
            raise Unreachable(told) from error
        finally:
            report.seconds = time.monotonic() - started

    return run_and_report(run, report, as_json=options.as_json)


def preview(options: SyncOptions) -> Report:
    """Return what a run would send, without sending it; raise LabsightError."""
    target = options.target
    _check_folder(options)
    report = Report(target.folder, target.bucket, target.source, dry_run=True)
    _run(replace(options, dry_run=True), Silent(), report)
    return report


def _run(options: SyncOptions, display: Display, report: Report) -> None:
    journal = _open_journal(options)
    if journal is None:
        _passes(options, display, report, None).preview()
        return
    with closing(journal):
        if options.dry_run:
            _passes(options, display, report, journal).preview()
            return
        journal.lock()
        if journal.moved_from:
            say = out.warn if options.as_json else display.say
            say(
                f"journal {journal.path} was kept for {shown(journal.moved_from)}; it is that of "
                f"{shown(str(options.target.folder))} from now on"
            )
        target, watches = options.target, options.watch
        with chronicle(target, report, journal, display.say, watch=watches) as listener:
            passes = _passes(options, display, report, journal, listener)
            try:
                _look(options, display, passes)
            except LabsightError as error:
                listener.over(exit_code(error), error.message)
                raise
            report.lost = lost(journal)
            listener.over(report.exit_code)


def _look(options: SyncOptions, display: Display, passes: Passes) -> None:
    try:
        if options.watch:
            display.say(f"watching {options.target.folder}; stop with Ctrl-C")
            watch.for_ever(passes, options.rescan)
        else:
            watch.once(passes)
    except KeyboardInterrupt:
        passes.report.interrupted = True
    finally:
        passes.stop()


def _passes(
    options: SyncOptions,
    display: Display,
    report: Report,
    journal: Journal | None,
    listener: Listener | None = None,
) -> Passes:
    target = options.target
    return Passes(
        rules=Rules(
            folder=target.folder,
            source=target.source,
            include=check_patterns(options.include),
            exclude=check_patterns(options.exclude),
            send_incomplete=options.send_incomplete,
            incomplete_after=options.incomplete_after,
            connections=options.connections,
            memory=options.memory,
        ),
        journal=journal,
        connect=partial(_connect, options),
        ids=Ids(options.ids_pattern, options.ids_table, options.ids_columns),
        quiet=QuietWatch(
            wall=time.time,
            steady=time.monotonic,
            period=options.quiet_period,
            # A plan that is a little early does no harm; a file that is sent too early does.
            trusted_age=0 if options.dry_run else TRUSTED_AGE_S,
        ),
        meter=Meter(display),
        report=report,
        waiter=(Hints(target.folder, display.say) if options.watch and options.events else Pause()),
        listener=listener or Nobody(),
    )


def _check_folder(options: SyncOptions) -> None:
    target, folder = options.target, options.target.folder
    try:
        if folder.is_dir():
            return
        what = "is not a folder" if folder.exists() else "does not exist"
    except OSError as away:  # a share
        what = f"cannot be reached ({away.strerror or away})"
    place = f"{options.folder_setting}: " if options.folder_setting else ""
    error = InvalidInput(f"{place}{folder} {what}; give the folder that the scanner writes to")
    if target.journal_file.exists():  # it was there before: `labsight status` should tell
        with closing(Journal(target.journal_file, target.identity)) as journal:
            RunLog(journal).ended(exit_code(error), error.message)
    raise error


def _open_journal(options: SyncOptions) -> Journal | None:
    """Open the folder's journal; a dry run writes none where there is none."""
    target = options.target
    if options.dry_run and not target.journal_file.exists():
        return None
    return Journal(target.journal_file, target.identity)


def _connect(
    options: SyncOptions, tick: Callable[[], None], warn: Callable[[str], None]
) -> Archive:
    """Return the archive. ``tick`` is called while the bandwidth limit makes the sending wait."""
    from labsight_lab.sync.sending import timetable  # noqa: PLC0415 - only when something is sent
    from labsight_lab.sync.sending.limits import Limiter  # noqa: PLC0415
    from labsight_lab.sync.sending.s3 import connect  # noqa: PLC0415

    target = options.target
    limiter = Limiter(timetable.parse(options.limit), tick) if options.limit else None
    return connect(
        target.bucket,
        profile=target.profile,
        region=target.region,
        endpoint=target.endpoint,
        connections=options.connections,
        limiter=limiter,
        tell=warn,
    )
