import logging
import unicodedata
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labsight import keys
from labsight.api.app import create_app
from labsight.catalog import Catalog, connect
from labsight.catalog.models import ImportState


@pytest.fixture
def client(catalog: Catalog) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: catalog), raise_server_exceptions=False) as client:
        yield client


def test_a_slide_is_listed_with_its_links(client: TestClient, catalog: Catalog) -> None:
    row = catalog.record(
        "slides/lab/case 1/a.svs",
        "x",
        import_state=ImportState.IMPORTED,
        version="0123abcd",
        width=10,
        height=20,
    )
    (item,) = client.get("/api/slides").json()["items"]
    assert item["filename"] == "a.svs"
    assert item["path"] == "case 1/a.svs"
    assert item["failure"] is None
    assert item["links"] == {
        "descriptor": f"/slides/{row.id}/slide.json",
        "thumbnail": f"/slides/{row.id}/thumbnail.jpg?v=0123abcd",
    }
    assert client.get(f"/api/slides/{row.id}").json() == item
    assert item["created_at"].endswith("Z")


def test_a_search_finds_composed_names_by_decomposed_words(
    client: TestClient, catalog: Catalog
) -> None:
    catalog.record("slides/lab/Färbung.svs", "x")
    decomposed = unicodedata.normalize("NFD", "Färbung")
    assert len(client.get("/api/slides", params={"q": decomposed}).json()["items"]) == 1


def test_a_failed_import_tells_why_and_links_nowhere(client: TestClient, catalog: Catalog) -> None:
    catalog.record(
        "slides/lab/a.svs",
        "x",
        import_state=ImportState.FAILED,
        failure_kind="damaged",
        failure_reason="it was cut off",
    )
    (item,) = client.get("/api/slides", params={"state": "failed"}).json()["items"]
    assert item["failure"] == {"kind": "damaged", "reason": "it was cut off"}
    assert item["links"] == {"descriptor": None, "thumbnail": None}


def test_pages_follow_the_cursor(client: TestClient, catalog: Catalog) -> None:
    for number in range(7):
        catalog.record(f"slides/lab/{number}.svs", "x")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(
            "/api/slides", params={"limit": 3, **({"cursor": cursor} if cursor else {})}
        )
        seen += [item["filename"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
    assert seen == [f"{number}.svs" for number in reversed(range(7))]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/slides?limit=0", 400, "limit"),
        ("/api/slides?limit=x", 400, "limit"),
        ("/api/slides?state=odd", 400, "state"),
        ("/api/slides?cursor=odd", 400, "next_cursor"),
        ("/api/slides/odd", 400, "16 characters"),
        ("/api/slides/aaaaaaaaaaaaaaaa", 404, "aaaaaaaaaaaaaaaa"),
        ("/api/slides/%00", 400, "16 characters"),
        ("/api/nothing", 404, "Not Found"),
        ("/api/slides/", 404, "Not Found"),
    ],
)
def test_errors_are_problem_documents(
    path: str, status: int, said: str, client: TestClient
) -> None:
    answer = client.get(path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/api/slides")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_database_that_is_away_is_said_and_health_still_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = Catalog(connect("postgresql+psycopg://nobody@/nothing?host=/nowhere"))
    client = TestClient(create_app(lambda: away), raise_server_exceptions=False)
    with caplog.at_level(logging.CRITICAL):
        answer = client.get("/api/slides")
    assert answer.status_code == 503
    assert "/nowhere" not in answer.text
    assert client.get("/healthz").json() == {"status": "ok"}


def test_an_unforeseen_error_shows_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Catalog:
        message = "inner workings"
        raise RuntimeError(message)

    client = TestClient(create_app(broken), raise_server_exceptions=False)
    answer = client.get("/api/slides")
    assert answer.status_code == 500
    assert "inner workings" not in answer.text
    assert "inner workings" in caplog.text


def test_the_api_document_is_served_and_names_problems(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {"/api/slides", "/api/slides/{slide_id}", "/healthz"}
    for path in ("/api/slides", "/api/slides/{slide_id}"):
        answers = document["paths"][path]["get"]["responses"]
        assert "application/problem+json" in answers["400"]["content"]
        assert "422" not in answers


texts = st.text(max_size=30) | st.sampled_from(["\0", "%", "_", "\\", "'", "日本", "x" * 201])


@settings(
    max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    query=st.dictionaries(st.sampled_from(["limit", "cursor", "q", "state"]), texts, max_size=4),
    rest=texts,
)
def test_no_request_makes_the_api_fail(
    query: dict[str, str], rest: str, client: TestClient, catalog: Catalog
) -> None:
    catalog.record("slides/lab/a.svs", "x")
    encodable = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    assert client.get("/api/slides", params=encodable).status_code < 500
    assert client.get(f"/api/slides/{keys.printable(rest)}").status_code < 500
