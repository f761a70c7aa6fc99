"""The authority: codes for wishes that are in order, tokens for codes, claims of its own tokens."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local import login
from local.login import Client, Login, Refused

VERIFIER = "a-verifier-that-is-long-enough-for-anybody"
CLIENT = Client(
    id="web",
    issuer="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a",
    groups=("viewer", "technician"),
    callbacks=frozenset({"https://127.0.0.1:8080/"}),
    logouts=frozenset({"https://127.0.0.1:8080/"}),
    scopes=frozenset({"openid", "email"}),
)
QUERY = {
    "client_id": "web",
    "response_type": "code",
    "redirect_uri": "http://127.0.0.1:8080/",
    "scope": "openid email",
    "state": "a state",
    "nonce": "a nonce",
    "code_challenge": login.challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


class Clock:
    """A time that the test moves."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(clock: Clock) -> Login:
    return Login([CLIENT], clock)


def code(authority: Login, role: str = "technician") -> str:
    address = authority.granted(authority.wish(QUERY), role)
    return parse_qs(urlsplit(address).query)["code"][0]


def form(given: str, **different: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": "web",
        "redirect_uri": "http://127.0.0.1:8080/",
        "code": given,
        "code_verifier": VERIFIER,
        **different,
    }


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert login.challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("different", "detail"),
    [
        ({"client_id": "other"}, "client_id is no declared user pool client"),
        ({"redirect_uri": "http://127.0.0.1:9090/"}, "is none of the client's callback_urls"),
        ({"redirect_uri": ""}, "is none of the client's callback_urls"),
        ({"redirect_uri": "http://127.0.0.1:8080/x"}, "is none of the client's callback_urls"),
        ({"response_type": "token"}, "response_type has to be code"),
        ({"code_challenge": ""}, "a code_challenge with the method S256 is needed"),
        ({"code_challenge_method": "plain"}, "a code_challenge with the method S256 is needed"),
        ({"state": ""}, "a state is needed"),
        ({"scope": "openid phone"}, "scope: phone is not declared"),
    ],
)
def test_a_wish_that_is_not_in_order_is_refused(
    authority: Login, different: dict[str, str], detail: str
) -> None:
    with pytest.raises(Refused, match=re.escape(detail)):
        authority.wish({**QUERY, **different})


def test_a_role_that_is_no_group_is_refused(authority: Login) -> None:
    with pytest.raises(Refused, match="role 'admin' is no declared group"):
        authority.granted(authority.wish(QUERY), "admin")


def test_the_browser_goes_back_with_its_state(authority: Login) -> None:
    address = authority.granted(authority.wish(QUERY), "viewer")
    assert address.startswith("http://127.0.0.1:8080/?code=")
    assert parse_qs(urlsplit(address).query)["state"] == ["a state"]


def test_a_code_gives_tokens_with_the_claims_of_cognito(authority: Login, clock: Clock) -> None:
    tokens = authority.tokens(form(code(authority)))
    access, identity = (authority.claims(tokens[kind]) for kind in ("access_token", "id_token"))
    assert access["iss"] == identity["iss"] == CLIENT.issuer
    assert (access["client_id"], access["token_use"], access["scope"]) == (
        "web",
        "access",
        "openid email",
    )
    assert "aud" not in access
    assert access["cognito:groups"] == ["technician"]
    assert access["exp"] == clock.now + 3600 == clock.now + tokens["expires_in"]
    assert (identity["aud"], identity["token_use"], identity["nonce"]) == ("web", "id", "a nonce")
    assert identity["email"] == "technician@example.org"


@pytest.mark.parametrize(
    "different",
    [
        {"code_verifier": "another verifier"},
        {"code_verifier": ""},
        {"client_id": "other"},
        {"redirect_uri": "http://127.0.0.1:8080/other"},
        {"code": "unknown"},
    ],
)
def test_a_code_is_good_for_its_own_request_alone(
    authority: Login, different: dict[str, str]
) -> None:
    with pytest.raises(Refused) as refused:
        authority.tokens(form(code(authority), **different))
    assert refused.value.error == "invalid_grant"


def test_a_code_works_once(authority: Login) -> None:
    given = code(authority)
    authority.tokens(form(given))
    with pytest.raises(Refused, match="was used before"):
        authority.tokens(form(given))


def test_a_code_is_burnt_by_a_wrong_verifier(authority: Login) -> None:
    given = code(authority)
    for verifier in ("wrong", VERIFIER):
        with pytest.raises(Refused):
            authority.tokens(form(given, code_verifier=verifier))


def test_a_code_runs_out(authority: Login, clock: Clock) -> None:
    given = code(authority)
    clock.now += 301
    with pytest.raises(Refused, match="has run out"):
        authority.tokens(form(given))


def test_a_refresh_token_gives_tokens_until_it_is_revoked(authority: Login, clock: Clock) -> None:
    first = authority.tokens(form(code(authority)))
    wish = {
        "grant_type": "refresh_token",
        "client_id": "web",
        "refresh_token": first["refresh_token"],
    }
    clock.now += 3700
    with pytest.raises(Refused, match="run out"):
        authority.claims(first["access_token"])
    second = authority.tokens(wish)
    assert authority.claims(second["access_token"])["cognito:groups"] == ["technician"]
    assert "refresh_token" not in second
    with pytest.raises(Refused, match="another client_id"):
        authority.tokens({**wish, "client_id": "other"})
    authority.revoke(first["refresh_token"])
    with pytest.raises(Refused, match="unknown or has run out"):
        authority.tokens(wish)


def test_a_refresh_token_runs_out(clock: Clock) -> None:
    authority = Login([replace(CLIENT, refresh_seconds=100.0)], clock)
    refresh = authority.tokens(form(code(authority)))["refresh_token"]
    clock.now += 101
    with pytest.raises(Refused, match="unknown or has run out"):
        authority.tokens(
            {"grant_type": "refresh_token", "client_id": "web", "refresh_token": refresh}
        )


def test_another_grant_is_refused(authority: Login) -> None:
    with pytest.raises(Refused, match="grant_type"):
        authority.tokens({"grant_type": "password"})


def test_a_token_of_another_run_is_refused(authority: Login) -> None:
    other = Login([CLIENT])
    with pytest.raises(Refused, match="cannot be verified"):
        authority.claims(other.tokens(form(code(other)))["access_token"])


@pytest.mark.parametrize("token", ["", "a.b.c", "not a token", "e30.e30."])
def test_what_is_no_token_is_refused(authority: Login, token: str) -> None:
    with pytest.raises(Refused, match="cannot be verified"):
        authority.claims(token)


def test_claims_reach_a_function_as_text() -> None:
    claims: dict[str, Any] = {"cognito:groups": ["viewer", "admin"], "exp": 7, "sub": "a"}
    assert login.as_claims(claims) == {"cognito:groups": "[viewer admin]", "exp": "7", "sub": "a"}


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(None, None, 5.0), (12, "hours", 43200.0), (15, "minutes", 900.0), (2, None, 7200.0)],
)
def test_a_validity_is_read_in_its_unit(value: Any, unit: Any, expected: float) -> None:
    assert login.seconds(value, unit, 5.0) == expected


def test_a_key_pair_is_new_each_time() -> None:
    (private, public), (other, _) = login.key_pair(), login.key_pair()
    assert private.startswith("-----BEGIN PRIVATE KEY-----")
    assert public.startswith("-----BEGIN PUBLIC KEY-----")
    assert private != other
