"""A list names files, tells a shared reason once, and counts what it leaves out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.sync.telling.listing import NAMED, Told, listing
from tests.lab.sync.telling.made import NOW


def test_a_few_have_a_line_each() -> None:
    found = [Told("a.svs", "denied"), Told("b\x1b.svs", "denied"), Told("c.svs", "503", NOW)]
    first, second, third = listing(found, None, 10)
    assert (first, second) == ("  a.svs: denied", "  b\\x1b.svs: denied")
    assert re.fullmatch(r"  c\.svs: 503 \(since \d{4}-\d\d-\d\d \d\d:\d\d\)", third)


def test_a_shared_reason_is_told_once_with_the_first_time() -> None:
    found = [Told(f"{n}.svs", "denied", NOW - n * 86_400) for n in range(4)]
    (alone,) = listing([found[-1]], None, 1)
    shared, *names = listing(found, None, 1)
    assert shared == alone.replace("3.svs", "4 of them")
    assert names == [f"    {n}.svs" for n in range(4)]


@pytest.mark.parametrize("wide", [40, 80])
def test_it_fits_into_a_terminal(wide: int) -> None:
    found = [Told(f"{n}.svs", "a reason of many words " * 9, NOW) for n in range(30)]
    assert max(map(len, listing(found, wide, 10))) <= wide


@given(st.lists(st.sampled_from("vwxyz"), max_size=60), st.integers(0, 5))
def test_each_file_is_named_or_counted(reasons: list[str], most: int) -> None:
    lines = listing([Told(f"{n}.svs", reason) for n, reason in enumerate(reasons)], None, most)
    counted = sum(int(m[1]) for line in lines if (m := re.match(r" +and (\d+) more", line)))
    named = sum(".svs" in line for line in lines)
    assert named + counted == len(reasons)
    assert named <= most * NAMED
