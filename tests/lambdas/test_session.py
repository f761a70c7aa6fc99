"""The session function as API Gateway calls it."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from labsight.errors import SettingsError
from labsight.session.cookies import verify
from tests.labsight.session.test_cookies import ID, PRIVATE, PUBLIC, URL
from tests.labsight.session.test_service import held

FOREVER = 0  # before any cookie expires


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LABSIGHT_KEY_PAIR_ID": ID,
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("secretsmanager")
        arn = client.create_secret(Name="signing", SecretString=PRIVATE)["ARN"]
        monkeypatch.setenv("LABSIGHT_SIGNING_SECRET", arn)
        yield client
        client.close()


@pytest.fixture
def start(secrets: Any) -> Callable[[], ModuleType]:  # noqa: ARG001 - its settings come first
    """Starts the function anew, as Lambda does: its settings are read when it starts."""

    def started() -> ModuleType:
        sys.modules.pop("lambdas.session.handler", None)
        return importlib.import_module("lambdas.session.handler")

    return started


def request(method: str, groups: str | None) -> dict[str, Any]:
    claims = {"sub": "1", **({"cognito:groups": groups} if groups else {})}
    return {
        "version": "2.0",
        "routeKey": f"{method} /api/session",
        "rawPath": "/api/session",
        "requestContext": {
            "http": {"method": method, "path": "/api/session"},
            "authorizer": {"jwt": {"claims": claims, "scopes": None}},
        },
    }


def test_whoever_signed_in_gets_cookies_that_open_tiles(start: Callable[[], ModuleType]) -> None:
    function = start()
    for _ in range(2):
        answer = function.handle(request("POST", "[viewer]"), None)
        assert (answer["statusCode"], answer["body"]) == (204, "")
        assert answer["headers"] == {"cache-control": "no-store"}
        assert len(answer["cookies"]) == 3
        verify(held(answer["cookies"]), PUBLIC, ID, URL, FOREVER)


def test_whoever_is_in_no_group_is_refused_in_words(start: Callable[[], ModuleType]) -> None:
    answer = start().handle(request("POST", None), None)
    assert (answer["statusCode"], answer["cookies"]) == (403, [])
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert "ask an administrator" in json.loads(answer["body"])["detail"]


def test_a_request_that_nobody_verified_is_refused(start: Callable[[], ModuleType]) -> None:
    event = request("POST", "[admin]")
    del event["requestContext"]["authorizer"]
    assert start().handle(event, None)["statusCode"] == 403


def test_signing_out_clears_the_cookies(start: Callable[[], ModuleType]) -> None:
    answer = start().handle(request("DELETE", "[viewer]"), None)
    assert answer["statusCode"] == 204
    assert all("Max-Age=0" in one for one in answer["cookies"])


def test_a_key_that_is_away_is_told_as_something_that_passes(
    start: Callable[[], ModuleType], secrets: Any
) -> None:
    function = start()
    secrets.delete_secret(SecretId="signing", ForceDeleteWithoutRecovery=True)
    answer = function.handle(request("POST", "[viewer]"), None)
    assert answer["statusCode"] == 503
    assert "signing" not in json.loads(answer["body"])["detail"].replace("signs", "")


@pytest.mark.parametrize("missing", ["LABSIGHT_SIGNING_SECRET", "LABSIGHT_KEY_PAIR_ID"])
def test_a_missing_setting_is_named_when_the_function_starts(
    missing: str, start: Callable[[], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(SettingsError, match=f"{missing} is not set"):
        start()
