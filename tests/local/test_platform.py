"""The tiny program, running: requests and events take the ways that it declares."""

import http.client
import io
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from local.client import Client
from local.events import failed_ids
from local.start import Platform

from .conftest import run_tiny


@pytest.fixture(scope="module")
def told() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(scope="module")
def platform(told: io.StringIO) -> Iterator[Platform]:
    with run_tiny("", told, told) as running:
        yield running


@pytest.fixture
def client(platform: Platform) -> Iterator[Client]:
    with closing(Client(platform.address)) as client:
        yield client


def put(platform: Platform, *names: str) -> None:
    bucket = platform.deployment.exports["archive_bucket"]
    for name in names:
        platform.cloud.s3.put_object(Bucket=bucket, Key=f"slides/{name}", Body=b"a")


def done(platform: Platform) -> set[str]:
    bucket = platform.deployment.exports["archive_bucket"]
    listed = platform.cloud.s3.list_objects_v2(Bucket=bucket, Prefix="done/slides/")
    return {entry["Key"].removeprefix("done/slides/") for entry in listed.get("Contents", ())}


def dead(platform: Platform) -> dict[str, int]:
    """Return the dead letters by object name, with how often each was received before."""
    url = platform.cloud.sqs.get_queue_url(QueueName="dead-local")["QueueUrl"]
    found = {}
    while messages := platform.cloud.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            name = json.loads(message["Body"])["detail"]["object"]["key"].removeprefix("slides/")
            found[name] = int(message["Attributes"]["ApproximateReceiveCount"]) - 1
    return found


def wait_for(look: Any, wanted: Any, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)


def test_the_declared_call_is_made_when_the_platform_starts(
    platform: Platform, told: io.StringIO
) -> None:
    assert platform.deployment.exports["api_url"] == platform.address
    assert 'migration      {"revision": "head"}' in told.getvalue()


def test_a_request_reaches_the_function_of_its_route(client: Client) -> None:
    reply = client.get("/api/things/7?q=a%20b")
    event = reply.json()["event"]
    assert reply.headers["content-type"] == "application/json"
    assert event["routeKey"] == "GET /api/things/{id}"
    assert event["pathParameters"] == {"id": "7"}
    assert event["rawQueryString"] == "q=a%20b"


def test_a_greedy_route_takes_the_rest_of_a_path(client: Client) -> None:
    event = client.get("/api/a/b%20c/d").json()["event"]
    assert event["routeKey"] == "GET /api/{proxy+}"
    assert event["pathParameters"] == {"proxy": "a/b c/d"}
    assert event["rawPath"] == "/api/a/b%20c/d"


def test_a_binary_answer_arrives_as_bytes(client: Client) -> None:
    reply = client.get("/api/binary")
    assert reply.body == bytes(range(256))
    assert (reply.headers["content-type"], reply.headers["etag"]) == ("image/jpeg", '"e"')
    assert reply.headers["content-length"] == "256"


def test_another_name_for_this_machine_is_refused(platform: Platform) -> None:
    connection = http.client.HTTPConnection(platform.address.removeprefix("http://"))
    connection.request("GET", "/api/things/7", headers={"Host": "evil.example"})
    reply = connection.getresponse()
    assert (reply.status, reply.headers["content-type"]) == (421, "application/problem+json")
    connection.close()


def test_cookies_become_headers(client: Client) -> None:
    reply = client.get("/api/cookies")
    assert (reply.status, reply.headers["set-cookie"]) == (204, "b=2")


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/api/large", 500, "Lambda gives 6 MB back"),
        ("/api/malformed", 500, "its answer is no HTTP response"),
        ("/api/raises", 500, "function web: ValueError: no such thing"),
        ("/api/crashes", 500, "the process ended with status 9"),
        ("/api/hangs", 504, "timed out after 1 s"),
        ("/api", 404, "no declared route takes GET /api"),
    ],
)
def test_an_error_is_a_problem_document(
    client: Client, path: str, status: int, detail: str
) -> None:
    reply = client.get(path)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.status == status
    document = reply.json()
    assert document["status"] == status
    assert detail in document["detail"]


def test_replies_are_not_held_back_by_the_network_stack(client: Client) -> None:
    client.get("/api")
    assert statistics.median(client.get("/api").milliseconds for _ in range(11)) < 30


def test_a_new_object_is_handled_once(platform: Platform) -> None:
    put(platform, "good-1.svs", "good 2 ä.svs")
    wait_for(lambda: done(platform) >= {"good-1.svs", "good 2 ä.svs"}, True)
    assert not {"good-1.svs", "good 2 ä.svs"} & dead(platform).keys()


def test_what_keeps_failing_becomes_a_dead_letter_and_the_queue_moves_on(
    platform: Platform,
) -> None:
    # The queue takes a message back after 1 s and gives it up after 2 tries.
    put(platform, "poison.svs", "raise.svs", "crash.svs", "hang.svs", "unknown.svs")
    expected = {"poison.svs", "raise.svs", "crash.svs", "hang.svs", "unknown.svs"}
    letters: dict[str, int] = {}
    wait_for(lambda: (letters.update(dead(platform)), set(letters))[1], expected)
    assert letters["poison.svs"] == 2
    put(platform, "after.svs")
    wait_for(lambda: "after.svs" in done(platform), True)
    assert done(platform).isdisjoint(expected)


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": "x"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b"}),
        ({"batchItemFailures": [{"id": "a"}]}, {"a", "b"}),
        ({"batchItemFailures": "all"}, {"a", "b"}),
        ("all fine", {"a", "b"}),
    ],
)
def test_a_report_that_cannot_be_understood_fails_the_whole_batch(
    answer: Any, failed: set[str]
) -> None:
    assert failed_ids(answer, ["a", "b"]) == failed
