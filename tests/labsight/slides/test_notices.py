import json

import pytest

from labsight.errors import InvalidInput
from labsight.slides.notices import Notice, created_keys, notices


def test_events_of_the_event_bus_give_the_key_as_it_is() -> None:
    event = {"detail-type": "Object Created", "detail": {"object": {"key": "slides/a b%20+.svs"}}}
    assert created_keys(json.dumps(event)) == ["slides/a b%20+.svs"]


def test_notifications_of_s3_give_the_key_unquoted() -> None:
    records = [
        {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "slides%2Fa+b%C3%A9.svs"}}},
        {"eventName": "ObjectRemoved:Delete", "s3": {"object": {"key": "gone"}}},
    ]
    assert created_keys(json.dumps({"Records": records})) == ["slides/a bé.svs"]


def test_other_events_tell_of_no_new_object() -> None:
    deleted = {"detail-type": "Object Deleted", "detail": {"object": {"key": "slides/a.svs"}}}
    assert created_keys(json.dumps(deleted)) == []
    assert created_keys(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == []


@pytest.mark.parametrize(
    ("said", "again"),
    [({"again": True}, True), ({"again": 1}, False), ({"again": "x"}, False), ({}, False)],
)
def test_a_message_may_ask_for_an_import_again(said: dict[str, object], again: bool) -> None:
    event = {"detail-type": "Object Created", "detail": {"object": {"key": "slides/a.svs"}}}
    assert notices(json.dumps(event | said)) == [Notice("slides/a.svs", again)]


def test_what_s3_itself_tells_never_asks_again() -> None:
    record = {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "slides/a.svs"}}}
    message = {"Records": [record | {"again": True}], "again": True}
    assert notices(json.dumps(message)) == [Notice("slides/a.svs")]
    deleted = {"detail-type": "Object Deleted", "detail": {}, "again": True}
    assert notices(json.dumps(deleted)) == []


@pytest.mark.parametrize(
    "body",
    ["", "x", "[" * 100_000, "[]", "1", "{}", '{"Records": [{}]}', '{"Records": 5}',
     '{"detail-type": "Object Created", "detail": {}}',
     '{"detail-type": "Object Created", "detail": null}'],
)  # fmt: skip
def test_what_is_no_event_is_refused_in_words(body: str) -> None:
    with pytest.raises(InvalidInput, match="message"):
        created_keys(body)
