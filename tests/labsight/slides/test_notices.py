import json

import pytest

from labsight.errors import InvalidInput
from labsight.slides.notices import created_keys


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
    "body",
    ["", "x", "[]", "1", "{}", '{"Records": [{}]}', '{"Records": 5}',
     '{"detail-type": "Object Created", "detail": {}}',
     '{"detail-type": "Object Created", "detail": null}'],
)  # fmt: skip
def test_what_is_no_event_is_refused_in_words(body: str) -> None:
    with pytest.raises(InvalidInput, match="message"):
        created_keys(body)
