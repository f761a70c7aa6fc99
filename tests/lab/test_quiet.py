"""A file counts as written when it stayed the same for long enough, by whichever clock can tell."""

import pytest

from labsight_lab.sync.quiet import QuietWatch, quiet_period

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


@pytest.mark.parametrize(
    ("size", "seconds"), [(0, 5), (500_000_000, 5), (700_000_000, 7), (10_000_000_000, 100)]
)
def test_large_files_are_given_longer(size: int, seconds: float) -> None:
    assert quiet_period(size) == seconds


def test_an_old_file_needs_no_wait() -> None:
    assert watch(Clocks()).wait("a", 1, int((NOW - 5) * NANO)) == 0


def test_a_young_file_waits_for_the_rest_of_its_period() -> None:
    assert watch(Clocks()).wait("a", 1, int((NOW - 2) * NANO)) == pytest.approx(3)


def test_a_file_that_changes_begins_anew() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    quiet.wait("a", 1, int(NOW * NANO))
    clocks.pass_by(4)
    assert quiet.wait("a", 2, int(clocks.wall * NANO)) == 5
    clocks.pass_by(5)
    assert quiet.wait("a", 2, int((clocks.wall - 5) * NANO)) == 0


def test_a_time_stamp_from_the_future_is_judged_by_our_own_clock() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    future = int((NOW + 3600) * NANO)
    assert quiet.wait("a", 1, future) == 5
    clocks.pass_by(4)
    assert quiet.wait("a", 1, future) == pytest.approx(1)
    clocks.pass_by(1)
    assert quiet.wait("a", 1, future) == 0


def test_a_wall_clock_that_is_set_back_does_not_stop_a_file_for_ever() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    stamp = int(NOW * NANO)
    quiet.wait("a", 1, stamp)
    clocks.pass_by(5)
    clocks.wall -= 86_400
    assert quiet.wait("a", 1, stamp) == 0


def test_the_period_can_be_set() -> None:
    assert watch(Clocks(), period=0).wait("a", 10**12, int(NOW * NANO)) == 0
    assert watch(Clocks(), period=60).wait("a", 1, int((NOW - 20) * NANO)) == pytest.approx(40)


def test_a_file_found_changing_after_all_is_watched_anew() -> None:
    clocks = Clocks()
    quiet = watch(clocks)
    future = int((NOW + 3600) * NANO)
    quiet.wait("a", 1, future)
    clocks.pass_by(5)
    quiet.restart("a")
    assert quiet.wait("a", 1, future) == 5
