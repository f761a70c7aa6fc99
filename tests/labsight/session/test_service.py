from http.cookies import SimpleCookie
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from labsight.errors import NotPermitted, StorageUnavailable
from labsight.session.cookies import verify
from labsight.session.secret import KEPT_SECONDS, KeptSecret
from labsight.session.service import Sessions
from tests.labsight.session.test_cookies import ID, NOW, PRIVATE, PUBLIC, URL

VIEWER = {"cognito:groups": "[viewer]"}


def sessions() -> Sessions:
    return Sessions(lambda: PRIVATE, ID, clock=lambda: NOW + 0.9)


def held(set_cookies: list[str]) -> dict[str, str]:
    """What a browser keeps of the answer."""
    jar: SimpleCookie = SimpleCookie()
    for one in set_cookies:
        jar.load(one)
    return {name: morsel.value for name, morsel in jar.items()}


def test_a_session_opens_tiles_for_an_hour() -> None:
    cookies = held(sessions().open(VIEWER))
    verify(cookies, PUBLIC, ID, URL, NOW + 3599)
    with pytest.raises(NotPermitted, match="expired"):
        verify(cookies, PUBLIC, ID, URL, NOW + 3600)


def test_no_script_no_other_site_and_no_open_line_sees_the_cookies() -> None:
    for one in [*sessions().open(VIEWER), *Sessions.close()]:
        assert "; Secure; HttpOnly; SameSite=Strict" in one
        assert "; Path=/;" in one
        assert "Domain" not in one


def test_closing_makes_the_browser_forget_all_three() -> None:
    assert [one.split(";")[:2] for one in Sessions.close()] == [
        ["CloudFront-Policy=", " Max-Age=0"],
        ["CloudFront-Signature=", " Max-Age=0"],
        ["CloudFront-Key-Pair-Id=", " Max-Age=0"],
    ]


def test_nobody_without_a_role_gets_a_session() -> None:
    for claims in ({}, {"cognito:groups": "[guest]"}, {"groups": "[viewer]"}):
        with pytest.raises(NotPermitted, match="ask an administrator"):
            sessions().open(claims)


class Secrets:
    """A Secrets Manager that counts."""

    def __init__(self) -> None:
        self.value, self.asked = "first", 0
        self.failure: Exception | None = None

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803 - AWS's spelling
        assert SecretId == "arn:secret"
        self.asked += 1
        if self.failure:
            raise self.failure
        return {"SecretString": self.value}


def test_the_key_is_fetched_once_in_some_minutes_and_a_new_one_is_found() -> None:
    client, now = Secrets(), [0.0]
    secret = KeptSecret("arn:secret", client, clock=lambda: now[0])
    assert (client.asked, secret(), secret()) == (0, "first", "first")
    client.value, now[0] = "second", KEPT_SECONDS - 1
    assert (secret(), client.asked) == ("first", 1)
    now[0] = KEPT_SECONDS
    assert (secret(), client.asked) == ("second", 2)


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "arn"}}, "Get"),
        ConnectTimeoutError(endpoint_url="https://secretsmanager"),
    ],
)
def test_a_key_that_cannot_be_read_is_told_and_asked_for_again(failure: Exception) -> None:
    client = Secrets()
    secret = KeptSecret("arn:secret", client)
    client.failure = failure
    with pytest.raises(StorageUnavailable, match="try again in a moment") as caught:
        secret()
    assert "arn" not in caught.value.message
    client.failure = None
    assert secret() == "first"
