import base64
from typing import Any

import pytest

from local import payload
from local.errors import FunctionFailed


def event(**changed: Any) -> Any:
    request: dict[str, Any] = {
        "method": "GET",
        "path": "/api/a%20b",
        "query": "",
        "headers": [("Host", "127.0.0.1:8080"), ("Accept", "a"), ("accept", "b")],
        "body": b"",
        "client": "127.0.0.1",
    }
    return payload.event(
        payload.Request(**{**request, **changed}), "GET /api/{p+}", {"p": "a b"}, "x"
    )


def test_a_request_has_the_form_of_payload_2() -> None:
    made = event(query="q=1&q=2&empty=")
    assert made["version"] == "2.0"
    assert made["routeKey"] == "GET /api/{p+}"
    assert (made["rawPath"], made["rawQueryString"]) == ("/api/a%20b", "q=1&q=2&empty=")
    assert made["queryStringParameters"] == {"q": "1,2", "empty": ""}
    assert made["pathParameters"] == {"p": "a b"}
    assert made["headers"] == {"host": "127.0.0.1:8080", "accept": "a,b"}
    assert made["requestContext"]["http"]["method"] == "GET"
    assert "body" not in made


def test_cookies_stand_apart() -> None:
    made = event(headers=[("Cookie", "a=1; b=2")])
    assert made["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in made["headers"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=utf-8", "a/b+json"])
def test_text_travels_as_it_is(kind: str) -> None:
    made = event(body="ä".encode(), headers=[("content-type", kind)])
    assert (made["body"], made["isBase64Encoded"]) == ("ä", False)


@pytest.mark.parametrize("kind", ["image/jpeg", "application/json"])
def test_bytes_travel_as_base64(kind: str) -> None:
    made = event(body=b"\xff\xd8", headers=[("content-type", kind)])
    assert base64.b64decode(made["body"]) == b"\xff\xd8"
    assert made["isBase64Encoded"]


def test_an_answer_without_status_is_the_body() -> None:
    answer = payload.answer({"a": 1}, "web")
    assert (answer.status, answer.body) == (200, b'{"a": 1}')
    assert answer.headers == (("content-type", "application/json"),)


def test_an_encoded_answer_is_decoded() -> None:
    body = base64.b64encode(b"\xff\xd8").decode()
    answer = payload.answer({"statusCode": 201, "body": body, "isBase64Encoded": True}, "web")
    assert (answer.status, answer.body) == (201, b"\xff\xd8")


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "two hundred"},
        {"statusCode": 200, "body": 7},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
    ],
)
def test_an_answer_that_is_no_response_names_the_function(value: Any) -> None:
    with pytest.raises(FunctionFailed, match="function web: its answer is no HTTP response"):
        payload.answer(value, "web")
