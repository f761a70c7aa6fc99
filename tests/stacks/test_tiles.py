"""Which of functions and containers serve tiles, and what the network then needs."""

from typing import Any

import pytest

from stacks.config import ConfigError, parse
from stacks.cost.lines import ALARMS, ALARMS_ALWAYS, ALARMS_OF_CONTAINERS, ALARMS_OF_TILES
from tests.support.labsight_program import labsight, recording
from tests.support.pulumi_recorder import Declare, Recorded

CONTAINERS = {
    "network.egress": "endpoints",
    "slides.service": "container",
    "slides.image": "2026.11",
}
FUNCTION = "aws:lambda/function:Function"


@pytest.fixture(scope="module")
def containers() -> Recorded:
    return recording(CONTAINERS)


def names(recorded: Recorded, type_: str) -> set[str]:
    return {one.name for one in recorded.of(type_)}


def tile_origin(recorded: Recorded) -> dict[str, Any]:
    origins = recorded.one("aws:cloudfront/distribution:Distribution").inputs["origins"]
    (found,) = [one for one in origins if one["originId"] == "tiles"]
    return dict(found)


def test_containers_take_the_place_of_both_functions(containers: Recorded) -> None:
    functions = names(containers, FUNCTION)
    assert not {"tiles-function", "slide-files-function"} & functions
    assert "importer-function" in functions
    origin = tile_origin(containers)
    made = containers.one("aws:cloudfront/vpcOrigin:VpcOrigin").state["id"]
    assert origin["vpcOriginConfig"]["vpcOriginId"] == made
    assert "originAccessControlId" not in origin


def test_without_an_image_functions_serve_and_a_repository_waits(declare: Declare) -> None:
    waiting = {**CONTAINERS, "slides.image": ""}
    recorded = recording(waiting)
    assert {"tiles-function", "slide-files-function"} <= names(recorded, FUNCTION)
    assert recorded.of("aws:ecs/service:Service") == []
    repository = recorded.one("aws:ecr/repository:Repository").state["repositoryUrl"]
    assert declare(labsight(waiting))["image_repository"] == repository


def test_containers_reach_their_image_and_log_by_private_ends(containers: Recorded) -> None:
    ends = {
        one.inputs["serviceName"].removeprefix("com.amazonaws.eu-central-1.")
        for one in containers.of("aws:ec2/vpcEndpoint:VpcEndpoint")
        if one.inputs.get("vpcEndpointType") == "Interface"
    }
    assert ends == {"ecr.api", "ecr.dkr", "logs"}
    s3 = next(
        one
        for one in containers.of("aws:ec2/vpcEndpoint:VpcEndpoint")
        if one.inputs.get("vpcEndpointType") != "Interface"
    )
    assert "prod-eu-central-1-starport-layer-bucket" in s3.inputs["policy"]


def test_the_network_is_one_that_the_edge_can_reach_into(containers: Recorded) -> None:
    assert len(containers.of("aws:ec2/internetGateway:InternetGateway")) == 1
    assert containers.of("aws:ec2/route:Route") == []  # it leads nowhere
    assert not recording({}).of("aws:ec2/internetGateway:InternetGateway")


def test_containers_are_watched_as_functions_are(containers: Recorded) -> None:
    alarms = names(containers, "aws:cloudwatch/metricAlarm:MetricAlarm")
    assert {"alarm-tiles-5xx", "alarm-tiles-unhealthy"} <= alarms
    assert "alarm-tiles-errors" not in alarms
    counted = ALARMS_ALWAYS + ALARMS["slides"] + ALARMS_OF_CONTAINERS - ALARMS_OF_TILES
    assert counted == len(containers.of("aws:cloudwatch/metricAlarm:MetricAlarm"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"slides.service": "container"},
            r"slides\.service is 'container' with network\.egress none: .* Set network\.egress",
        ),
        (
            {**CONTAINERS, "profile": "regulated", "login.mfa": "required"},
            r"slides\.service is 'container' with the profile regulated",
        ),
        ({"slides.image": "1"}, r"slides\.image is '1', and slides\.service is 'function'"),
        (
            {"slides.tasks.min": "5"},
            r"slides\.tasks\.min is 5, more than slides\.tasks\.max \(4\)",
        ),
        ({"slides.cpu": "3"}, r"slides\.cpu is '3': .* 1, 2, 4, 8"),
        ({"slides.image": "docker.io/x:1"}, r"slides\.image is 'docker\.io/x:1': it has to look"),
        ({"slides.service": "server"}, r"slides\.service is 'server'"),
    ],
)
def test_settings_that_cannot_be_had_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(settings)
