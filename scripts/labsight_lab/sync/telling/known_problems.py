"""What is wrong with a folder's files, as far as its journal and a glance at the folder tell."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from labsight_lab.sync.journal.asking import Asks
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.problems import kept
from labsight_lab.sync.look.scan import is_there
from labsight_lab.sync.telling.journal_facts import IS_LOST, LOST, STATE
from labsight_lab.sync.telling.kinds import Kind

MOST = 10_000  # that are told one by one
_MOST_ASKED = 1000  # of those, that are looked for in the folder
_ROWS = (
    f"SELECT path, {STATE}, reason, changed FROM file"  # noqa: S608 - nothing is from outside
    f" WHERE state IN ('failed', 'conflict', 'exists') OR {IS_LOST} ORDER BY path LIMIT ?"
)
_LOST = f"SELECT path, reason FROM file WHERE {IS_LOST} ORDER BY path LIMIT ?"  # noqa: S608
_OF_STATE = {
    LOST: Kind.LOST,
    State.FAILED.value: Kind.FAILED,
    State.CONFLICT.value: Kind.CONFLICT,
    State.EXISTS.value: Kind.EXISTS,
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file or unit, and since when (seconds since 1970; None: unknown)."""

    path: str
    reason: str
    since: float | None


@dataclass(frozen=True)
class KnownProblems:
    """By kind, the newest first. ``gone`` was begun, was never archived, and is not there now."""

    by_kind: dict[Kind, list[Problem]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def known_problems(journal: Asks, folder: Path) -> KnownProblems:
    """Ask a journal.

    The last look knows of what has no row among the files; the rows know of what `verify` has found
    since, and of what a look through other files did not see.
    """
    is_gone = _gone_from(folder)
    found: dict[Kind, dict[str, Problem]] = {kind: {} for kind in Kind}
    for one in kept(journal):
        if one.kind in {Kind.FAILED, Kind.UNFINISHED} and not is_gone(one.path):
            found[Kind(one.kind)][one.path] = Problem(one.path, one.reason, one.since)
    gone = []
    for encoded, state, reason, changed in journal.ask(_ROWS, MOST):
        path = os.fsdecode(encoded)
        if state == LOST:  # nobody knows since when
            found[Kind.LOST][path] = Problem(path, reason, None)
        elif state != State.EXISTS and is_gone(path):
            gone.append(path)
        elif path not in found[Kind.UNFINISHED]:
            found[_OF_STATE[state]].setdefault(path, Problem(path, reason, changed))
    by_kind = {
        kind: sorted(problems.values(), key=lambda one: -(one.since or 0.0))
        for kind, problems in found.items()
        if problems
    }
    return KnownProblems(by_kind, gone)


def lost(journal: Asks) -> dict[str, str]:
    """Return what `verify` did not find in the archive as it was sent: reasons by path."""
    return {os.fsdecode(path): reason for path, reason in journal.ask(_LOST, MOST)}


def _gone_from(folder: Path) -> Callable[[str], bool]:
    """Return what tells whether a file is gone; a folder that is away says nothing of its files.

    After some files it says no: each answer may take a share a while.
    """
    left = _MOST_ASKED if folder.is_dir() else 0

    def is_gone(path: str) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and not path.endswith("/") and not is_there(folder, path)

    return is_gone
