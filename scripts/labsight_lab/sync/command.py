"""The options of `labsight sync`, checked and wired to the parts that do the work."""

import json
import os
import re
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import InvalidInput, LabsightError, SettingsError, exit_code
from labsight.keys import SlideKey
from labsight_lab.config import state_dir
from labsight_lab.sync import watch
from labsight_lab.sync.journal.journal import Identity, Journal
from labsight_lab.sync.look.quiet import TRUSTED_AGE_S, QuietWatch
from labsight_lab.sync.passes import Passes, Rules
from labsight_lab.sync.sending.archive import Archive
from labsight_lab.sync.telling.progress import Display, Meter, display_for
from labsight_lab.sync.telling.report import Report
from labsight_lab.text import shown

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class SyncOptions:
    """What was asked for on the command line."""

    folder: Path
    bucket: str
    source: str
    watch: bool = False
    interval: float = 5.0
    dry_run: bool = False
    as_json: bool = False
    journal: Path | None = None
    quiet_period: float | None = None
    include: tuple[str, ...] = ()
    send_incomplete: bool = False
    threads: int = 4
    profile: str | None = None
    endpoint: str | None = None


def sync(options: SyncOptions) -> int:
    """Run `labsight sync`, return its exit code; raise LabsightError for what stops all files."""
    folder = _checked_folder(options.folder)
    _check_names(options)
    display = display_for(as_json=options.as_json)
    report = Report(folder, options.bucket, options.source, dry_run=options.dry_run)
    started = time.monotonic()
    failure: LabsightError | None = None
    try:
        _run(options, folder, display, report)
    except KeyboardInterrupt:
        report.interrupted = True
    except LabsightError as error:
        failure = error
    report.seconds = time.monotonic() - started
    code = exit_code(failure) if failure else report.exit_code
    if options.as_json:
        told = report.document() | {
            "error": failure.message if failure else None,
            "exit_code": code,
        }
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    elif failure is None or report.uploaded:
        sys.stdout.write(report.summary() + "\n")
    sys.stdout.flush()
    if failure is not None:
        raise failure
    return code


def _run(options: SyncOptions, folder: Path, display: Display, report: Report) -> None:
    journal = _open_journal(options, folder)
    passes = Passes(
        rules=Rules(
            folder=folder,
            source=options.source,
            include=options.include,
            send_incomplete=options.send_incomplete,
            threads=options.threads,
        ),
        journal=journal,
        connect=lambda: _connect(options),
        quiet=QuietWatch(
            wall=time.time,
            steady=time.monotonic,
            period=options.quiet_period,
            # A plan that is a little early does no harm; a file that is sent too early does.
            trusted_age=0 if options.dry_run else TRUSTED_AGE_S,
        ),
        meter=Meter(display),
        report=report,
    )
    if journal is None:
        passes.preview()
        return
    with closing(journal):
        if options.dry_run:
            passes.preview()
            return
        journal.lock()
        if journal.moved_from:
            sys.stderr.write(
                f"labsight: journal {journal.path} was kept for {shown(journal.moved_from)}; it is "
                f"that of {shown(str(folder))} from now on\n"
            )
        if options.watch:
            display.say(f"watching {folder}; stop with Ctrl-C")
            watch.for_ever(passes, display.say, options.interval)
        else:
            watch.once(passes)


def _checked_folder(folder: Path) -> Path:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise InvalidInput(f"{folder} {what}; give the folder that the scanner writes to")
    return folder.resolve()


def _check_names(options: SyncOptions) -> None:
    SlideKey(options.source, "any.svs")  # raises for a source that no key can have
    bucket = options.bucket
    if not _BUCKET.fullmatch(bucket):
        raise InvalidInput(
            f"--bucket {bucket!r}: give the name of a bucket alone, as the stack's output "
            "archive_bucket tells it (lower-case letters, digits, hyphens and dots)"
        )


def _open_journal(options: SyncOptions, folder: Path) -> Journal | None:
    """Open the folder's journal; a dry run writes none where there is none."""
    identity = Identity(
        folder=folder,
        bucket=options.bucket,
        source=options.source,
        endpoint=_endpoint(options) or "",
    )
    path = options.journal or state_dir() / "sync" / identity.file_name()
    if options.dry_run and not path.exists():
        return None
    return Journal(path, identity)


def _connect(options: SyncOptions) -> Archive:
    try:
        from labsight_lab.sync.sending.s3 import connect  # noqa: PLC0415 - the lab extra loads only here
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"boto3", "botocore"}:
            raise
        raise SettingsError(
            "labsight sync needs boto3, which is not installed: install labsight's wheel with [lab]"
        ) from error
    return connect(
        options.bucket,
        profile=options.profile,
        endpoint=_endpoint(options),
        connections=options.threads,
    )


def _endpoint(options: SyncOptions) -> str | None:
    """Return where S3 is when it is not AWS: another place is another archive and journal."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    return options.endpoint or next((os.environ[n] for n in names if os.environ.get(n)), None)
