"""Each wire of an edge or a login that can be wrong is named; the program as it is has none."""

import json
from dataclasses import replace
from typing import Any

import pytest

from local import declared
from local.check import broken_wires
from local.declared import Deployment
from local.deploy import deploy
from local.making import Site
from local.moto_server import Cloud, forget_everything
from tests.support.edge_program import edge

from .conftest import ADDRESS
from .test_check import changed, without


@pytest.fixture(scope="module")
def program(_served: Cloud) -> Deployment:
    forget_everything()
    made = deploy(edge(), Site(_served, ADDRESS))
    forget_everything()
    return made


def distribution(program: Deployment) -> dict[str, Any]:
    """Return a copy of what is declared of the distribution."""
    [found] = program.of(declared.DISTRIBUTION)
    copied: dict[str, Any] = json.loads(json.dumps(found.inputs))
    return copied


def behaviour(program: Deployment, pattern: str, **inputs: Any) -> Deployment:
    """Return the program with other inputs for one behaviour; none is a behaviour less."""
    given = distribution(program)
    ordered = given["orderedCacheBehaviors"]
    for one in (*ordered, given["defaultCacheBehavior"]):
        if one.get("pathPattern", "*") == pattern:
            one.update(inputs)
    return changed(program, "edge", **given)


def origin(program: Deployment, name: str, **inputs: Any) -> Deployment:
    given = distribution(program)
    for one in given["origins"]:
        if one["originId"] == name:
            one.update(inputs)
    return changed(program, "edge", **given)


def said(program: Deployment) -> str:
    return "\n".join(broken_wires(program))


def test_the_program_as_it_is_has_no_broken_wire(program: Deployment) -> None:
    assert broken_wires(program) == []


@pytest.mark.parametrize(
    ("pattern", "inputs", "wire"),
    [
        (
            "/api/*",
            {"targetOriginId": "gone"},
            "behaviour '/api/*' leads to origin 'gone', which its distribution does not have",
        ),
        (
            "/slides/*",
            {"trustedKeyGroups": ["gone"]},
            "behaviour '/slides/*' trusts key group gone, which is not declared",
        ),
        (
            "/api/*",
            {"originRequestPolicyId": None},
            "behaviour '/api/*' does not pass the Authorization header on, which route",
        ),
        (
            "/api/*",
            {"originRequestPolicyId": "216adef6-5c7f-47e4-b989-5492eafa07d3"},
            "behaviour '/api/*' passes the viewer's Host header on to api",
        ),
        (
            "/slides/*",
            {"cachePolicyId": "gone"},
            "behaviour '/slides/*': its cache or origin request policy is neither declared nor",
        ),
    ],
)
def test_a_behaviour_that_leads_nowhere_is_named(
    program: Deployment, pattern: str, inputs: dict[str, Any], wire: str
) -> None:
    assert wire in said(behaviour(program, pattern, **inputs))


@pytest.mark.parametrize(
    ("name", "inputs", "wire"),
    [
        (
            "tiles",
            {"domainName": "other.lambda-url.eu-central-1.on.aws"},
            "leads to other.lambda-url.eu-central-1.on.aws, which is no declared bucket, API or",
        ),
        ("site", {"originAccessControlId": None}, "reads bucket site without an origin access"),
        ("tiles", {"originAccessControlId": None}, "calls function URL tiles-url without an"),
        ("api", {"originPath": "/v1"}, "leads to stage v1 of API api, which has $default"),
    ],
)
def test_an_origin_that_would_answer_nobody_is_named(
    program: Deployment, name: str, inputs: dict[str, Any], wire: str
) -> None:
    assert wire in said(origin(program, name, **inputs))


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("site-policy", "no policy of bucket site lets cloudfront.amazonaws.com read it"),
        ("edge-calls-tiles", "gives cloudfront.amazonaws.com lambda:InvokeFunction on function"),
        (
            "edge-calls-tiles-url",
            "gives cloudfront.amazonaws.com lambda:InvokeFunctionUrl on function tiles",
        ),
        ("tiles", "is no declared function"),
        ("signer", "is no declared public key"),
        ("config", "its site has no config.json, so the web app signs nobody in"),
        ("people-only", "is no authorizer of its API"),
        ("people", "is no declared pool"),
        ("login", "is no declared login; there is none"),
    ],
)
def test_a_part_that_is_missing_is_named(program: Deployment, name: str, wire: str) -> None:
    assert wire in said(without(program, name))


def test_a_pool_without_groups_is_named(program: Deployment) -> None:
    broken = said(without(program, "admin", "technician", "viewer"))
    assert broken == "user pool people: it has no groups, so nobody has a role"


@pytest.mark.parametrize(
    ("name", "inputs", "wire"),
    [
        (
            "people-only",
            {"jwtConfiguration": {"issuer": "https://elsewhere", "audiences": []}},
            "authorizer people-only: issuer https://elsewhere is no declared pool",
        ),
        (
            "web",
            {"callbackUrls": ["https://elsewhere/"]},
            "user pool client web: callbackUrls ['https://elsewhere/'] lacks https://127.0.0.1:8080/",
        ),
        ("web", {"logoutUrls": None}, "user pool client web: logoutUrls [] lacks"),
        ("web", {"allowedOauthFlows": ["implicit"]}, "allowed_oauth_flows has no 'code'"),
        ("web", {"allowedOauthScopes": ["openid"]}, "client web does not allow scope email"),
        ("tiles-url", {"authorizationType": "NONE"}, "function URL tiles-url answers anybody"),
        ("edge-calls-tiles", {"sourceArn": "arn:other"}, "InvokeFunction on function tiles"),
        ("get-api-any", {"authorizerId": "gone"}, "gone is no authorizer of its API"),
    ],
)
def test_a_wire_of_the_login_that_leads_nowhere_is_named(
    program: Deployment, name: str, inputs: dict[str, Any], wire: str
) -> None:
    assert wire in said(changed(program, name, **inputs))


def test_another_audience_is_named(program: Deployment) -> None:
    [authorizer] = program.of(declared.AUTHORIZER)
    settings = {**authorizer.inputs["jwtConfiguration"], "audiences": ["other"]}
    broken = said(changed(program, "people-only", jwtConfiguration=settings))
    assert broken == "authorizer people-only: audience other is no client of pool people"


@pytest.mark.parametrize(
    ("login", "wire"),
    [
        ({"authority": "https://elsewhere"}, "authority https://elsewhere is no declared login"),
        ({"clientId": "other"}, "clientId other is no declared user pool client"),
    ],
)
def test_a_web_app_that_is_told_of_another_login_is_named(
    program: Deployment, login: dict[str, str], wire: str
) -> None:
    [config] = [r for r in program.of(declared.BUCKET_OBJECT) if r.name == "config"]
    told = json.loads(config.inputs["content"])["login"] | login
    assert wire in said(changed(program, "config", content=json.dumps({"login": told})))


def test_two_settings_for_one_web_app_are_named(program: Deployment) -> None:
    [config] = [r for r in program.of(declared.BUCKET_OBJECT) if r.name == "config"]
    twice = replace(program, resources=(*program.resources, replace(config, name="again")))
    assert said(twice) == "distribution edge: its site has 2 config.json: again, config"


def test_an_error_page_that_hides_what_the_api_says_is_named(program: Deployment) -> None:
    page = {"errorCode": 404, "responseCode": 200, "responsePagePath": "/index.html"}
    broken = said(changed(program, "edge", customErrorResponses=[page]))
    assert "its page for error 404 takes the place of the API's answers" in broken
