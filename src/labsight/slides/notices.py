"""Reads what S3 tells about new objects, directly or through EventBridge."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from labsight.errors import InvalidInput


class Notice(NamedTuple):
    """An object that is there; ``again``: someone asks to import it although that was done."""

    key: str
    again: bool = False


def created_keys(body: str) -> list[str]:
    """Return the keys of the objects that a message tells of, as ``notices`` does."""
    return [notice.key for notice in notices(body)]


def notices(body: str) -> list[Notice]:
    """Return the objects that a message tells of.

    Takes EventBridge events, S3 notifications and S3's test event; an event of another kind tells
    of none. A message in the form of the first may ask for ``again``, which costs work and no more.
    Raises InvalidInput for what is none of these.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("the message is not JSON") from None
    if not isinstance(message, dict):
        raise InvalidInput("the message is not an event")
    try:
        return _notices(message)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"the message looks like an event of S3 but lacks {error}") from None


def _notices(message: Mapping[str, Any]) -> list[Notice]:
    if "Records" in message:
        return [
            Notice(unquote_plus(record["s3"]["object"]["key"]))
            for record in message["Records"]
            if record["eventName"].startswith("ObjectCreated:")
        ]
    if "detail" in message:
        created = message.get("detail-type") == "Object Created"
        key = str(message["detail"]["object"]["key"]) if created else ""
        return [Notice(key, message.get("again") is True)] if created else []
    if message.get("Event") == "s3:TestEvent":
        return []
    raise InvalidInput("the message is not an event of S3")
