"""A file counts as written when it stayed the same for long enough, by whichever clock can tell."""

import pytest

from labsight_lab.sync.look.quiet import QuietWatch, quiet_period
from labsight_lab.sync.look.scan import Seen

NOW = 1_700_000_000.0
NANO = 10**9


class Clocks:
    """A wall clock and a steady clock, moved by hand."""

    def __init__(self) -> None:
        self.wall, self.steady = NOW, 500.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def watch(clocks: Clocks, period: float | None = None) -> QuietWatch:
    return QuietWatch(wall=lambda: clocks.wall, steady=lambda: clocks.steady, period=period)


def wait(quiet: QuietWatch, path: str, size: int, mtime_ns: int) -> float:
    return quiet.wait(path, (Seen(path, size, mtime_ns),))


@pytest.mark.parametrize(
    ("size", "seconds"), [(0, 5), (500_000_000, 5), (700_000_000, 7), (10_000_000_000, 100)]
)
def test_large_files_are_given_longer(size: int, seconds: float) -> None:
    assert quiet_period(size) == seconds


def test_an_old_file_needs_no_wait() -> None:
    assert wait(watch(Clocks()), "a", 1, int((NOW - 3600) * NANO)) == 0


@pytest.mark.parametrize("age", [0, 2, 60, 3599])
def test_a_younger_file_is_watched_for_its_whole_period(age: float) -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    stamp = int((NOW - age) * NANO)
    assert wait(quiet, "a", 1, stamp) == 5
    clocks.pass_by(4)
    assert wait(quiet, "a", 1, stamp) == pytest.approx(1)
    clocks.pass_by(1)
    assert wait(quiet, "a", 1, stamp) == 0


@pytest.mark.parametrize("behind", [10, 86_400])
def test_a_writer_whose_clock_is_behind_is_found_out(behind: float) -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    wait(quiet, "a", 1, int((NOW - behind) * NANO))
    for size in (2, 3, 4):
        clocks.pass_by(4)
        assert wait(quiet, "a", size, int((clocks.wall - behind) * NANO)) == 5


def test_a_preview_believes_a_time_stamp_that_is_as_old_as_the_period() -> None:
    clocks = Clocks()
    quiet = QuietWatch(wall=lambda: clocks.wall, steady=lambda: 500.0, trusted_age=0)
    assert wait(quiet, "a", 1, int((NOW - 5) * NANO)) == 0
    assert wait(quiet, "b", 1, int((NOW - 2) * NANO)) == pytest.approx(3)
    assert wait(quiet, "c", 1, int((NOW + 60) * NANO)) == 5


def test_a_file_that_changes_begins_anew() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    wait(quiet, "a", 1, int(NOW * NANO))
    clocks.pass_by(4)
    assert wait(quiet, "a", 2, int(clocks.wall * NANO)) == 5
    clocks.pass_by(5)
    assert wait(quiet, "a", 2, int((clocks.wall - 5) * NANO)) == 0


def test_a_time_stamp_from_the_future_is_judged_by_our_own_clock() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    future = int((NOW + 3600) * NANO)
    assert wait(quiet, "a", 1, future) == 5
    clocks.pass_by(4)
    assert wait(quiet, "a", 1, future) == pytest.approx(1)
    clocks.pass_by(1)
    assert wait(quiet, "a", 1, future) == 0


def test_a_wall_clock_that_is_set_back_does_not_stop_a_file_for_ever() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    stamp = int(NOW * NANO)
    wait(quiet, "a", 1, stamp)
    clocks.pass_by(5)
    clocks.wall -= 86_400
    assert wait(quiet, "a", 1, stamp) == 0


def test_the_period_can_be_set() -> None:
    assert wait(watch(Clocks(), period=0), "a", 10**12, int(NOW * NANO)) == 0
    assert wait(watch(Clocks(), period=7200), "a", 1, int((NOW - 3600) * NANO)) == 3600


def test_a_file_found_changing_after_all_is_watched_anew() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    old = int((NOW - 3600) * NANO)
    assert wait(quiet, "a", 1, old) == 0
    quiet.restart("a")
    assert wait(quiet, "a", 1, old) == 5


def test_a_unit_is_quiet_when_all_its_members_are() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    first, late = Seen("a.dcm", 1, int(NOW * NANO)), Seen("b.dcm", 1, int(NOW * NANO))
    assert quiet.wait("series/", (first,)) == 5
    clocks.pass_by(4)
    assert quiet.wait("series/", (first, late)) == 5
    clocks.pass_by(4)
    assert quiet.wait("series/", (first, late._replace(mtime_ns=late.mtime_ns + 1))) == 5
    clocks.pass_by(5)
    assert quiet.wait("series/", (first, late._replace(mtime_ns=late.mtime_ns + 1))) == 0


def test_what_is_not_there_any_more_is_forgotten() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    wait(quiet, "a", 1, int(NOW * NANO))
    wait(quiet, "b", 1, int(NOW * NANO))
    clocks.pass_by(4)
    quiet.forget_others({"b"})
    assert wait(quiet, "a", 1, int(NOW * NANO)) == 5
    assert wait(quiet, "b", 1, int(NOW * NANO)) == pytest.approx(1)
