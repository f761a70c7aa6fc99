import asyncio
from typing import Any

import httpx2 as httpx
import pytest

from labsight.api import roles
from labsight.api.app import create_app
from labsight.catalog import Catalog


def asked(catalog: Catalog, path: str, event: Any = None, **options: Any) -> httpx.Response:
    """Send a request as Mangum would: with the event that brought it."""
    app = create_app(lambda: catalog, **options)

    async def with_event(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "aws.event": event}, receive, send)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=with_event)
        async with httpx.AsyncClient(transport=transport, base_url="https://api") as client:
            return await client.get(path)

    return asyncio.run(send())


def verified(groups: Any) -> dict[str, Any]:
    return {"requestContext": {"authorizer": {"jwt": {"claims": {"cognito:groups": groups}}}}}


@pytest.mark.parametrize("groups", ["[viewer]", "[technician]", "[admin]", "[other viewer]"])
def test_whoever_has_a_role_sees_slides(groups: str, catalog: Catalog) -> None:
    answer = asked(catalog, "/api/slides", verified(groups), check=roles.signed_in)
    assert answer.status_code == 200
    assert answer.json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": {"jwt": {"claims": ["viewer"]}}}},
        verified("[]"),
        verified("[guests]"),
    ],
)
@pytest.mark.parametrize("path", ["/api/slides", "/api/slides/aaaaaaaaaaaaaaaa"])
def test_whoever_has_none_is_told_so(event: Any, path: str, catalog: Catalog) -> None:
    answer = asked(catalog, path, event, check=roles.signed_in)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ask an administrator" in answer.json()["detail"]


def test_health_needs_no_role(catalog: Catalog) -> None:
    assert asked(catalog, "/healthz", check=roles.signed_in).status_code == 200


def test_a_machine_that_serves_its_own_user_asks_nobody(catalog: Catalog) -> None:
    assert asked(catalog, "/api/slides").status_code == 200
    assert asked(catalog, "/api/slides", verified("[]")).status_code == 200


def test_the_api_document_tells_of_the_refusal(catalog: Catalog) -> None:
    document = asked(catalog, "/api/openapi.json").json()
    assert "403" in document["paths"]["/api/slides"]["get"]["responses"]
