"""The pages of the sign-in: what they show, what they refuse, where they lead."""

import json
from urllib.parse import urlencode

import pytest
from starlette.responses import Response

from local.login import Login
from local.payload import Request
from local.sign_in import SignIn

from .test_login import CLIENT, QUERY, code, form


@pytest.fixture
def authority() -> Login:
    return Login([CLIENT])


def ask(authority: Login, method: str, path: str, fields: dict[str, str]) -> Response:
    text = urlencode(fields)
    asked = Request(
        method=method,
        path=path,
        query=text if method == "GET" else "",
        headers=(),
        body=text.encode() if method == "POST" else b"",
        client="127.0.0.1",
    )
    pages = SignIn(authority)
    assert pages.takes(asked)
    return pages.answer(asked)


def body(response: Response) -> str:
    return bytes(response.body).decode()


def test_the_page_offers_the_declared_groups_and_says_what_it_is(authority: Login) -> None:
    page = ask(authority, "GET", "/oauth2/authorize", QUERY)
    assert page.status_code == 200
    assert "stands in for the login" in body(page)
    assert body(page).index(">viewer</button>") < body(page).index(">technician</button>")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_what_the_browser_brings_stays_text(authority: Login) -> None:
    page = ask(authority, "GET", "/oauth2/authorize", {**QUERY, "state": '"><script>x</script>'})
    assert "<script>" not in body(page)
    refused = ask(authority, "GET", "/oauth2/authorize", {**QUERY, "redirect_uri": "<b>x"})
    assert "<b>" not in body(refused)


def test_a_refusal_never_leads_anywhere(authority: Login) -> None:
    refused = ask(authority, "GET", "/oauth2/authorize", {**QUERY, "redirect_uri": "http://evil/"})
    assert refused.status_code == 400
    assert "location" not in refused.headers
    assert "callback_urls: https://127.0.0.1:8080/" in body(refused)


def test_choosing_a_role_leads_back(authority: Login) -> None:
    chosen = ask(authority, "POST", "/oauth2/authorize", {**QUERY, "role": "viewer"})
    assert chosen.status_code == 303
    assert chosen.headers["location"].startswith("http://127.0.0.1:8080/?code=")
    unknown = ask(authority, "POST", "/oauth2/authorize", {**QUERY, "role": "root"})
    assert (unknown.status_code, "location" in unknown.headers) == (400, False)


def test_tokens_and_refusals_are_told_as_oauth_does(authority: Login) -> None:
    good = ask(authority, "POST", "/oauth2/token", form(code(authority)))
    assert json.loads(body(good))["token_type"] == "Bearer"
    assert good.headers["cache-control"] == "no-store"
    bad = ask(authority, "POST", "/oauth2/token", form("unknown"))
    assert (bad.status_code, json.loads(body(bad))["error"]) == (400, "invalid_grant")


def test_revoking_ends_a_refresh_token(authority: Login) -> None:
    refresh = authority.tokens(form(code(authority)))["refresh_token"]
    assert ask(authority, "POST", "/oauth2/revoke", {"token": refresh}).status_code == 200
    wish = {"grant_type": "refresh_token", "client_id": "web", "refresh_token": refresh}
    assert ask(authority, "POST", "/oauth2/token", wish).status_code == 400


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"client_id": "web", "logout_uri": "http://127.0.0.1:8080/"}, 303),
        ({"client_id": "web", "logout_uri": "http://evil.example/"}, 400),
        ({"client_id": "web"}, 400),
        ({"client_id": "other", "logout_uri": "http://127.0.0.1:8080/"}, 400),
    ],
)
def test_signing_out_leads_to_a_declared_address_alone(
    authority: Login, fields: dict[str, str], status: int
) -> None:
    assert ask(authority, "GET", "/logout", fields).status_code == status
