"""What these tests share: groups, outcomes, looks and a journal with something of each kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labsight_lab.sync.journal.entries import Entry, Identity, State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.source import Fingerprint
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.listening import Look
from labsight_lab.sync.telling.report import Report

DAY = 86_400.0
NOW = 1_790_000_000.0


def lone(path: str, size: int = 1000) -> Pending:
    """A slide of one file that is to be sent."""
    seen = Seen(path, size, 0)
    return Pending(group=Group(place=path, kind=LONE_FILE, members=(seen,)), unsettled=(seen,))


def unit(place: str = "a/s1/", kind: str = "mrxs", sizes: Sequence[int] = (10, 20, 30)) -> Pending:
    """A unit that is to be sent: ``a/s1.mrxs`` and ``a/s1/0.dat``, ..."""
    first, *others = sizes
    members = (
        Seen(f"{place.removesuffix('/')}.{kind}", first, 0),
        *(Seen(f"{place}{n}.dat", size, 0) for n, size in enumerate(others)),
    )
    return Pending(group=Group(place=place, kind=kind, members=members), unsettled=members)


def ended(path: str, result: Result = Result.UPLOADED, reason: str = "", **about: Any) -> Outcome:
    """What became of a lone file, or of a part when its ``place`` is given."""
    told: dict[str, Any] = {"place": path, "size": 1000, "key": f"slides/s/{path}"} | about
    return Outcome(path=path, result=result, reason=reason, **told)


def closed(pending: Pending) -> Outcome:
    """A unit's ``unit.json`` that was sent."""
    place = pending.group.place
    key = f"slides/s/{place}unit.json"
    return ended(place, size=300, key=key, group=pending.group, seconds=0.5, crc64=2**63)


def report(**about: Any) -> Report:
    """A report of nothing."""
    return Report(Path("/slides"), "archive", "scanner-1", **about)


def look(
    told: Report,
    *,
    begun: Sequence[Pending] = (),
    waiting: Mapping[str, float] | None = None,
    under_way: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Look:
    """A look at the folder, with what is under way after it."""
    places = {*under_way, *(pending.group.place for pending in begun)}
    return Look(
        report=told,
        begun=begun,
        waiting=waiting or {},
        is_busy=bool(places),
        is_under_way=places.__contains__,
        notes=notes,
    )


def target(folder: Path, journal: Path, **about: Any) -> Target:
    """Where the slides of these tests go."""
    return Target(folder=folder, bucket="archive", source="scanner-1", journal=journal, **about)


def open_for(aim: Target) -> Journal:
    """Open the journal of a target to write to it."""
    return Journal(
        aim.journal_file, Identity(folder=aim.folder, bucket=aim.bucket, source=aim.source)
    )


def row(path: str, state: State = State.UPLOADED, **about: Any) -> Entry:
    """A row of the journal, by default of a file of 1,000 bytes sent a day before NOW."""
    stored = state in {State.UPLOADED, State.VERIFIED}
    name = f"{path}unit.json" if path.endswith("/") else path
    told: dict[str, Any] = {
        "key": f"slides/scanner-1/{name}",
        "fingerprint": Fingerprint(1000, 1_600_000_000 * 10**9),
        "revision": 1 if stored else 0,
        "crc64": 2**63 + 5 if stored else None,
        "sent": NOW - DAY if stored else None,
        "verified": NOW - 10 if state is State.VERIFIED else None,
    }
    return Entry(path=path, state=state, **told | about)
