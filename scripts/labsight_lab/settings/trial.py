"""Does everything work with these settings? Asked without a change to anything, anywhere."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from labsight.errors import LabsightError, StorageUnavailable
from labsight.keys import SLIDES
from labsight.objects import s3_address, s3_environment
from labsight.objects.connections import Connections
from labsight.objects.http1 import Answer
from labsight.objects.http_dates import parse_date
from labsight_lab.sync import command
from labsight_lab.sync.options import SyncOptions
from labsight_lab.sync.sending import credentials, s3
from labsight_lab.sync.sending.archive import Archive, Denied
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.report import Report
from labsight_lab.sync.telling.summary import slides
from labsight_lab.text import count, duration, size

_TOLD_SKEW_S = 60.0
_LARGEST_ANSWER = 1 << 16
_TEMPORARY = "ASIA"  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_THERE = (200, 403)  # what S3 says of a bucket that exists to somebody it does not know


@dataclass(frozen=True)
class Finding:
    """What one question found."""

    about: str
    said: str
    works: bool = True

    @property
    def mark(self) -> str:
        """Return a word for a terminal of any encoding."""
        return "ok" if self.works else "NO"


def findings(
    options: SyncOptions,
    preview: Callable[[SyncOptions], Report] = command.preview,
    connect: Callable[[Target], Archive] | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[Finding]:
    """Yield what was found, one question after the other."""
    target = options.target
    yield _folder(options, preview)
    who, region = _who(target)
    yield who
    yield from _bucket(target, region, clock)
    if who.works:
        yield _rights(target, connect or _connected)


def _folder(options: SyncOptions, preview: Callable[[SyncOptions], Report]) -> Finding:
    try:
        report = preview(options)
    except LabsightError as error:
        return Finding("folder", error.message, works=False)
    return Finding("folder", f"{options.target.folder}: {_inside(report)}")


def _inside(report: Report) -> str:
    """Tell what a sync would find: what it sends, and what it leaves for which reason."""
    young = len(report.until)
    cut_off = len(report.unfinished) - young
    bad = len(report.failed) + len(report.conflicts) + len(report.existing)
    skipped = report.skipped.by_reason.total()
    told = "holds no slide yet"
    if report.slides or report.unchanged or report.unfinished or bad:
        planned = slides(len(report.slides), len(report.planned))
        told = f"a sync would send {planned}, {size(report.bytes)}"
    for number, what in (
        (report.unchanged, f"{count(report.unchanged, 'file')} sent already"),
        (young, f"{count(young, 'slide')} changed a moment ago, and left until it stays as it is"),
        (cut_off, f"{count(cut_off, 'slide')} not finished: cut off, or open in another program"),
        (bad, f"{count(bad, 'file')} in need of a look"),
        (skipped, f"{count(skipped, 'file')} skipped"),
    ):
        if number:
            told += f"; {what}"
    return f"{told}. `labsight sync --dry-run` names them" if cut_off or bad else told


def _who(target: Target) -> tuple[Finding, str]:
    """Tell whose credentials are used, and return the region they are for."""
    try:
        identity = credentials.find(target.profile, target.region)
        used = identity.credentials.current()
    except LabsightError as error:
        region = target.region or s3_environment.region() or s3_address.USUAL_REGION
        return Finding("credentials", error.message, works=False), region
    told = _origin(target)
    if used is not None:
        kind = "temporary" if used.key_id.startswith(_TEMPORARY) else "long-lived"
        told += f"; {kind}, access key ...{used.key_id[-4:]}"
    return Finding("credentials", told), identity.region


def _origin(target: Target) -> str:
    profile = target.profile or os.environ.get("AWS_PROFILE")
    if profile:
        return f"profile {profile!r}"
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return "the environment (AWS_ACCESS_KEY_ID)"
    return "this computer's usual ones (the default profile or the machine's role)"


def _bucket(target: Target, region: str, clock: Callable[[], float]) -> Iterator[Finding]:
    """Ask, as nobody in particular, whether the bucket is there; the answer tells the time, too."""
    try:
        origin, path = s3_address.of_bucket(target.bucket, region, target.endpoint)
        request = f"HEAD {path or '/'} HTTP/1.1\r\nhost: {origin.authority}\r\n\r\n"
        begun = clock()
        answer = Connections(origin).exchange(request.encode(), _LARGEST_ANSWER, bodiless=True)
        here = (begun + clock()) / 2
    except LabsightError as error:
        yield Finding("bucket", error.message, works=False)
    except OSError as error:
        told = (
            f"{origin.scheme}://{origin.authority} cannot be reached ({error}); check the network"
        )
        yield Finding("bucket", told, works=False)
    else:
        yield place(target.bucket, region, answer)
        yield from _time(answer, here)


def place(bucket: str, region: str, answer: Answer) -> Finding:
    """Read what S3 answers to a HEAD of a bucket by somebody it does not know."""
    where = answer.headers.get("x-amz-bucket-region", region)
    if where != region:
        told = f"{bucket} lies in {where}, not in {region}: better set archive.region to that"
        return Finding("bucket", told)
    if answer.status in _THERE:
        return Finding("bucket", f"{bucket} is there, in {where}")
    told = f"there is no {bucket}; the name is the stack's output archive_bucket"
    if answer.status != 404:
        told = f"{bucket}: the archive answers {answer.status}"
    return Finding("bucket", told, works=False)


def _time(answer: Answer, here: float) -> Iterator[Finding]:
    try:
        skew = here - parse_date(answer.headers.get("date", "")).timestamp()
    except StorageUnavailable:
        return
    told = "agrees with that of the archive"
    if abs(skew) > _TOLD_SKEW_S:
        side = "ahead of" if skew > 0 else "behind"
        told = f"{duration(abs(skew))} {side} that of the archive: better set it"
    yield Finding("clock", told)


def _rights(target: Target, connect: Callable[[Target], Archive]) -> Finding:
    """Ask for something harmless in the credentials' name: what is open under the source."""
    prefix = f"{SLIDES}{target.source}/"
    try:
        connect(target).open_uploads(prefix)
    except Denied:
        told = (
            "the archive knows these credentials. They may not list open uploads, so a large file "
            "that was interrupted begins anew; whether they may send, the first slide tells"
        )
        return Finding("rights", told)
    except LabsightError as error:
        return Finding("rights", error.message, works=False)
    return Finding("rights", f"the archive takes these credentials for {prefix}")


def _connected(target: Target) -> Archive:
    return s3.connect(
        target.bucket,
        profile=target.profile,
        region=target.region,
        endpoint=target.endpoint,
        connections=1,
    )
