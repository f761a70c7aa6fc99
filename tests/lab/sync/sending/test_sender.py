"""Groups on their way: large files leave room for small ones, and all arrive."""

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from labsight.errors import InvalidInput, SettingsError
from labsight_lab.sync import source
from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.look.scan import scan
from labsight_lab.sync.sending import one_file, parts
from labsight_lab.sync.sending import sender as sender_module
from labsight_lab.sync.sending.describing import Describer
from labsight_lab.sync.sending.memory import Memory
from labsight_lab.sync.sending.one_file import Means
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.sending.sender import HEAVY, Sender
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
    return [outcome.path for outcome in outcomes(sender)]


def outcomes(sender: Sender) -> list[Outcome]:
    """Wait for all that is being sent."""
    ended: list[Outcome] = []
    while sender.is_busy:
        ended += sender.take(0.1)
    return ended


@pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and two processors",
)
def test_threads_share_a_processor_as_long_as_all_files_are_small(tmp_path: Path) -> None:
    folder, archive, seen = tmp_path / "slides", MemoryArchive(), list[int]()
    usual = len(os.sched_getaffinity(0))
    for name in ("1.svs", "2.svs", "3.svs"):
        write(folder / name, noise(100))
    write(folder / "large.svs", noise(HEAVY))
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


def test_a_name_that_cannot_be_opened_here_fails_its_own_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = source._descriptor_below

    def as_on_windows(folder: Path, path: str) -> int:
        if ":" in path:
            raise InvalidInput(f"{path!r} means a stream beside a file")
        return opening(folder, path)

    monkeypatch.setattr(source, "_descriptor_below", as_on_windows)
    folder, archive = tmp_path / "slides", MemoryArchive()
    for name in ("1:2.svs", "3.svs"):
        write(folder / name, noise(100))
    with sending(folder, archive) as sender:
        sender.add(pending(folder, "1:2.svs 3.svs"))
        ended = {outcome.path: outcome for outcome in outcomes(sender)}
    assert ended["1:2.svs"].result is Result.FAILED
    assert "'1:2.svs' means a stream" in ended["1:2.svs"].reason
    assert ended["3.svs"].result is Result.UPLOADED


def test_too_many_open_files_end_the_sending_and_fail_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, archive = tmp_path / "slides", MemoryArchive()
    write(folder / "1.svs", noise(100))
    found = pending(folder, "1.svs")

    def full(*_: object, **__: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with sending(folder, archive) as sender:
        monkeypatch.setattr(os, "open", full)
        sender.add(found)
        with pytest.raises(SettingsError, match="as many files open"):
            outcomes(sender)


def test_there_are_no_more_threads_than_the_system_has_descriptors_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "most_connections", lambda wanted: wanted - 2)
    folder, archive = tmp_path / "slides", MemoryArchive()
    names = "1.svs 2.svs 3.svs"
    for name in names.split():
        write(folder / name, noise(100))
    before, most = threading.active_count(), list[int]()
    archive.before = lambda _: most.append(threading.active_count())
    with sending(folder, archive) as sender:
        sender.add(pending(folder, names))
        assert len(outcomes(sender)) == 3
    assert max(most) - before <= 2, "one that sends, and the journal's own"
