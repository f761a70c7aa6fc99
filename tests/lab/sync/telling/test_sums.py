"""A few slides are named, many are summed up, and none is left out."""

import re

from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.sync.telling.sums import MOST, Sums


class Told:
    def __init__(self) -> None:
        self.now, self.lines = 0.0, list[str]()
        self.sums = Sums(self.lines.append, lambda: self.now)

    def sent(self, number: int, *, every: float = 0.0) -> None:
        for n in range(number):
            self.sums.sent(f"{n}.svs", 1000, 0.5)
            self.now += every


def test_a_slide_is_named_at_once_with_its_size_and_time() -> None:
    told = Told()
    told.sums.sent("a.svs", 1_300_000, 12)
    told.sums.sent("s1.mrxs with 2 more files", 1000)
    assert told.lines == ["sent a.svs (1.3 MB, 12 s)", "sent s1.mrxs with 2 more files (1.0 kB)"]


def test_many_are_one_line_when_their_time_is_over() -> None:
    told = Told()
    told.sent(MOST + 3)
    assert len(told.lines) == MOST
    told.now += 5
    told.sums.flush(only_if_due=True)
    assert told.lines[MOST:] == [f"sent 3 more slides, 3.0 kB, the last one {MOST + 2}.svs"]


def test_one_more_is_named_like_those_before_it() -> None:
    told = Told()
    told.sent(MOST + 1)
    told.sums.flush()
    assert told.lines[-1] == f"sent {MOST}.svs (1.0 kB)"


def test_hours_of_small_files_are_a_line_a_minute() -> None:
    told = Told()
    told.sent(36_000, every=0.1)
    assert len(told.lines) < MOST + 5 + 60
    assert re.match(r"sent 60\d more slides, ", told.lines[-1])


def test_after_a_quiet_time_names_are_told_again() -> None:
    told = Told()
    told.sent(20)
    for _ in range(2):
        told.now += 60
        told.sums.flush(only_if_due=True)
    told.sent(1)
    assert told.lines[-1] == "sent 0.svs (1.0 kB, 0.5 s)"


def test_nothing_is_said_of_nothing() -> None:
    told = Told()
    told.sums.flush()
    assert told.lines == []


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0, 100))))
def test_every_slide_is_named_or_counted(bursts: list[tuple[int, float]]) -> None:
    told = Told()
    for number, pause in bursts:
        told.sent(number)
        told.now += pause
    told.sums.flush()
    counted = sum(int(m[1]) for line in told.lines if (m := re.match(r"sent (\d+) more", line)))
    named = sum(" more " not in line for line in told.lines)
    assert counted + named == sum(number for number, _ in bursts)
