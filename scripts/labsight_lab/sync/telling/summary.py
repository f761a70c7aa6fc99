"""What a run did, as people read it when it ends."""

from collections.abc import Iterable
from datetime import datetime

from labsight_lab.sync.telling.forecast import at_limit
from labsight_lab.sync.telling.kinds import ADVICE, TITLES, Kind
from labsight_lab.sync.telling.listing import Told, listing
from labsight_lab.sync.telling.out import wrapped
from labsight_lab.sync.telling.plan_table import table
from labsight_lab.sync.telling.report import Report
from labsight_lab.text import count, duration, shown, size

_NAMED = 5  # skipped files named; the JSON document names more
_MOST = 1000  # of one kind that are listed


def summary(report: Report, wide: int | None = None) -> str:
    """Return what a run did, what it left and why, and what to do; of a dry run what it would do.

    Lines fit into a terminal that is ``wide`` characters wide, if one is.
    """
    lines = table(report, wide) + wrapped(_headline(report), wide)
    young = [
        (path, f"{why}; at the earliest at {_clock(report.until[path])}")
        for path, why in report.unfinished.items()
        if path in report.until
    ]
    unfinished = [one for one in report.unfinished.items() if one[0] not in report.until]
    lines += listed("still being written, left for the next run", young, wide)
    lines += listed("not finished, left for the next run", unfinished, wide)
    for kind, reasons, more in (
        (Kind.LOST, report.lost, ""),
        (Kind.EXISTS, report.existing, ""),
        (Kind.FAILED, report.failed, ""),
        (Kind.CONFLICT, report.conflicts, ", nothing was overwritten"),
    ):
        lines += listed(f"{TITLES[kind]}{more}", reasons.items(), wide)
        if reasons and not report.dry_run:
            lines += wrapped(ADVICE[kind], wide, indent="    ", first="  what to do: ")
    lines += _skipped(report, wide)
    for note in report.notes:
        lines += wrapped(f"note: {shown(note)}", wide)
    left = (report.unfinished, report.failed, report.conflicts, report.existing, report.lost)
    if report.log and (report.sent_files or any(left)):
        lines.append(f"log: {shown(str(report.log))}")
    if report.interrupted:
        lines.append("stopped; run the same command again and it goes on where it was")
    return "\n".join(lines)


def listed(title: str, reasons: Iterable[tuple[str, str]], wide: int | None) -> list[str]:
    """Return a title with the number of items, and the items."""
    found = [Told(path, reason) for path, reason in reasons]
    return [f"{title} ({len(found):,}):", *listing(found, wide, _MOST)] if found else []


def slides(number: int, files: int) -> str:
    """Write ``3 files``, or ``2 slides (27 files)`` when some are of several."""
    if number == files:
        return count(files, "file")
    return f"{count(number, 'slide')} ({count(files, 'file')})"


def _headline(report: Report) -> str:
    if report.dry_run:
        planned = slides(len(report.slides), len(report.planned))
        first = f"would send {planned}, {size(report.bytes)}"
        if report.limit and report.planned:
            first += f", {at_limit(report.limit, report.bytes)}"
    else:
        first = f"sent {slides(report.sent_slides, report.sent_files)}"
        if report.sent_files:
            first += f", {size(report.bytes)} in {duration(report.seconds)}"
    skipped = report.skipped.by_reason.total()
    return f"{first}; {report.unchanged:,} unchanged, {skipped:,} skipped"


def _skipped(report: Report, wide: int | None) -> list[str]:
    lines = []
    for reason, number in report.skipped.by_reason.most_common():
        names = [shown(p.path) for p in report.skipped.names if p.reason == reason][:_NAMED]
        more = ", ..." if number > len(names) else ""
        lines += wrapped(f"skipped, {reason} ({number:,}): {', '.join(names)}{more}", wide)
    return lines


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%H:%M:%S}"
