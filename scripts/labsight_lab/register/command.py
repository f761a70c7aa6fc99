"""`labsight register`: asks the catalog to take up what is in the archive, or to do so again."""

import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import LabsightError, SettingsError
from labsight.objects import ObjectStore
from labsight.slides.import_queue import ImportQueue
from labsight_lab.endings import run_and_report
from labsight_lab.register.asked import Lab, asked
from labsight_lab.register.asking import CONNECTIONS, open_queue, register
from labsight_lab.register.items import Item
from labsight_lab.register.looking import Looker
from labsight_lab.register.report import RegisterReport
from labsight_lab.register.scope import resolved
from labsight_lab.sync.checking.connecting import open_store
from labsight_lab.sync.look.scan import Problem
from labsight_lab.sync.workers import in_parallel


@dataclass(frozen=True, kw_only=True)
class RegisterOptions:
    """What is to be registered: keys of ``bucket``, or files and folders in ``folder``.

    ``source`` and ``journal`` are the folder's. ``endpoint`` is that of S3 alone. ``dry_run`` only
    tells what would be done.
    """

    bucket: str
    queue_url: str
    things: tuple[str, ...]
    folder: Path | None = None
    source: str | None = None
    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None
    journal: Path | None = None
    dry_run: bool = False
    as_json: bool = False


@dataclass(frozen=True)
class Means:
    """How archive and queue are reached."""

    store: Callable[[RegisterOptions], ObjectStore]
    queue: Callable[[RegisterOptions], ImportQueue]


def _store(options: RegisterOptions) -> ObjectStore:
    return open_store(
        options.bucket,
        profile=options.profile,
        region=options.region,
        endpoint=options.endpoint,
    )


def _queue(options: RegisterOptions) -> ImportQueue:
    return open_queue(options.queue_url, profile=options.profile, region=options.region)


AWS = Means(_store, _queue)


def run(options: RegisterOptions, means: Means = AWS) -> int:
    """Run `labsight register`, return its exit code; raise LabsightError for what stops all."""
    report = RegisterReport(options.bucket, options.queue_url, options.dry_run)
    return run_and_report(lambda: _run(options, means, report), report, as_json=options.as_json)


def _run(options: RegisterOptions, means: Means, report: RegisterReport) -> None:
    lab = Lab(
        bucket=options.bucket,
        folder=options.folder,
        source=options.source,
        endpoint=options.endpoint,
        journal=options.journal,
    )
    wanted = asked(options.things, lab)
    store = means.store(options)
    looker = Looker(store)
    for one in wanted:
        items = resolved(looker, one.key)
        if items is None:
            report.unknown.append(one.typed if one.typed == one.key else f"{one.typed} ({one.key})")
        else:
            report.add(items)
    plan = report.plan()
    if plan and not options.as_json:
        sys.stdout.write(plan + "\n")
        sys.stdout.flush()
    if report.slides and not options.dry_run:
        _ask(report, store, means.queue(options))


def _ask(report: RegisterReport, store: ObjectStore, queue: ImportQueue) -> None:
    def one(item: Item) -> tuple[Item, str]:
        try:
            register(item, store, queue)
        except SettingsError:
            raise
        except LabsightError as error:
            return item, error.message
        return item, ""

    work = in_parallel(report.slides.values(), one, threads=CONNECTIONS, stop=threading.Event())
    with closing(work) as answers:
        for item, trouble in answers:
            if trouble:
                report.failed.append(Problem(item.key, trouble))
            else:
                report.registered.append(item)
