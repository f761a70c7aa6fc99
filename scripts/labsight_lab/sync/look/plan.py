"""The folder as it is now, held against the journal: what to send, and what not and why."""

import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labsight.errors import InvalidInput
from labsight.keys import SlideKey
from labsight.slides.formats.kinds import Kind, kind_of
from labsight_lab.sync.journal.journal import SETTLED, Entry, State
from labsight_lab.sync.look.names import is_hidden, is_included
from labsight_lab.sync.sending.source import Fingerprint

SEVERAL_FILES = "a slide of several files; this version of labsight cannot send those"
MOST_NAMES = 1000  # skipped files that are remembered by name; all are counted


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A file that the archive does not hold as it is now.

    ``key`` is where it would go, ``base`` the key of its first revision.
    """

    path: str
    file: Path
    kind: Kind
    fingerprint: Fingerprint
    key: SlideKey
    base: str
    entry: Entry | None


@dataclass(frozen=True)
class Problem:
    """A file or folder and why it is not in the archive."""

    path: str
    reason: str


@dataclass
class Plan:
    """What one look at the folder says."""

    candidates: list[Candidate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    conflicts: list[Problem] = field(default_factory=list)
    unchanged: set[str] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)
    skipped_names: list[Problem] = field(default_factory=list)

    def skip(self, path: str, reason: str) -> None:
        """Count a file that is none of ours."""
        self.skipped[reason] += 1
        if len(self.skipped_names) < MOST_NAMES:
            self.skipped_names.append(Problem(path, reason))


def make_plan(
    folder: Path, source: str, known: Mapping[str, Entry], include: tuple[str, ...] = ()
) -> Plan:
    """Look at a folder."""
    plan = Plan()
    takers = _Takers()
    for path, item in _files(folder, plan):
        kind = kind_of(item.name)
        if kind is None:
            plan.skip(path, "not a slide by its suffix")
        elif not is_included(path, include):
            plan.skip(path, "not asked for by --include")
        elif kind.several_files:
            plan.problems.append(Problem(path, SEVERAL_FILES))
        else:
            _judge(plan, takers, source, path, item, kind, known.get(path))
    takers.name_clashes(plan)
    plan.candidates.sort(key=lambda c: (c.fingerprint.mtime_ns, c.path))  # oldest scan first
    return plan


class _Takers:
    """Which file takes which key; file systems tell names apart that are one key."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._clashes: dict[str, list[str]] = {}

    def take(self, key: str, path: str) -> None:
        """Note that a file would be stored under a key."""
        first = self._first.setdefault(key, path)
        if first != path:
            self._clashes.setdefault(key, [first]).append(path)

    def name_clashes(self, plan: Plan) -> None:
        """Make problems of all files that share a key: which of them is meant, nobody knows."""
        for key, paths in self._clashes.items():
            names = " and ".join(map(ascii, sorted(paths)))  # they may look the same otherwise
            reason = f"{names} would be stored as {key}; rename all but one"
            plan.problems += [Problem(path, reason) for path in paths]
        clashing = {path for paths in self._clashes.values() for path in paths}
        if clashing:
            plan.candidates = [c for c in plan.candidates if c.path not in clashing]
            plan.conflicts = [c for c in plan.conflicts if c.path not in clashing]
            plan.unchanged -= clashing


def _judge(
    plan: Plan,
    takers: _Takers,
    source: str,
    path: str,
    item: os.DirEntry[str],
    kind: Kind,
    entry: Entry | None,
) -> None:
    """Put one slide where it belongs in the plan; what the journal knows is settled quickly."""
    candidate = None
    try:
        if not _is_settled(item, entry):
            candidate = _candidate(source, path, item, kind, entry)
    except InvalidInput as error:
        plan.problems.append(Problem(path, error.message))
        return
    except OSError as error:
        plan.problems.append(Problem(path, f"cannot be read: {error.strerror or error}"))
        return
    takers.take(candidate.base if candidate else entry.key if entry else "", path)
    if candidate:
        plan.candidates.append(candidate)
    elif entry and entry.state is State.CONFLICT:
        plan.conflicts.append(Problem(path, entry.reason))
    else:
        plan.unchanged.add(path)


def _is_settled(item: os.DirEntry[str], entry: Entry | None) -> bool:
    """Say whether the journal has the last word on a file as it looks now."""
    return (
        entry is not None
        and entry.state in SETTLED
        and _as_seen(item.stat(follow_symlinks=False)) == entry.fingerprint
    )


def _candidate(
    source: str, path: str, item: os.DirEntry[str], kind: Kind, entry: Entry | None
) -> Candidate:
    file = Path(item.path)
    key = SlideKey(source, path, 1 + (entry.revision if entry else 0))
    return Candidate(
        path=path,
        file=file,
        kind=kind,
        # On Windows a folder's listing tells the size of an open file late; the file itself knows.
        fingerprint=_as_seen(file.lstat()),
        key=key,
        base=entry.key if entry else str(key),
        entry=entry,
    )


def _files(folder: Path, plan: Plan) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield each regular file below a folder with its relative path; links are never followed."""
    pending = [("", os.fspath(folder))]
    while pending:
        prefix, place = pending.pop()
        try:
            with os.scandir(place) as listing:
                items = list(listing)
        except OSError as error:
            reason = f"the folder cannot be read: {error.strerror or error}"
            plan.problems.append(Problem(prefix.rstrip("/") or ".", reason))
            continue
        for item in items:
            path = prefix + item.name
            what = _what(item)
            if what == "folder":
                pending.append((f"{path}/", item.path))
            elif what == "file":
                yield path, item
            else:
                plan.skip(path, what)


def _what(item: os.DirEntry[str]) -> str:
    """Return ``file``, ``folder``, or the reason why an entry of a folder is neither to us."""
    if is_hidden(item.name):
        return "hidden"
    try:
        if item.is_symlink() or _is_junction(item):
            return "a link; what it points at is sent only from its own folder"
        if item.is_dir(follow_symlinks=False):
            return "folder"
        if not item.is_file(follow_symlinks=False):
            return "not a regular file"
    except OSError:
        return "file"  # its stat fails again where the problem is noted
    return "file"


def _is_junction(item: os.DirEntry[str]) -> bool:
    """Windows has a second kind of link for folders, which Python 3.11 takes for folders."""
    if sys.platform == "win32":
        tag = item.stat(follow_symlinks=False).st_reparse_tag
        return tag == stat.IO_REPARSE_TAG_MOUNT_POINT
    return False


def _as_seen(status: os.stat_result) -> Fingerprint:
    return Fingerprint(status.st_size, status.st_mtime_ns)
