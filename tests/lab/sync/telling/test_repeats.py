"""Files that share a reason are told together, and none is left out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.telling.repeats import FEW, Repeats, by_reason, common


class Told:
    def __init__(self) -> None:
        self.now, self.lines = 0.0, list[str]()
        self.repeats = Repeats(self.lines.append, lambda: self.now)

    def add(self, number: int, *, every: float = 0.0) -> None:
        for n in range(number):
            reason = f"the archive already holds {object_key('s1', f'{n}.svs')}; nothing was done"
            self.repeats.add(f"{n}.svs", reason, "conflict")
            self.now += every


@pytest.mark.parametrize("revision", [1, 2, 17])
@pytest.mark.parametrize("path", ["a.svs", "Fall (1) 50%/Präparat+.ome.tif", "a/s1/", "x~r2.svs"])
def test_a_reason_is_told_without_the_file_s_own_key(path: str, revision: int) -> None:
    key = object_key("scanner-1", path, revision)
    assert common(path, f"the archive already holds {key}, which") == (
        "the archive already holds an object of its name, which"
    )


def test_a_reason_that_names_another_file_or_none_stays_as_it_is() -> None:
    for reason in ("cannot be read: denied", "as slides/s1/b.svs already", "slides/"):
        assert common("a.svs", reason) == reason
    assert common("x" * 2000, "slides/s1/ would be too long") == "slides/s1/ would be too long"


@pytest.mark.parametrize(
    "other",
    [
        "slides/s1/a.svs.bak/x.svs",
        "slides/s1/a.svs/x.svs",
        "slides/s1/a.svs,v",
        "slides/s1/a.svs~r2",
        "slides/s1/a.svsx",
        "slides/s1/slides/s2/a.svs",
        "work/slides/s1/a.svs",
    ],
)
def test_a_key_that_contains_the_file_s_own_stays_as_it_is(other: str) -> None:
    reason = f"the archive already holds {other}, which this folder did not send"
    assert common("a.svs", reason) == reason


@pytest.mark.parametrize("after", ["", ".", ", which", "; nothing", ": no object", " has 7 bytes"])
def test_a_key_ends_where_its_sentence_goes_on(after: str) -> None:
    assert common("a.svs", f"slides/s1/a.svs{after}") == f"an object of its name{after}"


def test_items_come_by_their_reason_in_the_order_of_the_first() -> None:
    items = [("a", "x"), ("b", "y"), ("c", "x")]
    assert by_reason(items, lambda one: one) == [("x", [items[0], items[2]]), ("y", [items[1]])]


def test_a_few_are_told_at_once_and_the_others_when_their_time_is_over() -> None:
    told = Told()
    told.add(2000)
    assert told.lines == [
        f"conflict: {n}.svs: the archive already holds slides/s1/{n}.svs; nothing was done"
        for n in range(FEW)
    ]
    told.now += 5
    told.repeats.flush(only_if_due=True)
    shared = "the archive already holds an object of its name; nothing was done"
    assert told.lines[FEW:] == [f"{2000 - FEW:,} more, the last one 1999.svs: conflict: {shared}"]


def test_one_more_is_told_like_those_before_it() -> None:
    told = Told()
    told.add(FEW + 1)
    told.repeats.flush()
    assert told.lines[-1] == told.lines[0].replace("0.svs", f"{FEW}.svs")


def test_hours_of_the_same_are_a_line_a_minute() -> None:
    told = Told()
    told.add(36_000, every=0.1)
    told.repeats.flush()
    assert FEW < len(told.lines) < 70 + FEW


def test_after_a_while_the_same_reason_is_news_again() -> None:
    told = Told()
    told.add(FEW)
    told.now += 3600
    told.add(1)
    assert told.lines[-1] == told.lines[0]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.floats(0, 100)), max_size=60))
def test_none_is_left_out(added: list[tuple[str, float]]) -> None:
    told = Told()
    for reason, pause in added:
        told.repeats.add("a.svs", reason)
        told.now += pause
    told.repeats.flush()
    numbers = [re.match(r"([\d,]+) more, ", line) for line in told.lines]
    assert sum(int(found[1]) if found else 1 for found in numbers) == len(added)
