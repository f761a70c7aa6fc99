import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.api import Api, ApiArgs, JwtAuthorizer, Route
from components.encryption import Key, KeyArgs
from components.function import Function, FunctionArgs, FunctionPlatform
from tests.support.functions import platform
from tests.support.networks import PLACE
from tests.support.pulumi_recorder import Declare, Recorded

ROUTE = "aws:apigatewayv2/route:Route"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
PERMISSION = "aws:lambda/permission:Permission"
STAGE = "aws:apigatewayv2/stage:Stage"


POOL = JwtAuthorizer(issuer="https://pool.example", audience=("web",))


def function(name: str, shared: FunctionPlatform, timeout_seconds: int = 20) -> Function:
    return Function(
        name,
        FunctionArgs(
            code="tiles",
            environment={},
            timeout_seconds=timeout_seconds,
            memory_mb=256,
            platform=shared,
        ),
    )


def made(*routes: Callable[[Function, Function], Route], **changes: Any) -> Api:
    shared = platform()
    tiles, catalog = function("tiles", shared), function("catalog", shared)
    ready = tuple(route(tiles, catalog) for route in routes)
    least: dict[str, Any] = {"routes": ready, "log_days": 30, "authorizer": POOL}
    return Api("web", ApiArgs(**{**least, **changes}))


def api(*routes: Callable[[Function, Function], Route]) -> pulumi.Output[str]:
    return made(*routes).url


def three_routes() -> pulumi.Output[str]:
    return api(
        lambda tiles, _: Route(method="GET", path="/slides/{proxy+}", function=tiles),
        lambda tiles, _: Route(method="HEAD", path="/slides/{proxy+}", function=tiles),
        lambda _, catalog: Route(
            method="GET", path="/healthz", function=catalog, authorization="NONE"
        ),
    )


def test_routes_ask_for_a_token_but_for_the_open_one(declare: Declare, recorded: Recorded) -> None:
    declare(three_routes)
    checks = {one.inputs["routeKey"]: one.inputs["authorizationType"] for one in recorded.of(ROUTE)}
    assert checks == {
        "GET /slides/{proxy+}": "JWT",
        "HEAD /slides/{proxy+}": "JWT",
        "GET /healthz": "NONE",
    }


def test_each_route_leads_to_its_function(declare: Declare, recorded: Recorded) -> None:
    declare(three_routes)
    functions = {
        f"integrations/{one.name}-1a2b3c4": one.inputs["integrationUri"]
        for one in recorded.of(INTEGRATION)
    }
    reached = {
        one.inputs["routeKey"]: functions[one.inputs["target"]] for one in recorded.of(ROUTE)
    }
    assert ":function:" not in reached["GET /healthz"]
    assert "tiles-function" in reached["GET /slides/{proxy+}"]
    assert "tiles-function" in reached["HEAD /slides/{proxy+}"]
    assert "catalog-function" in reached["GET /healthz"]


def test_a_function_of_several_routes_is_integrated_once_with_payload_2(
    declare: Declare, recorded: Recorded
) -> None:
    declare(three_routes)
    assert [one.name for one in recorded.of(INTEGRATION)] == ["web-to-catalog", "web-to-tiles"]
    assert {one.inputs["payloadFormatVersion"] for one in recorded.of(INTEGRATION)} == {"2.0"}


def test_only_this_api_may_call_the_functions(declare: Declare, recorded: Recorded) -> None:
    declare(three_routes)
    execution = recorded.one("aws:apigatewayv2/api:Api").state["executionArn"]
    for permission in recorded.of(PERMISSION):
        assert permission.inputs["principal"] == "apigateway.amazonaws.com"
        assert permission.inputs["sourceArn"] == f"{execution}/*/*"
    called = {permission.inputs["function"] for permission in recorded.of(PERMISSION)}
    assert called == {"tiles-function-1a2b3c4", "catalog-function-1a2b3c4"}


def test_the_default_stage_is_throttled_and_logs_each_request(
    declare: Declare, recorded: Recorded
) -> None:
    declare(three_routes)
    stage = recorded.one(STAGE).inputs
    assert (stage["name"], stage["autoDeploy"]) == ("$default", True)
    assert stage["defaultRouteSettings"] == {
        "throttlingRateLimit": 500,
        "throttlingBurstLimit": 1000,
    }
    logs = recorded.one("aws:cloudwatch/logGroup:LogGroup", "web-access-logs")
    assert logs.inputs["name"] == "/aws/vendedlogs/labsight/test/web"
    assert stage["accessLogSettings"]["destinationArn"] == logs.state["arn"]
    line = json.loads(stage["accessLogSettings"]["format"])
    assert line["sourceIp"] == "$context.identity.sourceIp"
    assert line["status"] == "$context.status"


def test_a_route_that_would_be_open_to_anyone_is_refused(declare: Declare) -> None:
    with pytest.raises(
        ValueError, match="'GET /api/slides' would be open to anyone; only /healthz"
    ):
        declare(
            lambda: api(
                lambda _, catalog: Route(
                    method="GET", path="/api/slides", function=catalog, authorization="NONE"
                )
            )
        )


def test_a_path_without_a_slash_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="route 'slides': a path starts with '/'"):
        declare(lambda: api(lambda tiles, _: Route(method="GET", path="slides", function=tiles)))


def test_a_route_declared_twice_is_refused(declare: Declare) -> None:
    def first(tiles: Function, _: Function) -> Route:
        return Route(method="GET", path="/slides/{proxy+}", function=tiles)

    with pytest.raises(ValueError, match=r"route 'GET /slides/\{proxy\+\}' is declared twice"):
        declare(lambda: api(first, first))


def test_a_function_slower_than_the_api_waits_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="the API waits 29 s, its function may take 30 s"):
        declare(
            lambda: Route(method="GET", path="/slow", function=function("slow", platform(), 30))
        )


def test_tokens_are_those_of_one_issuer_for_its_clients(
    declare: Declare, recorded: Recorded
) -> None:
    declare(three_routes)
    authorizer = recorded.one("aws:apigatewayv2/authorizer:Authorizer")
    assert authorizer.inputs["authorizerType"] == "JWT"
    assert authorizer.inputs["identitySources"] == ["$request.header.Authorization"]
    assert authorizer.inputs["jwtConfiguration"] == {
        "issuer": "https://pool.example",
        "audiences": ["web"],
    }
    asked = {one.inputs["routeKey"]: one.inputs.get("authorizerId") for one in recorded.of(ROUTE)}
    assert asked == {
        "GET /slides/{proxy+}": authorizer.state["id"],
        "HEAD /slides/{proxy+}": authorizer.state["id"],
        "GET /healthz": None,
    }


def test_no_other_origin_may_read_answers(declare: Declare, recorded: Recorded) -> None:
    declare(three_routes)
    assert "corsConfiguration" not in recorded.one("aws:apigatewayv2/api:Api").inputs


def test_its_host_name_is_the_one_of_its_address(declare: Declare) -> None:
    def program() -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        one = made()
        return one.host(PLACE), one.url

    host, url = declare(program)
    assert url == f"https://{host}"


def test_a_key_encrypts_the_access_logs(declare: Declare, recorded: Recorded) -> None:
    def program() -> pulumi.Output[str]:
        key = Key("operations", KeyArgs(description="Everything", place=PLACE))
        return made(key=key).url

    declare(program)
    logs = recorded.one("aws:cloudwatch/logGroup:LogGroup", "web-access-logs")
    assert logs.inputs["kmsKeyId"] == recorded.one("aws:kms/key:Key").state["arn"]


def test_a_route_that_checks_tokens_of_nobody_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="'GET /api/slides' checks tokens, and no authorizer says"):
        declare(
            lambda: (
                made(
                    lambda _, catalog: Route(method="GET", path="/api/slides", function=catalog),
                    authorizer=None,
                ).url
            )
        )


def test_an_authorizer_for_no_client_is_refused() -> None:
    with pytest.raises(ValueError, match="audience: name the clients"):
        JwtAuthorizer(issuer="https://pool.example", audience=())
