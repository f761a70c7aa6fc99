"""The web app and the API at one address."""

from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from local.errors import FunctionFailed
from local.front import Front, Target
from local.functions import Pool
from local.process import MAX_PAYLOAD
from local.routes import Route


class Answering:
    """A function that answers by itself, in place of its processes."""

    class function:  # noqa: N801  stands for an attribute
        name = "web"

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.events: list[Any] = []

    def invoke(self, event: Any) -> Any:
        self.events.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def web(tmp_path: Path) -> Path:
    for name, content in (
        ("dist/index.html", "<p>list</p>"),
        ("dist/viewer.html", "<p>viewer</p>"),
        ("dist/assets/app-1a2b.js", "app()"),
        ("dist/api/shadow.txt", "never"),
        ("secret.txt", "not to be seen"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path / "dist"


def client(web: Path | None, answer: Any = None, *keys: str) -> tuple[TestClient, Answering]:
    pool = Answering(answer)
    target = Target("api", cast("Pool", pool))
    declared = [Route(key, target) for key in keys or ("GET /api/{proxy+}", "POST /api/{proxy+}")]
    return TestClient(Front(declared, web, lambda _line: None).app), pool


@pytest.mark.parametrize(
    ("path", "content", "cache"),
    [
        ("/", "<p>list</p>", "no-cache"),
        ("/viewer.html?slide=a", "<p>viewer</p>", "no-cache"),
        ("/a/page/of/the/app", "<p>list</p>", "no-cache"),
        ("/assets/app-1a2b.js", "app()", "public, max-age=31536000, immutable"),
    ],
)
def test_the_web_app_is_served_with_its_cache_rule(
    web: Path, path: str, content: str, cache: str
) -> None:
    browser, _ = client(web)
    reply = browser.get(path)
    assert (reply.status_code, reply.text) == (200, content)
    assert reply.headers["cache-control"] == cache


@pytest.mark.parametrize(
    "path",
    ["/assets/gone.js", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/a%00.txt", "/api", "/api/"],
)
def test_what_is_not_there_is_a_problem_document(web: Path, path: str) -> None:
    browser, _ = client(web)
    reply = browser.get(path)
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_route_goes_before_a_file_of_the_same_path(web: Path) -> None:
    browser, _ = client(web, {"from": "function"})
    assert browser.get("/api/shadow.txt").json() == {"from": "function"}


def test_a_route_for_everything_leaves_the_web_app_its_files(web: Path) -> None:
    browser, _ = client(web, {"from": "function"}, "ANY /{proxy+}")
    assert browser.get("/viewer.html").text == "<p>viewer</p>"
    assert browser.get("/elsewhere").json() == {"from": "function"}


def test_a_method_without_a_route_is_not_found(web: Path) -> None:
    browser, pool = client(web)
    assert browser.delete("/api/slides").status_code == 404
    assert browser.post("/").status_code == 404
    assert pool.events == []


def test_without_a_built_web_app_the_api_still_answers() -> None:
    browser, _ = client(None, {"from": "function"})
    assert browser.get("/api/slides").json() == {"from": "function"}
    assert "`make demo` builds it" in browser.get("/").json()["detail"]


def test_a_body_over_6_mb_does_not_reach_the_function(web: Path) -> None:
    browser, pool = client(web)
    assert browser.post("/api/slides", content=b"x" * (MAX_PAYLOAD + 1)).status_code == 413
    assert pool.events == []


def test_a_body_reaches_the_function(web: Path) -> None:
    browser, pool = client(web)
    browser.post("/api/slides?a=1", json={"review": "ready"})
    [event] = pool.events
    assert event["body"] == '{"review":"ready"}'
    assert event["requestContext"]["http"]["method"] == "POST"


def test_the_head_of_an_answer_keeps_the_length_that_the_function_tells(web: Path) -> None:
    answer = {"statusCode": 200, "headers": {"Content-Length": "42", "ETag": '"v"'}}
    browser, _ = client(web, answer, "HEAD /api/{proxy+}", "GET /api/{proxy+}")
    assert browser.head("/api/tile.jpg").headers["content-length"] == "42"
    assert browser.get("/api/tile.jpg").headers["content-length"] == "0"


@pytest.mark.parametrize(
    ("kind", "status"),
    [("ValueError", 500), ("Sandbox.Timedout", 504), ("RequestTooLarge", 413)],
)
def test_a_failed_function_is_told_with_its_words(web: Path, kind: str, status: int) -> None:
    browser, _ = client(web, FunctionFailed("function web: no", kind=kind))
    reply = browser.get("/api/slides")
    assert reply.status_code == status
    assert reply.json()["detail"] == "function web: no"
