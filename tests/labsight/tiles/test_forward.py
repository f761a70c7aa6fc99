"""Requests that another function answers: what it is asked, and what becomes of its failures."""

import base64
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from labsight.errors import StorageUnavailable
from labsight.tiles import payload
from labsight.tiles.forward import Forward
from labsight.tiles.http import Request

REQUEST = Request(
    "HEAD",
    "/iiif/3/abc/0,0,10,10/max/0/default.jpg",
    {"channels": "0:FF0000:1-2,1", "v": "1 2"},
    {"if-none-match": '"1"', "cookie": "secret"},
    "https://slides.example.org",
)


class Answering:
    """A Lambda client that answers, or fails, as it is told."""

    def __init__(self, said: object = None, error: Exception | None = None, **more: str) -> None:
        self._said, self._error, self._more = said, error, more
        self.event: Any = None

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
        del FunctionName, InvocationType
        self.event = json.loads(Payload)
        if self._error:
            raise self._error
        text = self._said if isinstance(self._said, bytes) else json.dumps(self._said).encode()
        return {"StatusCode": 200, "Payload": io.BytesIO(text), **self._more}


def answer(**changes: object) -> dict[str, object]:
    return {
        "statusCode": 200,
        "headers": {"content-type": "image/jpeg", "X-Labsight-Path": "decoded"},
        "body": base64.b64encode(b"\xff\xd8").decode(),
        "isBase64Encoded": True,
        **changes,
    }


def test_the_same_is_asked_of_the_other_function_and_nothing_private_goes_along() -> None:
    client = Answering(answer())
    response = Forward("files", client)(REQUEST)
    assert (response.status, response.body) == (200, b"\xff\xd8")
    assert response.headers == {"content-type": "image/jpeg", "x-labsight-path": "decoded"}
    read = payload.to_request(client.event)
    assert read == REQUEST._replace(method="GET", headers=read.headers)
    assert read.headers == {"x-labsight-host": "https://slides.example.org"}


def test_documents_come_back_as_text() -> None:
    problem = answer(statusCode=422, body='{"detail": "ü"}', isBase64Encoded=False)
    response = Forward("files", Answering(problem))(REQUEST)
    assert (response.status, response.body.decode()) == (422, '{"detail": "ü"}')


def failed(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "of arn:secret"}}, "Invoke")


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (Answering(error=failed("TooManyRequestsException")), "cannot be asked now"),
        (Answering(error=EndpointConnectionError(endpoint_url="x")), "cannot be asked now"),
        (Answering(error=ReadTimeoutError(endpoint_url="x")), "still copying this one"),
        (Answering({"errorMessage": "of arn:secret"}, FunctionError="Unhandled"), "which failed"),
        (Answering(b"not json", FunctionError="Unhandled"), "which failed"),
        (Answering(b"not json"), "gave no answer"),
        (Answering(None), "gave no answer"),
        (Answering([]), "gave no answer"),
        (Answering(answer(statusCode="200")), "gave no answer"),
        (Answering(answer(statusCode=42)), "gave no answer"),
        (Answering(answer(body="%%%")), "gave no answer"),
        (Answering(answer(headers=None)), "gave no answer"),
    ],
)
def test_its_failures_ask_to_come_again_and_tell_nothing_of_it(
    client: Answering, said: str
) -> None:
    with pytest.raises(StorageUnavailable, match=said) as caught:
        Forward("files", client)(REQUEST)
    assert "secret" not in caught.value.message
