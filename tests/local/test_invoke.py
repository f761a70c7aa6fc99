"""Functions that call functions: Lambda's Invoke, as an AWS client sees it."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from labsight.errors import StorageUnavailable
from labsight.tiles.forward import Forward
from labsight.tiles.http import Request
from local.errors import FunctionFailed
from local.invoke import Invocations
from local.process import MAX_PAYLOAD

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:migrate-local"


class Function:
    """A pool's answers without its processes."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.called = threading.Event()

    def invoke(self, event: Any) -> Any:
        self.events.append(event)
        self.called.set()
        match event:
            case {"fails": str(kind)}:
                raise FunctionFailed(f"function migrate: {kind}: it went wrong", kind=kind)
        return {"got": event}


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def endpoint(function: Function, log: list[str]) -> Iterator[str]:
    pools: Any = {ARN: function}
    with Invocations(pools, log.append) as invocations:
        yield invocations.endpoint


@pytest.fixture
def client(endpoint: str) -> Iterator[Any]:
    made = boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield made
    made.close()


@pytest.mark.parametrize("name", ["migrate-local", ARN, f"{ARN}:$LATEST", "migrate-local:$LATEST"])
def test_a_function_is_called_by_name_or_arn_and_its_answer_comes_back(
    client: Any, name: str
) -> None:
    answer = client.invoke(FunctionName=name, Payload=b'{"a": 1}')
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read()) == {"got": {"a": 1}}


def test_a_call_without_an_event_brings_an_empty_one(client: Any, function: Function) -> None:
    client.invoke(FunctionName="migrate-local")
    assert function.events == [{}]


def test_a_failure_is_told_as_lambda_tells_it(client: Any) -> None:
    answer = client.invoke(FunctionName="migrate-local", Payload=b'{"fails": "LabsightError"}')
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {
        "errorMessage": "function migrate: LabsightError: it went wrong",
        "errorType": "LabsightError",
    }


def test_a_call_that_nobody_waits_for_is_accepted_and_made(client: Any, function: Function) -> None:
    answer = client.invoke(
        FunctionName="migrate-local", InvocationType="Event", Payload=b'{"a": 1}'
    )
    assert answer["StatusCode"] == 202
    assert function.called.wait(5)
    assert function.events == [{"a": 1}]


def test_one_that_fails_then_is_told_in_the_log(client: Any, log: list[str]) -> None:
    client.invoke(
        FunctionName="migrate-local", InvocationType="Event", Payload=b'{"fails": "ValueError"}'
    )
    deadline = time.monotonic() + 5
    while not log:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert log == ["function migrate: ValueError: it went wrong (nobody waited for this call)"]


def test_a_dry_run_calls_nothing(client: Any, function: Function) -> None:
    answer = client.invoke(FunctionName="migrate-local", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert function.events == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"FunctionName": "other"}, "ResourceNotFoundException"),
        ({"FunctionName": "migrate-local", "Payload": b"{"}, "InvalidRequestContentException"),
        (
            {"FunctionName": "migrate-local", "Payload": b'{"fails": "RequestTooLarge"}'},
            "RequestTooLargeException",
        ),
    ],
)
def test_what_lambda_refuses_has_lambda_s_name(
    client: Any, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        client.invoke(**arguments)
    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("length", ["-1", "many"])
def test_a_length_that_is_none_is_refused(endpoint: str, length: str) -> None:
    host = endpoint.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=5)) as connection:
        connection.putrequest("POST", "/2015-03-31/functions/migrate-local/invocations")
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == 400


def test_an_event_over_6_mb_is_refused_unread(endpoint: str, function: Function) -> None:
    request = urllib.request.Request(
        f"{endpoint}/2015-03-31/functions/migrate-local/invocations",
        data=b"",
        headers={"Content-Length": str(MAX_PAYLOAD + 1)},
        method="POST",
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    refused.value.close()
    assert refused.value.code == 413
    assert function.events == []


def test_other_calls_are_no_part_of_it(client: Any) -> None:
    with pytest.raises(ClientError) as refused:
        client.create_alias(FunctionName="migrate-local", Name="live", FunctionVersion="1")
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_the_tile_function_asks_the_file_function_this_way(
    endpoint: str, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_LAMBDA": endpoint,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }.items():
        monkeypatch.setenv(name, value)
    forward = Forward("migrate-local")
    with pytest.raises(StorageUnavailable, match="gave no answer"):  # this one speaks no HTTP
        forward(Request("GET", "/slides/a/tiles/0/0_0.jpg"))
    assert function.events[0]["rawPath"] == "/slides/a/tiles/0/0_0.jpg"
    client: Any = forward._client
    client.close()
