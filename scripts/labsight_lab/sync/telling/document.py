"""What a run did, as JSON takes it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from labsight_lab.sync.telling.journal_facts import Amount
from labsight_lab.sync.telling.kinds import Kind
from labsight_lab.sync.telling.known_problems import KnownProblems
from labsight_lab.sync.telling.report import Report, Sent, Slide
from labsight_lab.text import shown


def document(report: Report) -> dict[str, Any]:
    """Return all of a report; its fields are listed in docs/sync-reports.md."""
    skipped = report.skipped
    return {
        "folder": shown(str(report.folder)),
        "bucket": report.bucket,
        "source": report.source,
        "dry_run": report.dry_run,
        "uploaded": _sent(report.uploaded),
        "units": _slides(report.units),
        "planned": _sent(report.planned),
        "planned_slides": _slides(report.slides),
        "existing": _reasons(report.existing),
        "unfinished": [
            {"path": shown(path), "reason": shown(reason), "until": moment(report.until.get(path))}
            for path, reason in report.unfinished.items()
        ],
        "failed": _reasons(report.failed),
        "conflicts": _reasons(report.conflicts),
        "lost": _reasons(report.lost),
        "notes": list(map(shown, report.notes)),
        "unchanged": report.unchanged,
        "skipped": {
            "count": skipped.by_reason.total(),
            "by_reason": dict(skipped.by_reason),
            "files": _reasons({problem.path: problem.reason for problem in skipped.names}),
        },
        "slides": report.sent_slides + len(report.slides),
        "files": report.sent_files + len(report.planned),
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "log": None if report.log is None else shown(str(report.log)),
        "interrupted": report.interrupted,
        "exit_code": report.exit_code,
    }


def moment(seconds: float | None) -> str | None:
    """Write a time (seconds since 1970) as ISO 8601 with the offset of this machine's clock."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def amount_document(amount: Amount) -> dict[str, int]:
    """Return so many slides, files and bytes."""
    return {"slides": amount.slides, "files": amount.files, "bytes": amount.size}


def problems_document(problems: KnownProblems) -> dict[str, list[dict[str, str | None]]]:
    """Return what is wrong, by its kind."""
    return {
        kind.value: [
            {"path": shown(one.path), "reason": one.reason, "since": moment(one.since)}
            for one in problems.by_kind.get(kind, ())
        ]
        for kind in Kind
    }


def _sent(files: Iterable[Sent]) -> list[dict[str, Any]]:
    return [{"path": shown(s.path), "key": s.key, "bytes": s.size} for s in files]


def _slides(slides: Iterable[Slide]) -> list[dict[str, Any]]:
    return [
        {"name": s.name, "key": s.key, "kind": s.kind, "files": s.files, "bytes": s.size}
        for s in slides
    ]


def _reasons(reasons: dict[str, str]) -> list[dict[str, str]]:
    return [{"path": shown(path), "reason": shown(reason)} for path, reason in reasons.items()]
