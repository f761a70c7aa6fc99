"""Groups into the archive: judged, sent member by member, and closed by their ``unit.json``."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from labsight_lab.sync.journal.entries import STORED, Entry, members_digest
from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.one_processor import OneProcessor
from labsight_lab.sync.open_files import most_connections
from labsight_lab.sync.sending.content import FileContent
from labsight_lab.sync.sending.describing import Describer
from labsight_lab.sync.sending.one_file import Means, is_large
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.sending.transfer import transfer
from labsight_lab.sync.sending.verdict import Judge, Verdict
from labsight_lab.sync.source import Fingerprint
from labsight_lab.sync.workers import Crew

HEAVY = 1 << 20  # bytes of a file that gives more than one processor work
_ARRIVED = frozenset({Result.UPLOADED, Result.SAME, Result.EXISTS})


@dataclass(frozen=True)
class _Done:
    """How a task of a group ended, and the tasks that follow from it.

    ``large`` are those of large files, which have to wait for a turn. ``had_turn``: whether this
    was one of them.
    """

    place: str
    outcomes: Sequence[Outcome] = ()
    then: "Sequence[Callable[[], _Done]]" = ()
    large: "Sequence[Callable[[], _Done]]" = ()
    had_turn: bool = False


@dataclass
class _Unit:
    """A unit or lone file on its way; ``left`` members are not dealt with yet."""

    pending: Pending
    verdict: Verdict
    left: int
    complete: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sender:
    """Sends groups; more may be added while the outcomes are taken.

    Large files go few at a time, and keep no thread from the small ones while they wait. ``judge``
    says, just before, whether a group may be sent, or why it is not. While there are only files of
    less than 1 MiB, all threads share one processor. There are fewer than ``threads`` where the
    system lets labsight have too few files open.
    """

    def __init__(self, means: Means, describer: Describer, judge: Judge, *, threads: int) -> None:
        self._means, self._describer, self._judge = means, describer, judge
        self._crew: Crew[Callable[[], _Done], _Done] = Crew(
            lambda task: task(), threads=most_connections(threads), stop=means.stop
        )
        self._under_way: dict[str, int] = {}  # tasks by place
        self._large: deque[Callable[[], _Done]] = deque()  # that wait for a turn
        self._heavy: set[str] = set()  # places of groups with such files
        self._processor = OneProcessor()

    def add(self, ready: Sequence[Pending]) -> None:
        """Add groups that are not under way yet."""
        for pending in ready:
            self._under_way[pending.group.place] = 1
            if any(seen.size >= HEAVY for seen in pending.unsettled):
                self._heavy.add(pending.group.place)
        self._choose_processors()
        self._crew.add([partial(self._begin, pending) for pending in ready])

    @property
    def is_busy(self) -> bool:
        """Whether there are outcomes to come."""
        return self._crew.is_busy

    def is_under_way(self, place: str) -> bool:
        """Whether a group is being sent or waits for its turn."""
        return place in self._under_way

    def take(self, seconds: float) -> Iterator[Outcome]:
        """Yield the outcomes there are, or come within so many seconds.

        Raises what concerns every file; then nothing is under way any more.
        """
        for done in self._crew.take(seconds):
            if done.had_turn:
                self._means.large.release()
            self._large.extend(done.large)
            self._crew.add(done.then, first=True)
            while self._large and self._means.large.acquire(blocking=False):
                self._crew.add([self._large.popleft()], first=True)
            left = self._under_way.pop(done.place) - 1 + len(done.then) + len(done.large)
            if left:
                self._under_way[done.place] = left
            else:
                self._heavy.discard(done.place)
                self._choose_processors()
            yield from done.outcomes

    def close(self) -> None:
        """Stop."""
        self._processor.leave()
        self._crew.close()

    def left(self) -> Iterator[Outcome]:
        """Yield, once it is closed, the outcomes that nobody has taken."""
        for done in self._crew.left():
            yield from done.outcomes

    def _choose_processors(self) -> None:
        if self._under_way and not self._heavy:
            self._processor.stay()
        else:
            self._processor.leave()

    def _begin(self, pending: Pending) -> _Done:
        place = pending.group.place
        if (alone := _small_alone(pending)) is not None:
            return self._alone(pending, alone)
        verdict = self._judge(pending)
        if isinstance(verdict, Outcome):
            return _Done(place, [verdict])
        unit = _Unit(pending, verdict, len(pending.unsettled))
        if not unit.left:
            return self._close(unit)
        small, large = list[Callable[[], _Done]](), list[Callable[[], _Done]]()
        for seen in pending.unsettled:
            (large if is_large(seen.size) else small).append(partial(self._member, unit, seen))
        return _Done(place, then=small, large=large)

    def _alone(self, pending: Pending, seen: Seen) -> _Done:
        """Judge a lone file and send it, opened once: what was judged is what is sent."""
        place, group = pending.group.place, pending.group
        with _opened(self._describer.folder, seen) as content:
            verdict = self._judge(pending, content)
            if isinstance(verdict, Outcome):
                return _Done(place, [verdict])
            candidate = self._describer.file(group, seen, verdict)
            return _Done(place, [_marked(transfer(self._means, candidate, content), verdict)])

    def _member(self, unit: _Unit, seen: Seen) -> _Done:
        group = unit.pending.group
        candidate = self._describer.file(group, seen, unit.verdict)
        outcome = _marked(transfer(self._means, candidate), unit.verdict)
        with unit.lock:
            unit.left -= 1
            unit.complete &= outcome.result in _ARRIVED
            closes = unit.complete and not unit.left and group.kind != LONE_FILE
        then = [partial(self._close, unit)] if closes else []
        return _Done(group.place, [outcome], then, had_turn=is_large(seen.size))

    def _close(self, unit: _Unit) -> _Done:
        """Send the ``unit.json``: from now on the importer knows of the unit."""
        group = unit.pending.group
        entries = []
        for seen in group.members:
            entry = self._means.journal.entry(seen.path)
            if entry is None or not _is_stored(entry, seen):
                reason = f"{seen.path} is not in the archive yet as it is now"
                return _Done(group.place, [_unclosed(group.place, reason)])
            entries.append(entry)
        self._means.journal.write(  # also those that were sent before the others told of them
            [replace(entry, unit=group.place) for entry in entries if entry.unit != group.place]
        )
        entries += self._removed_here(group)
        digest = members_digest({entry.path: entry.revision for entry in entries})
        closed = self._means.journal.entry(group.place)
        if closed and closed.state in STORED and closed.members == digest:
            return _Done(group.place, [_same(closed)])
        candidate = self._describer.unit(group, entries, digest, unit.verdict)
        outcome = _marked(transfer(self._means, candidate), unit.verdict)
        return _Done(group.place, [replace(outcome, group=group)])

    def _removed_here(self, group: Group) -> list[Entry]:
        """Return members that `labsight clean` removed: the archive has them, the unit too."""
        here = {seen.path for seen in group.members}
        return [
            entry
            for entry in self._means.journal.members(group.place)
            if entry.removed is not None and entry.state in STORED and entry.path not in here
        ]


def _small_alone(pending: Pending) -> Seen | None:
    """Return the file of a group that has no other, if it goes in one request."""
    if pending.group.kind != LONE_FILE or len(pending.unsettled) != 1:
        return None
    (seen,) = pending.unsettled
    return None if is_large(seen.size) else seen


def _opened(folder: Path, seen: Seen) -> "AbstractContextManager[FileContent | None]":
    """Open a file, if that goes; who needs it and finds it closed will say why.

    Raises SettingsError when too many others are open.
    """
    try:
        return closing(FileContent(folder, seen.path, Fingerprint(seen.size, seen.mtime_ns)))
    except OSError:
        return nullcontext()


def _marked(outcome: Outcome, verdict: Verdict) -> Outcome:
    return outcome if verdict.incomplete is None else replace(outcome, is_incomplete=True)


def _is_stored(entry: Entry, seen: Seen) -> bool:
    return entry.state in STORED and entry.fingerprint == Fingerprint(seen.size, seen.mtime_ns)


def _unclosed(place: str, reason: str) -> Outcome:
    return Outcome(path=place, place=place, size=0, result=Result.UNFINISHED, reason=reason)


def _same(closed: Entry) -> Outcome:
    """Tell that members were touched, no more: their unit is what it was."""
    path, size = closed.path, closed.fingerprint.size
    return Outcome(path=path, place=path, size=size, result=Result.SAME)
