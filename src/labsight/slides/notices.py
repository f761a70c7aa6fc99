"""Reads what S3 tells about new objects, directly or through EventBridge."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from labsight.errors import InvalidInput


def created_keys(body: str) -> list[str]:
    """Return the keys of the objects that a message tells of.

    Takes EventBridge events, S3 notifications and S3's test event; an event of another kind tells
    of none. Raises InvalidInput for what is none of these.
    """
    try:
        message = json.loads(body)
    except ValueError:
        raise InvalidInput("the message is not JSON") from None
    if not isinstance(message, dict):
        raise InvalidInput("the message is not an event")
    try:
        return _keys(message)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"the message looks like an event of S3 but lacks {error}") from None


def _keys(message: Mapping[str, Any]) -> list[str]:
    if "Records" in message:
        return [
            unquote_plus(record["s3"]["object"]["key"])
            for record in message["Records"]
            if record["eventName"].startswith("ObjectCreated:")
        ]
    if "detail" in message:
        created = message.get("detail-type") == "Object Created"
        return [str(message["detail"]["object"]["key"])] if created else []
    if message.get("Event") == "s3:TestEvent":
        return []
    raise InvalidInput("the message is not an event of S3")
