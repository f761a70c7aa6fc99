import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from labsight.errors import StorageUnavailable
from labsight.slides.import_queue import AGAIN_SECONDS, ImportQueue
from labsight.slides.notices import Notice, created_keys, notices

KEY = "slides/lab/a 1+2.svs"


class Queue:
    """Keeps what was sent; fails when told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.broken = False
        self.error: Exception = OSError("away")

    def send_message(self, **message: str) -> Any:
        if self.broken:
            raise self.error
        assert message["QueueUrl"] == "https://queue"
        self.sent.append(message["MessageBody"])


def test_the_importer_reads_what_is_asked_for() -> None:
    queue = Queue()
    ImportQueue("https://queue", queue).ask(KEY)
    (body,) = queue.sent
    assert created_keys(body) == [KEY]
    assert json.loads(body)["source"] == "labsight.tiles"


def test_a_slide_is_asked_for_once_in_a_while() -> None:
    queue, now = Queue(), [0.0]
    imports = ImportQueue("https://queue", queue, lambda: now[0])
    for _ in range(24):
        imports.ask(KEY)
    imports.ask("slides/lab/other.svs")
    assert len(queue.sent) == 2
    now[0] = AGAIN_SECONDS
    imports.ask(KEY)
    assert len(queue.sent) == 3


def test_a_queue_that_is_away_is_tried_with_the_next_request() -> None:
    queue = Queue()
    queue.broken = True
    imports = ImportQueue("https://queue", queue)
    imports.ask(KEY)
    queue.broken = False
    imports.ask(KEY)
    assert len(queue.sent) == 1


@pytest.mark.parametrize("again", [True, False])
def test_what_is_sent_is_sent_each_time(again: bool) -> None:
    queue = Queue()
    imports = ImportQueue("https://queue", queue)
    imports.ask(KEY)
    imports.send(KEY, again)
    imports.send(KEY, again=again)
    first, *sent = queue.sent
    assert notices(first) == [Notice(KEY)]
    assert [notices(body) for body in sent] == [[Notice(KEY, again)]] * 2
    assert json.loads(sent[0])["source"] == "labsight.register"


@pytest.mark.parametrize(
    "error",
    [
        OSError("away"),
        EndpointConnectionError(endpoint_url="https://queue"),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "SendMessage"),
    ],
)
def test_what_cannot_be_sent_is_told(error: Exception) -> None:
    queue = Queue()
    queue.broken, queue.error = True, error
    with pytest.raises(StorageUnavailable, match="into the import queue https://queue"):
        ImportQueue("https://queue", queue).send(KEY, again=True)
