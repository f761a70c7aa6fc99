"""Which behaviour takes a path, and what its policies pass on."""

from typing import Any

import pytest

from components.tile_paths import EDGE_HOST
from local import declared, edge_functions
from local.declared import Deployment, Resource
from local.edge_wiring import Behaviour
from local.forwarding import added_headers, forwarded, policies
from local.payload import Request

CACHED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


def resource(kind: str, **inputs: Any) -> Resource:
    return Resource(type=kind, name="one", inputs=inputs, id="one", outputs=inputs)


def behaviour(pattern: str = "*", **inputs: Any) -> Behaviour:
    edge = resource(declared.DISTRIBUTION)
    return Behaviour(distribution=edge, pattern=pattern, inputs=inputs)


@pytest.mark.parametrize(
    ("pattern", "path", "taken"),
    [
        ("/api/*", "/api/slides/1", True),
        ("/api/*", "/api/", True),
        ("/api/*", "/api", False),
        ("/api/*", "/API/slides", False),
        ("api/*", "/api/slides", True),
        ("*.jpg", "/a/b.jpg", True),
        ("/slides/?.dzi", "/slides/a.dzi", True),
        ("/slides/?.dzi", "/slides/ab.dzi", False),
        ("/a.b", "/axb", False),
        ("/healthz", "/healthz/more", False),
        ("*", "/anything", True),
    ],
)
def test_a_pattern_takes_what_cloudfront_says(pattern: str, path: str, *, taken: bool) -> None:
    assert behaviour(pattern).takes(path) is taken


def passed(cache: dict[str, Any] | None, request: dict[str, Any] | None) -> Request:
    """Return what an origin gets of one request, by the policies given."""
    program = Deployment(
        resources=(
            resource(declared.CACHE_POLICY, parametersInCacheKeyAndForwardedToOrigin=cache or {}),
            resource(declared.ORIGIN_REQUEST_POLICY, **(request or {})),
        )
    )
    chosen: dict[str, Any] = {"cachePolicyId": "one" if cache else CACHED}
    chosen |= {"originRequestPolicyId": "one"} if request else {}
    asked = Request(
        method="GET",
        path="/a",
        query="q=1&cursor=x&q=2",
        headers=(("accept", "a"), ("authorization", "b"), ("cookie", "a=1; b=2"), ("host", "h")),
        body=b"",
        client="127.0.0.1",
    )
    return forwarded(asked, policies(program, behaviour(**chosen)), "origin.example")


def test_without_a_word_nothing_is_passed_on_but_the_origins_own_name() -> None:
    got = passed(None, None)
    assert (got.query, tuple(got.headers)) == ("", (("host", "origin.example"),))


def test_a_cache_policy_passes_on_what_it_names() -> None:
    got = passed(
        {
            "headersConfig": {"headerBehavior": "whitelist", "headers": {"items": ["Accept"]}},
            "cookiesConfig": {"cookieBehavior": "whitelist", "cookies": {"items": ["b"]}},
            "queryStringsConfig": {
                "queryStringBehavior": "whitelist",
                "queryStrings": {"items": ["q"]},
            },
        },
        None,
    )
    assert got.query == "q=1&q=2"
    assert tuple(got.headers) == (("accept", "a"), ("cookie", "b=2"), ("host", "origin.example"))


def test_all_but_some_are_the_others() -> None:
    got = passed(
        None,
        {
            "headersConfig": {"headerBehavior": "allExcept", "headers": {"items": ["Host"]}},
            "cookiesConfig": {"cookieBehavior": "all"},
            "queryStringsConfig": {
                "queryStringBehavior": "allExcept",
                "queryStrings": {"items": ["q"]},
            },
        },
    )
    assert got.query == "cursor=x"
    assert dict(got.headers) == {
        "accept": "a",
        "authorization": "b",
        "cookie": "a=1; b=2",
        "host": "origin.example",
    }


def test_awss_own_headers_policy_is_known() -> None:
    chosen = behaviour(responseHeadersPolicyId="67f7725c-6f97-4210-82d7-5512b31e9d03")
    assert added_headers(Deployment(resources=()), chosen)["x-frame-options"] == "SAMEORIGIN"
    assert added_headers(Deployment(resources=()), behaviour()) == {}


def edge_program(code: str, *, associated: bool = True) -> tuple[Deployment, Behaviour]:
    function = Resource(
        type=declared.EDGE_FUNCTION,
        name="one",
        inputs={"code": code},
        id="one",
        outputs={"arn": "arn:one"},
    )
    run = [{"eventType": "viewer-request", "functionArn": "arn:one"}] if associated else []
    return Deployment(resources=(function,)), behaviour("/iiif/*", functionAssociations=run)


ASKED = Request(
    method="GET",
    path="/iiif/3/a/info.json",
    query="",
    headers=(("x-labsight-host", "https://evil.example"), ("host", "127.0.0.1:8000")),
    body=b"",
    client="127.0.0.1",
)


def test_an_edge_function_of_ours_does_here_what_it_does_in_aws() -> None:
    (function,) = edge_functions.of_behaviour(*edge_program(EDGE_HOST.read_text()))
    said = [v for name, v in function(ASKED, "http").headers if name == "x-labsight-host"]
    assert said == ["http://127.0.0.1:8000"]


def test_an_edge_function_that_is_not_known_or_not_used_changes_nothing() -> None:
    changed = EDGE_HOST.read_text().replace("https://", "http://")
    assert edge_functions.of_behaviour(*edge_program(changed)) == ()
    unused = edge_program(EDGE_HOST.read_text(), associated=False)
    assert edge_functions.of_behaviour(*unused) == ()


def test_pages_of_other_sites_are_told_what_the_policy_says() -> None:
    policy = resource(
        declared.HEADERS_POLICY,
        corsConfig={
            "accessControlAllowOrigins": {"items": ["*"]},
            "accessControlExposeHeaders": {"items": ["ETag", "Link"]},
        },
    )
    told = added_headers(Deployment(resources=(policy,)), behaviour(responseHeadersPolicyId="one"))
    assert told["access-control-allow-origin"] == "*"
    assert told["access-control-expose-headers"] == "ETag, Link"
