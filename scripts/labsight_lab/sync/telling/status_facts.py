"""How things are with a folder and its archive, as far as the journal and the machine tell."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.problems import kept
from labsight_lab.sync.journal.reader import Reader, is_at_work
from labsight_lab.sync.journal.runs import KEPT, Run, latest
from labsight_lab.sync.sending.one_file import part_size
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.journal_facts import Totals, totals
from labsight_lab.sync.telling.kinds import Kind

_MOST = 10_000  # problems and begun files that are looked at one by one
_UNSETTLED = (
    "SELECT path, state, reason, changed, size, upload_id IS NOT NULL FROM file"
    " WHERE state IN ('failed', 'conflict', 'exists', 'uploading') LIMIT ?"
)
_PARTS = "SELECT path, count(*) FROM part GROUP BY path"
_OF_STATE = {
    State.FAILED.value: Kind.FAILED,
    State.CONFLICT.value: Kind.CONFLICT,
    State.EXISTS.value: Kind.EXISTS,
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file or unit, and since when (seconds since 1970)."""

    path: str
    reason: str
    since: float


@dataclass(frozen=True)
class Begun:
    """A large file that is being sent, or was when its run ended; ``share`` of it is stored."""

    path: str
    size: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that there is to say.

    ``kept_for`` is the folder that the journal was last used for. ``gone`` files failed and are not
    in the folder any more. ``last_trouble`` is the last run that something kept from sending.
    """

    now: float
    journal_size: int
    kept_for: str
    at_work: bool
    run: Run | None
    totals: Totals
    problems: Mapping[Kind, list[Problem]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    begun: list[Begun] = field(default_factory=list)
    begun_small: int = 0
    last_trouble: Run | None = None


def facts(target: Target) -> Facts:
    """Ask the journal, which is there; nothing is locked, changed or waited for."""
    journal, now = target.journal_file, time.time()
    at_work = is_at_work(journal)
    with Reader(journal, target.identity) as reader:
        runs = latest(reader, KEPT)
        rows = reader.ask(_UNSETTLED, _MOST)
        parts = dict(reader.ask(_PARTS))
        problems, gone = _problems(target.folder, reader, rows)
        uploading = [row for row in rows if row[1] == State.UPLOADING]
        return Facts(
            now=now,
            journal_size=journal.stat().st_size,
            kept_for=reader.folder,
            at_work=at_work,
            run=runs[0] if runs else None,
            totals=totals(reader, now),
            problems=problems,
            gone=gone,
            begun=[
                Begun(os.fsdecode(row[0]), row[4], _share(row[4], parts.get(row[0], 0)))
                for row in uploading
                if row[5]
            ],
            begun_small=sum(not row[5] for row in uploading),
            last_trouble=next((run for run in runs if run.trouble), None),
        )


def _problems(
    folder: Path, reader: Reader, rows: Sequence[Sequence[Any]]
) -> tuple[dict[Kind, list[Problem]], list[str]]:
    """Return what is wrong, by kind, the newest first; and what failed and is gone.

    The last look knows of what has no row; the rows know of what `verify` has found since, and of
    what a look through other files did not see.
    """
    found: dict[Kind, dict[str, Problem]] = {kind: {} for kind in Kind}
    for one in kept(reader):
        if one.kind in {Kind.FAILED, Kind.UNFINISHED}:
            found[Kind(one.kind)][one.path] = Problem(one.path, one.reason, one.since)
    gone = []
    is_there = folder.is_dir()
    for encoded, state, reason, changed, *_ in rows:
        if state not in _OF_STATE:
            continue
        path = os.fsdecode(encoded)
        if state != State.EXISTS and is_there and not os.path.lexists(folder / path):
            gone.append(path)
        elif path not in found[Kind.UNFINISHED]:
            found[_OF_STATE[state]].setdefault(path, Problem(path, reason, changed))
    newest = {
        kind: sorted(problems.values(), key=lambda one: -one.since)
        for kind, problems in found.items()
        if problems
    }
    return newest, gone


def _share(size: int, parts: int) -> float:
    return min(1.0, parts * part_size(size) / size) if size else 0.0
