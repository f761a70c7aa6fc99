"""A folder that is looked at, an archive in memory, and clocks that are moved by hand."""

from collections.abc import Callable
from pathlib import Path

from labsight_lab.sync import watch
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.quiet import QuietWatch
from labsight_lab.sync.passes import Passes
from labsight_lab.sync.rules import Rules
from labsight_lab.sync.sending.archive import Archive
from labsight_lab.sync.telling.meter import Meter
from labsight_lab.sync.telling.progress import Silent
from labsight_lab.sync.telling.report import Report
from tests.lab.support import MemoryArchive, open_journal, tiff

NOW = 1_700_000_000.0
WHOLE = tiff()
CUT = WHOLE[:-10]
OLD = NOW - 7200  # long enough ago to be believed


class Lab:
    """A folder that is looked at with clocks moved by hand."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "slides"
        self.folder.mkdir()
        self.place = place
        self.archive = MemoryArchive()
        self.now = NOW
        self.connected = 0
        self.display: Silent = Silent()
        self.during_sleep: Callable[[], None] = lambda: None
        self.slept: list[float] = []
        self.journals: list[Journal] = []
        self.begun: list[Passes] = []

    def passes(
        self,
        *,
        send_incomplete: bool = False,
        journal: bool = True,
        steady: Callable[[], float] | None = None,
    ) -> Passes:
        kept = open_journal(self.folder, self.place / "journal.sqlite") if journal else None
        self.journals += [kept] if kept else []
        passes = Passes(
            rules=Rules(
                folder=self.folder,
                source="scanner-1",
                include=(),
                exclude=(),
                send_incomplete=send_incomplete,
                incomplete_after=86_400,
                connections=2,
                memory=1 << 20,
            ),
            ids=Ids(),
            waiter=self,
            journal=kept,
            connect=self.connect,
            quiet=QuietWatch(wall=lambda: self.now, steady=steady or (lambda: self.now)),
            meter=Meter(self.display),
            report=Report(self.folder, "archive", "scanner-1"),
        )
        self.begun.append(passes)
        return passes

    def connect(self, _tick: Callable[[], None], _warn: Callable[[str], None]) -> Archive:
        self.connected += 1
        return self.archive

    def is_given(self) -> bool:
        return False

    def forget(self) -> None:
        """There are no hints here."""

    def wait(self, seconds: float, *, heed: bool = True) -> None:  # noqa: ARG002 - the protocol's
        self.slept.append(seconds)
        self.now += seconds
        self.during_sleep()

    def once(self, *, send_incomplete: bool = False) -> Report:
        passes = self.passes(send_incomplete=send_incomplete)
        watch.once(passes)
        return passes.report

    def stored(self) -> list[str]:
        return sorted(key.removeprefix("slides/scanner-1/") for key in self.archive.objects)

    def close(self) -> None:
        for passes in self.begun:
            passes.stop()
        for journal in self.journals:
            journal.close()


def send(passes: Passes) -> None:
    """Look once, and wait until all that was ready is dealt with."""
    passes.look()
    passes.finish()
