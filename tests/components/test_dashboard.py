import json
from typing import Any

import pytest

from components.dashboard import COLUMNS, Dashboard, Shown, body
from tests.support.pulumi_recorder import Declare, Recorded

REGION = "eu-central-1"
ALL = Shown(
    region=REGION,
    functions={"importer": "importer-1a", "tiles": "tiles-1a"},
    dead_letters={"uploads": "uploads-dead-1a"},
    api_id="api1",
    distribution_id="E123",
    database="catalog-1a",
    gateway=("sgw-1", "labsight"),
    desktop="i-1",
    archive="archive-1a",
    failed_imports=("labsight/test", "failed-imports"),
)


def graphs(shown: Shown) -> dict[str, dict[str, Any]]:
    return {one["properties"]["title"]: one["properties"] for one in body(shown)["widgets"]}


def test_what_does_not_exist_is_not_drawn() -> None:
    assert body(Shown(region=REGION)) == {"widgets": []}
    assert graphs(Shown(region=REGION, api_id="api1")).keys() == {"API"}


def test_everything_that_exists_is_drawn_once() -> None:
    widgets = body(ALL)["widgets"]
    assert len(widgets) == len(graphs(ALL)) == 13


def test_graphs_lie_side_by_side_and_none_covers_another() -> None:
    placed = [(one["x"], one["y"]) for one in body(ALL)["widgets"]]
    assert len(set(placed)) == len(placed)
    assert all(one["x"] + one["width"] <= COLUMNS for one in body(ALL)["widgets"])


def test_each_function_is_a_line_under_its_plain_name() -> None:
    assert graphs(ALL)["Errors"]["metrics"] == [
        ["AWS/Lambda", "Errors", "FunctionName", "importer-1a", {"label": "importer"}],
        ["AWS/Lambda", "Errors", "FunctionName", "tiles-1a", {"label": "tiles"}],
    ]


def test_metrics_of_cloudfront_come_from_their_only_region() -> None:
    regions = {title: one["region"] for title, one in graphs(ALL).items()}
    elsewhere = {title for title, region in regions.items() if region != REGION}
    assert elsewhere == {"CloudFront requests", "CloudFront errors (%)"}
    assert {regions[title] for title in elsewhere} == {"us-east-1"}


def test_an_aurora_cluster_shows_capacity_instead_of_free_storage() -> None:
    titles = graphs(Shown(region=REGION, cluster="catalog-1a")).keys()
    assert titles == {"Database: busy (%), connections", "Database: capacity units"}


def test_the_page_is_named_after_project_stack_and_region(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: Dashboard("dashboard", ALL), stack="lab.one")
    page = recorded.one("aws:cloudwatch/dashboard:Dashboard").inputs
    assert page["dashboardName"] == "labsight-lab-one-eu-central-1"
    assert json.loads(page["dashboardBody"]) == body(ALL)


def test_a_stack_name_that_makes_the_name_too_long_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="the stack's name is part of it"):
        declare(lambda: Dashboard("dashboard", ALL), stack="s" * 250)
