"""The program with an edge, running: who gets in where, and what reaches whom."""

import http.client
import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from local.client import Client
from local.start import Platform
from tests.support.edge_program import run_edge

Headers = dict[str, str]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    web = tmp_path_factory.mktemp("web")
    (web / "assets").mkdir()
    for name in ("index.html", "viewer.html", "assets/app-1a2b.js", "config.json"):
        (web / name).write_text(f"built {name}")
    with run_edge(web, io.StringIO()) as running:
        yield running


@pytest.fixture(scope="module")
def technician(platform: Platform) -> Headers:
    with closing(Client(platform.address, "technician")) as client:
        return client.carried()


def ask(
    platform: Platform, path: str, headers: Headers | None = None, method: str = "GET"
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(platform.address.removeprefix("http://"), timeout=20)
    with closing(connection):
        connection.request(method, path, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()


def event(platform: Platform, path: str, headers: Headers, method: str = "GET") -> Any:
    status, _, body = ask(platform, path, headers, method)
    assert status == 200, body
    return json.loads(body)["event"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/", "built index.html"),
        ("/viewer.html?slide=a", "built viewer.html"),
        ("/assets/app-1a2b.js", "built assets/app-1a2b.js"),
    ],
)
def test_the_site_is_open_and_carries_the_declared_headers(
    platform: Platform, path: str, content: str
) -> None:
    status, headers, body = ask(platform, path)
    assert (status, body.decode()) == (200, content)
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["content-security-policy"] == "default-src 'self'"  # http would be upgraded
    assert headers["x-lab"] == "one"


def test_a_declared_object_goes_before_a_built_file_and_signs_in_here(platform: Platform) -> None:
    _, headers, body = ask(platform, "/config.json")
    login = json.loads(body)["login"]
    assert login["authority"] == platform.address
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/gone.html", "/..%2f..%2fetc%2fpasswd", "/a%00", "/%ff"])
def test_a_file_that_is_not_there_is_refused_as_s3_does(platform: Platform, path: str) -> None:
    status, headers, _ = ask(platform, path)
    assert (status, headers["content-type"]) == (403, "application/problem+json")


def test_the_open_route_asks_nobody(platform: Platform) -> None:
    assert "authorizer" not in event(platform, "/healthz", {})["requestContext"]


def test_a_route_with_an_authorizer_gets_the_claims_as_text(
    platform: Platform, technician: Headers
) -> None:
    seen = event(platform, "/api/slides/7?q=a%20b&x=1", technician)
    claims = seen["requestContext"]["authorizer"]["jwt"]["claims"]
    assert claims["cognito:groups"] == "[technician]"
    assert claims["exp"].isdecimal()
    assert seen["routeKey"] == "GET /api/{proxy+}"
    assert seen["rawQueryString"] == "q=a%20b&x=1"
    assert seen["headers"]["host"].endswith(".execute-api.eu-central-1.amazonaws.com")


@pytest.mark.parametrize(
    ("authorization", "detail"),
    [
        (None, "carries no token"),
        ("Bearer", "cannot be verified"),
        ("Bearer a.b.c", "cannot be verified"),
    ],
)
def test_without_a_good_token_the_api_is_closed(
    platform: Platform, authorization: str | None, detail: str
) -> None:
    headers = {"authorization": authorization} if authorization else {}
    status, told, body = ask(platform, "/api/slides", headers)
    assert (status, detail in json.loads(body)["detail"]) == (401, True)
    assert told["www-authenticate"].startswith("Bearer")


def test_a_damaged_token_is_refused(platform: Platform, technician: Headers) -> None:
    damaged = technician["authorization"][:-8] + "AAAAAAAA"
    assert ask(platform, "/api/slides", {"authorization": damaged})[0] == 401


def test_a_token_opens_no_tiles_and_cookies_open_no_api(
    platform: Platform, technician: Headers
) -> None:
    token = {"authorization": technician["authorization"]}
    assert ask(platform, "/slides/a/slide.json", token)[0] == 403
    assert ask(platform, "/api/slides", {"cookie": technician["cookie"]})[0] == 401


def test_tiles_reach_their_function_with_what_the_cache_policy_names(
    platform: Platform, technician: Headers
) -> None:
    headers = {**technician, "if-none-match": '"e"', "accept": "image/jpeg"}
    seen = event(platform, "/slides/a/slide.json?v=2&w=3", headers)
    assert (seen["routeKey"], seen["rawQueryString"]) == ("$default", "v=2")
    assert seen["headers"]["if-none-match"] == '"e"'
    assert not {"accept", "authorization", "cookie"} & seen["headers"].keys()
    assert "cookies" not in seen
    assert seen["headers"]["host"].endswith(".lambda-url.eu-central-1.on.aws")


@pytest.mark.parametrize("cookie", ["Policy", "Signature", "Key-Pair-Id"])
def test_each_cookie_counts(platform: Platform, technician: Headers, cookie: str) -> None:
    cookies = [
        c for c in technician["cookie"].split("; ") if not c.startswith(f"CloudFront-{cookie}=")
    ]
    changed = [*cookies, f"CloudFront-{cookie}=AAAA"]
    assert ask(platform, "/slides/a", {"cookie": "; ".join(cookies)})[0] == 403
    assert ask(platform, "/slides/a", {"cookie": "; ".join(changed)})[0] == 403


def test_cookies_run_out(platform: Platform, technician: Headers) -> None:
    _, headers, _ = ask(platform, "/api/session?seconds=0", technician, "POST")
    cookies = [value.partition(";")[0] for value in headers.get_all("set-cookie", [])]
    status, _, body = ask(platform, "/slides/a", {"cookie": "; ".join(cookies)})
    assert (status, "expired" in json.loads(body)["detail"]) == (403, True)


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("DELETE", "/slides/a")])
def test_a_method_that_the_behaviour_does_not_allow_is_refused(
    platform: Platform, technician: Headers, method: str, path: str
) -> None:
    status, _, body = ask(platform, path, technician, method)
    assert (status, f"no {method} through" in json.loads(body)["detail"]) == (403, True)


def test_a_path_without_a_route_is_not_found(platform: Platform, technician: Headers) -> None:
    assert ask(platform, "/api/a", technician, "PUT")[0] == 404


def test_a_body_over_6_mb_is_refused(platform: Platform, technician: Headers) -> None:
    connection = http.client.HTTPConnection(platform.address.removeprefix("http://"), timeout=20)
    with closing(connection):
        connection.request("PATCH", "/api/a", b"x" * (6 << 20) + b"x", technician)
        assert connection.getresponse().status == 413


def test_a_client_signs_in_by_itself_and_renews(platform: Platform) -> None:
    with closing(Client(platform.address, "viewer")) as client:
        first = client.carried()
        assert client.get("/api/slides").status == 200
        assert client.get("/slides/a").status == 200
        visitor = client._visitor
        assert visitor is not None
        visitor._token_until = visitor._cookies_until = 0.0
        assert client.carried()["authorization"] != first["authorization"]
        assert client.get("/slides/a").status == 200


def test_the_declared_addresses_fit_together(platform: Platform) -> None:
    host = platform.address.removeprefix("http://")
    assert platform.deployment.exports["viewer_url"] == f"https://{host}"
