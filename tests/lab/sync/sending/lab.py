"""Files on their way into an archive in memory, with runs that may fail or be killed."""

import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.sending.archive import Answer
from labsight_lab.sync.sending.memory import Memory
from labsight_lab.sync.sending.one_file import Means
from labsight_lab.sync.sending.outcome import Outcome
from labsight_lab.sync.sending.transfer import transfer
from tests.lab.support import Killed, MemoryArchive, noise, open_journal, unsettled

KEY, SECOND = "slides/scanner-1/a.svs", "slides/scanner-1/a~r2.svs"
SMALL, LARGE = noise(3000), noise(10_500)  # what goes in one request, and in parts


class Lab:
    """A folder, its journal and an archive, with runs that may be killed."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "slides"
        self.folder.mkdir()
        self.journal_file = place / "journal.sqlite"
        self.archive = MemoryArchive()
        self.moved: Callable[[str, int], None] = lambda _path, _position: None

    def run(self) -> list[Outcome]:
        journal = open_journal(self.folder, self.journal_file)
        try:
            means = self.means(journal)
            return [transfer(means, found) for found in unsettled(self.folder, journal)]
        finally:
            journal.close()

    def means(self, journal: Journal) -> Means:
        return Means(
            archive=self.archive,
            journal=journal,
            moved=self.moved,
            stop=threading.Event(),
            memory=Memory(8000),
            large=threading.Semaphore(1),
        )

    def run_killed(self) -> None:
        with pytest.raises(Killed):
            self.run()
        self.archive.before = self.archive.after = lambda _: None

    def state(self, path: str = "a.svs") -> State:
        journal = open_journal(self.folder, self.journal_file)
        entry = journal.entry(path)
        journal.close()
        assert entry is not None
        return entry.state


def retried(answer: Answer) -> Answer:
    """Make it the answer to a second attempt: nobody knows what became of the first."""
    answer.retried = True
    return answer


def failing(names: str, error: BaseException) -> Callable[[str], None]:
    """Return a hook that raises at every request that is named."""

    def hook(request: str) -> None:
        if request in names.split():
            raise error

    return hook


def on_request(name: str, error: BaseException, *, nth: int = 1) -> Callable[[str], None]:
    """Return a hook that raises at the ``nth`` request called ``name``."""
    calls = count(1)

    def hook(request: str) -> None:
        if request == name and next(calls) == nth:
            raise error

    return hook


def unreadable(*_: object) -> None:
    """Fail as a file does that may not be opened."""
    raise PermissionError(13, "Permission denied")
