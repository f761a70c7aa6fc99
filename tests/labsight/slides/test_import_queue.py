import json
from typing import Any

from labsight.slides.import_queue import AGAIN_SECONDS, ImportQueue
from labsight.slides.notices import created_keys

KEY = "slides/lab/a 1+2.svs"


class Queue:
    """Keeps what was sent; fails when told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.broken = False

    def send_message(self, **message: str) -> Any:
        if self.broken:
            raise OSError("away")
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
