"""The reckoning of scale, held against what can be played through and against laws."""

import re
import time
from dataclasses import replace

import pytest

from bench import scale, scale_bursts, scale_edge
from bench.scale_inputs import Inputs, listing
from tests.support.repository import ROOT

INPUTS, PRICES = Inputs(), scale.load_prices()
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("caches", "skew"), [(1, 0.8), (3, 0.8), (1, 0.0), (2, 1.2)])
def test_the_edge_has_as_many_tiles_as_when_it_is_played_through(caches: int, skew: float) -> None:
    requests = 40_000
    shared = {"caches": caches, "slides": 30, "slide_skew": skew, "tiles": 2_000, "tile_skew": 0.9}
    played = scale_edge.played(requests=requests, seed=3, **shared)  # type: ignore[arg-type]
    reckoned = scale_edge.hit_rate(rate=requests, seconds=1, **shared)  # type: ignore[arg-type]
    assert reckoned == pytest.approx(played, abs=0.02)


@pytest.mark.parametrize("skew", [0.0, 0.9, 1.5])
def test_all_ranks_together_are_everything(skew: float) -> None:
    found = list(scale_edge.ranges(22_307, skew))
    assert sum(count for _, count in found) == 22_307
    assert sum(share * count for share, count in found) == pytest.approx(1)


def test_as_many_functions_run_as_little_says_and_bursts_need_more() -> None:
    rate = 400 / 2.5 * 0.3 * 10  # tiles a second
    mean, p99 = scale_bursts.at_a_time(
        viewers=400, think=2.5, fresh=10, cold=0.3, seconds=0.04, seed=1
    )
    assert mean == pytest.approx(rate * 0.04, rel=0.05)
    assert p99 > 1.5 * mean


def test_where_the_edge_has_everything_nothing_runs() -> None:
    idle = scale_bursts.at_a_time(viewers=9, think=1, fresh=9, cold=0, seconds=1, seed=1)
    assert idle == (0.0, 0)


def test_more_viewers_need_more_and_find_more_in_the_edge_that_they_share() -> None:
    few, many = (scale.need(INPUTS, viewers, PRICES) for viewers in (20, 90))
    assert many.origin > few.origin
    assert many.functions_p99 > few.functions_p99
    same = replace(INPUTS, slides_a_viewer=0.0)  # all of them look at the same slides
    few, many = (scale.need(same, viewers, PRICES) for viewers in (20, 90))
    assert many.hits > few.hits


def test_what_the_edge_sends_is_paid_beyond_its_free_share_alone() -> None:
    assert scale.need(INPUTS, 1, PRICES).month["edge"] == 0
    assert scale.need(INPUTS, 1000, PRICES).month["edge"] > 0


def test_containers_cost_less_from_the_number_on_that_is_said() -> None:
    turn = scale.crossing(INPUTS, PRICES)
    below, above = (
        scale.need(INPUTS, viewers, PRICES, bursts=False) for viewers in (turn // 2, turn * 2)
    )
    assert below.with_functions < below.with_containers
    assert above.with_containers < above.with_functions


def test_limits_of_aws_that_are_met_are_named() -> None:
    few, many = (scale.need(INPUTS, viewers, PRICES) for viewers in (3, 100_000))
    assert scale.beyond(INPUTS, few) == []
    assert any("requests/s of one distribution" in one for one in scale.beyond(INPUTS, many))
    assert any("functions at a time of any account" in one for one in scale.beyond(INPUTS, many))


@pytest.mark.parametrize(("name", "value"), [("think", -1.0), ("seen", 1.0), ("decoded", 0.99)])
def test_inputs_that_cannot_be_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        replace(INPUTS, **{name: value})  # type: ignore[arg-type]


def test_the_page_says_what_the_reckoning_says(capsys: pytest.CaptureFixture[str]) -> None:
    start = time.monotonic()
    assert scale.main([]) == 0
    assert time.monotonic() - start < 30
    printed = capsys.readouterr().out
    found = [scale.need(INPUTS, viewers, PRICES) for viewers in scale.VIEWERS]
    for name, cells in scale.rows(found):
        assert re.search(
            rf"^{re.escape(name)} +{' +'.join(map(re.escape, cells))}$", printed, re.MULTILINE
        )
        assert f"| {name} | {' | '.join(cells)} |" in PAGE
    turn = scale.crossing(INPUTS, PRICES)
    assert f"about {turn:,} viewers" in PAGE
    for one in found:
        assert all(limit in printed for limit in scale.beyond(INPUTS, one))


def test_the_page_names_each_input_with_its_figure() -> None:
    for name, figure, _, source in listing(INPUTS):
        assert re.search(
            rf"^\| `{name}` \| {re.escape(figure)} \| {source} \|", PAGE, re.MULTILINE
        ), name
