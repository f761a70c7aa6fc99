"""The line to the archive: opened when something is to be asked or sent, and kept open."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labsight.errors import SettingsError
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.rules import Rules
from labsight_lab.sync.sending.archive import Archive
from labsight_lab.sync.source import Stopped
from labsight_lab.sync.telling.meter import Meter

if TYPE_CHECKING:
    from labsight_lab.sync.sending.sender import Sender
    from labsight_lab.sync.sending.verdict import Judge

LARGE_AT_A_TIME = 2
Connect = Callable[[Callable[[], None], Callable[[str], None]], Archive]


@dataclass(kw_only=True)
class Line:
    """Connects when it is used first.

    ``connect`` is given what is to be called during long waits, and raises when sending is to end,
    and what hears from any thread what people should know.
    """

    rules: Rules
    journal: Journal | None
    connect: Connect
    ids: Ids
    meter: Meter
    _archive: Archive | None = None
    _warnings: list[str] = field(default_factory=list)  # of all threads, until they are taken
    _stop: threading.Event = field(default_factory=threading.Event)

    def archive(self) -> Archive:
        """Return the archive; raise LabsightError when it cannot be used."""
        self._archive = self._archive or self.connect(self._tick, self._warnings.append)
        return self._archive

    def sender(self, judge: "Judge") -> "Sender":
        """Return a sender; it ends with its own stop, even if some thread of it notices late."""
        # Only now, as all that sends is loaded with it.
        from labsight_lab.sync.sending import describing, memory, one_file, sender  # noqa: PLC0415

        if self.journal is None:
            raise SettingsError("nothing can be sent without a journal; give one with --journal")
        rules, stop = self.rules, threading.Event()

        def moved(path: str, position: int) -> None:
            if stop.is_set():
                raise Stopped
            self.meter.moved(path, position)

        self._stop = stop
        means = one_file.Means(
            archive=self.archive(),
            journal=self.journal,
            moved=moved,
            stop=stop,
            memory=memory.Memory(rules.memory),
            large=threading.Semaphore(LARGE_AT_A_TIME),
        )
        describer = describing.Describer(folder=rules.folder, source=rules.source, ids=self.ids)
        return sender.Sender(means, describer, judge, threads=rules.connections)

    def warnings(self) -> Iterator[str]:
        """Yield what people should know and were not told yet."""
        while self._warnings:
            yield self._warnings.pop(0)

    def _tick(self) -> None:
        if self._stop.is_set():
            raise Stopped
