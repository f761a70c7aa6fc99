"""Answers HTTP requests; the last part of the path says how."""

import base64
import os
import sys
import time
from pathlib import Path
from typing import Any


def handle(event: dict[str, Any], context: Any) -> Any:
    what = event["rawPath"].rpartition("/")[2]
    if what in ANSWERS:
        return ANSWERS[what]
    if what in TROUBLES:
        TROUBLES[what]()
    if what == "environment":
        return {"environment": dict(os.environ), "path": sys.path, "cwd": str(Path.cwd())}
    if what == "context":
        return {
            "name": context.function_name,
            "left": context.get_remaining_time_in_millis(),
            "arn": context.invoked_function_arn,
            "id": context.aws_request_id,
        }
    return {"event": event, "process": os.getpid()}


def says_things() -> None:
    print("said by the handler")
    os.write(1, b"said below Python\n")


def raises() -> None:
    raise ValueError("no such thing")


def naps() -> None:
    time.sleep(0.3)


ANSWERS: dict[str, Any] = {
    "binary": {
        "statusCode": 200,
        "headers": {"Content-Type": "image/jpeg", "ETag": '"e"'},
        "body": base64.b64encode(bytes(range(256))).decode(),
        "isBase64Encoded": True,
    },
    "plain": {"any": "value"},
    "cookies": {"statusCode": 204, "cookies": ["a=1", "b=2"]},
    "large": {"statusCode": 200, "body": "x" * (6 << 20)},
    "malformed": {"statusCode": "two hundred"},
    "unwritable": {"a": {1, 2}},
}
TROUBLES = {
    "says": says_things,
    "hangs": lambda: time.sleep(60),
    "crashes": lambda: os._exit(9),
    "leaves": lambda: sys.exit("enough"),
    "raises": raises,
    "naps": naps,
}
