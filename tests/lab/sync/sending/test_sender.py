"""Groups on their way: large files leave room for small ones, and all arrive."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.look.scan import scan
from labsight_lab.sync.sending import one_file, parts
from labsight_lab.sync.sending.describing import Describer
from labsight_lab.sync.sending.memory import LARGE, Memory
from labsight_lab.sync.sending.one_file import Means
from labsight_lab.sync.sending.sender import Sender
from labsight_lab.sync.sending.verdict import Verdict
from tests.lab.support import MemoryArchive, noise, open_journal, write


def pending(folder: Path, names: str) -> list[Pending]:
    seen = {one.path: one for one in scan(folder).files}
    return [
        Pending(
            group=Group(place=name, kind=LONE_FILE, members=(seen[name],)), unsettled=(seen[name],)
        )
        for name in names.split()
    ]


@contextmanager
def sending(folder: Path, archive: MemoryArchive) -> Iterator[Sender]:
    """A sender that takes all files as finished, one large one at a time."""
    with closing(open_journal(folder, folder.with_name("journal.sqlite"))) as journal:
        means = Means(
            archive=archive,
            journal=journal,
            moved=lambda _path, _position: None,
            stop=threading.Event(),
            memory=Memory(4 << 20),
            large=threading.Semaphore(1),
        )
        describer = Describer(folder=folder, source="scanner-1", host="pc", ids=Ids())
        with closing(Sender(means, describer, lambda *_: Verdict(), threads=3)) as sender:
            yield sender


def test_a_small_file_is_sent_while_large_ones_wait_for_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_file, "PART_SIZE", 4000)
    monkeypatch.setattr(parts, "part_size", lambda _: 4000)
    folder, archive, let_go = tmp_path / "slides", MemoryArchive(), threading.Event()
    large = "1.svs 2.svs 3.svs 4.svs"
    for name in large.split():
        write(folder / name, noise(5000))
    write(folder / "small.svs", noise(100))

    def hold(request: str) -> None:
        if request == "complete":
            assert let_go.wait(20)

    archive.before = hold
    with sending(folder, archive) as sender:
        sender.add(pending(folder, f"{large} small.svs"))
        sent: list[str] = []
        for _ in range(100):
            sent += [outcome.path for outcome in sender.take(0.1)]
            if sent:
                break
        assert sent == ["small.svs"]
        assert archive.requests.count("begin") <= 1
        let_go.set()
        sent += drained(sender)
        assert sorted(sent) == sorted(["small.svs", *large.split()])
        assert not any(map(sender.is_under_way, sent))


def drained(sender: Sender) -> list[str]:
    """Wait for all that is being sent; return the paths."""
    sent: list[str] = []
    while sender.is_busy:
        sent += [outcome.path for outcome in sender.take(0.1)]
    return sent


@pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and two processors",
)
def test_threads_share_a_processor_as_long_as_all_files_are_small(tmp_path: Path) -> None:
    folder, archive, seen = tmp_path / "slides", MemoryArchive(), list[int]()
    usual = len(os.sched_getaffinity(0))
    for name in ("1.svs", "2.svs", "3.svs"):
        write(folder / name, noise(100))
    write(folder / "large.svs", noise(LARGE))
    archive.before = lambda _: seen.append(len(os.sched_getaffinity(0)))
    with sending(folder, archive) as sender:
        sender.add(pending(folder, "1.svs 2.svs"))
        assert sorted(drained(sender)) == ["1.svs", "2.svs"]
        assert set(seen) == {1}
        assert len(os.sched_getaffinity(0)) == usual
        seen.clear()
        sender.add(pending(folder, "3.svs large.svs"))
        assert sorted(drained(sender)) == ["3.svs", "large.svs"]
        assert seen[0] == usual
