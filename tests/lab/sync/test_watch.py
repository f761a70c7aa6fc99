"""A watch: what it sends, what it tells, what ends it, and what it survives."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from labsight.errors import LabsightError, SettingsError, StorageUnavailable
from labsight_lab.sync import watch
from labsight_lab.sync.journal.runs import RunLog
from labsight_lab.sync.passes import Passes
from labsight_lab.sync.sending.archive import Denied, Rejected, Unreachable
from labsight_lab.sync.telling.chronicle import Chronicle
from labsight_lab.sync.telling.news import News
from labsight_lab.sync.telling.standing import Standing
from labsight_lab.sync.telling.sums import Sums
from tests.lab.support import Killed, write
from tests.lab.sync.by_hand import CUT, NOW, OLD, WHOLE, Lab, send
from tests.lab.sync.full_disk import Disk


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(tmp_path)) as made:
        yield made


def watching(lab: Lab, passes: Passes, seconds: float) -> list[str]:
    """Watch for so long by the lab's clock; return what was said, but for what was sent."""
    said: list[str] = []
    until, during = lab.now + seconds, lab.during_sleep

    def sleep() -> None:
        during()
        if lab.now >= until:
            raise KeyboardInterrupt

    lab.during_sleep = sleep
    passes.listener = telling(passes, said.append)
    with pytest.raises(KeyboardInterrupt):
        watch.for_ever(passes, 5.0)
    return [line for line in said if not line.startswith("sent ")]


def telling(passes: Passes, say: Callable[[str], None]) -> Chronicle:
    """Return a listener that says all of a watch."""
    clock = passes.quiet.steady
    return Chronicle(
        report=passes.report,
        standing=Standing(passes.rules.folder),
        news=News(say, Sums(say, clock), names_problems=True),
        runs=RunLog(passes.journal) if passes.journal else None,
        clock=clock,
    )


def test_a_watch_sends_what_appears(lab: Lab) -> None:
    passes = lab.passes()
    lab.during_sleep = lambda: (write(lab.folder / "new.svs", WHOLE, NOW + 1), None)[1]
    watching(lab, passes, 20)
    assert lab.stored() == ["new.svs"]


def test_a_watch_names_a_problem_once(lab: Lab) -> None:
    write(lab.folder / "a.svs", CUT, NOW - 86_500)
    (said,) = watching(lab, lab.passes(), 20)
    assert said.startswith("failed: a.svs: incomplete: ")


def test_a_watch_tries_a_failed_file_again_after_a_minute(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)

    def fail_until_later(request: str) -> None:
        if request == "put" and lab.now < NOW + 50:
            raise StorageUnavailable("503")

    lab.archive.before = fail_until_later
    passes = lab.passes()
    said = watching(lab, passes, 70)
    assert said == ["failed: a.svs: 503", "a.svs: sent now"]
    assert lab.archive.requests == ["open_uploads", "put", "put"]
    assert passes.report.failed == {}
    assert lab.stored() == ["a.svs"]


@pytest.mark.parametrize("error", [SettingsError("no such bucket"), Denied("no right")])
def test_a_watch_ends_at_once_when_it_cannot_begin(lab: Lab, error: LabsightError) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    lab.archive.before = lambda _: (_ for _ in ()).throw(error)
    with pytest.raises(type(error)):
        watch.for_ever(lab.passes(), 5.0)
    assert lab.slept == []


def test_a_watch_of_an_empty_folder_ends_at_once_when_the_archive_cannot_be_used(lab: Lab) -> None:
    lab.archive.before = lambda _: (_ for _ in ()).throw(Rejected("no such bucket"))
    with pytest.raises(Rejected):
        watch.for_ever(lab.passes(), 5.0)
    assert lab.slept == []


def test_a_watch_asks_once_and_needs_no_right_to_get_an_answer(lab: Lab) -> None:
    lab.archive.before = lambda _: (_ for _ in ()).throw(Denied("not this"))
    assert watching(lab, lab.passes(), 20) == []
    assert lab.archive.requests == ["open_uploads"]


def test_a_watch_names_what_is_not_proven(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    lab.archive.after = lambda name: (_ for _ in ()).throw(Killed()) if name == "put" else None
    passes = lab.passes()
    with pytest.raises(Killed):
        send(passes)
    lab.archive.after = lambda _: None
    (said,) = watching(lab, passes, 12)
    assert said.startswith("not proven to be in the archive: a.svs: ")
    assert passes.report.exit_code == 1


def test_a_watch_outlives_the_network(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)

    def offline(_: str) -> None:
        if lab.now < NOW + 100:
            raise Unreachable("offline")

    lab.archive.before = offline
    said = watching(lab, lab.passes(), 130)
    assert said == [
        "offline (tried again every minute, it goes on by itself)",
        "it goes on after 2 min 00 s",
    ]
    assert lab.stored() == ["a.svs"]


def test_a_watch_outlives_a_log_in_that_expires(lab: Lab) -> None:
    passes = lab.passes()
    write(lab.folder / "a.svs", WHOLE, OLD)
    send(passes)

    def expired(request: str) -> None:
        if request == "put" and lab.now < NOW + 50:
            raise SettingsError("expired")

    lab.archive.before = expired
    lab.during_sleep = lambda: (write(lab.folder / f"{lab.now}.svs", WHOLE, OLD), None)[1]
    assert watching(lab, passes, 75) == [
        "expired (tried again every minute, it goes on by itself)",
        "it goes on after 1 min 00 s",
    ]
    assert len(lab.stored()) >= 3


def test_an_interruption_in_the_middle_reaches_the_caller(lab: Lab) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    passes = lab.passes()

    def interrupt(text: str) -> None:
        raise KeyboardInterrupt(text)

    passes.listener = telling(passes, interrupt)
    with pytest.raises(KeyboardInterrupt):
        send(passes)
    assert lab.stored() == ["a.svs"]


class TestFullDisk:
    """Of the journal: a watch goes on when there is room again."""

    def test_files_that_appear_meanwhile_are_sent_afterwards(self, lab: Lab) -> None:
        passes = lab.passes()
        (journal,) = lab.journals
        disk = Disk(journal)
        write(lab.folder / "a.svs", WHOLE, OLD)

        def fill() -> None:
            write(lab.folder / "b.svs", WHOLE, OLD)
            disk.is_full = lab.now < NOW + 100

        lab.during_sleep = fill
        said = watching(lab, passes, 300)
        assert [line.partition(" cannot be used")[0] for line in said] == [
            f"note: journal {journal.path}",
            f"journal {journal.path}",
            "it goes on after 2 min 00 s",
        ]
        assert lab.stored() == ["a.svs", "b.svs"]
        assert lab.once().unchanged == 2

    def test_what_the_archive_answered_is_not_forgotten(self, lab: Lab) -> None:
        passes = lab.passes()
        disk = Disk(lab.journals[0])

        def answer(request: str) -> None:
            disk.is_full = request == "put"

        def sleep() -> None:
            write(lab.folder / "a.svs", WHOLE, OLD)
            disk.is_full = disk.is_full and lab.now < NOW + 100

        lab.archive.after, lab.during_sleep = answer, sleep
        said = watching(lab, passes, 300)
        assert said[-1].startswith("it goes on after ")
        assert lab.archive.requests == ["open_uploads", "put"]
        report = lab.once()
        assert (report.unchanged, report.existing) == (1, {})

    def test_with_nothing_to_send_it_is_told_once(self, lab: Lab) -> None:
        passes = lab.passes()
        (journal,) = lab.journals
        disk = Disk(journal)
        lab.during_sleep = lambda: setattr(disk, "is_full", lab.now < NOW + 200)
        (said,) = watching(lab, passes, 300)
        assert said.startswith(f"note: journal {journal.path} cannot be used")
        assert set(lab.slept) == {min(lab.slept), max(lab.slept)}
        assert max(lab.slept) < watch.PAUSE_AFTER_ERROR_S
