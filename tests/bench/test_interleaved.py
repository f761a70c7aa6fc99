"""That what is compared is compared fairly."""

import random

import pytest

from bench.interleaved import TileCost, compared, distinct, rotated
from bench.report import Bar


@pytest.mark.parametrize(("count", "least"), [(8, 14), (40, 14), (40, 48), (300, 100)])
@pytest.mark.parametrize("seed", range(20))
def test_no_two_places_lie_in_one_tile(count: int, least: int, seed: int) -> None:
    places = distinct(count, least, random.Random(seed))
    assert len(places) == count
    assert all(0 <= x < 1 and 0 <= y < 1 for x, y in places)
    for columns, rows in ((least, least), (least + 1, least + 7), (3 * least, 2 * least)):
        assert len({(int(x * columns), int(y * rows)) for x, y in places}) == count


def test_more_places_than_there_are_tiles_are_refused() -> None:
    with pytest.raises(ValueError, match="300 places do not fit a grid of 14 x 14 tiles"):
        distinct(300, 14, random.Random(1))


def test_each_round_begins_with_another_reader() -> None:
    assert [rotated(["a", "b", "c"], turn) for turn in (0, 1, 2, 3)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]


def test_a_ratio_says_how_often_ours_goes_into_the_peers() -> None:
    figure = compared(Bar(what="tile", least=200), TileCost(0.01, 9.0), TileCost(3.0, 1.0))
    assert figure.value == pytest.approx(300)
    assert figure.met
