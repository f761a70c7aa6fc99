"""Groups on their way: large files leave room for small ones, and all arrive."""

import threading
from pathlib import Path

import pytest

from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.look.scan import scan
from labsight_lab.sync.sending import one_file, parts
from labsight_lab.sync.sending.describing import Describer
from labsight_lab.sync.sending.memory import Memory
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
    journal = open_journal(folder, tmp_path / "journal.sqlite")
    means = Means(
        archive=archive,
        journal=journal,
        moved=lambda _path, _position: None,
        stop=threading.Event(),
        memory=Memory(1 << 20),
        large=threading.Semaphore(1),
    )
    describer = Describer(folder=folder, source="scanner-1", host="pc", ids=Ids())
    sender = Sender(means, describer, lambda *_: Verdict(), threads=3)
    sender.add(pending(folder, f"{large} small.svs"))
    sent: list[str] = []
    for _ in range(100):
        sent += [outcome.path for outcome in sender.take(0.1)]
        if sent:
            break
    assert sent == ["small.svs"]
    assert archive.requests.count("begin") <= 1
    let_go.set()
    while sender.is_busy:
        sent += [outcome.path for outcome in sender.take(0.1)]
    assert sorted(sent) == sorted(["small.svs", *large.split()])
    assert not any(map(sender.is_under_way, sent))
    sender.close()
    journal.close()
