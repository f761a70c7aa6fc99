"""Marks each object it is told of as done; the name of an object may ask for trouble."""

import json
import os
import time
from typing import Any

import boto3

BUCKET = os.environ["ARCHIVE"]
store = boto3.client("s3")


def handle(event: dict[str, Any], _context: object) -> Any:
    failed = []
    for record in event["Records"]:
        key = json.loads(record["body"])["detail"]["object"]["key"]
        if "hang" in key:
            time.sleep(60)
        if "crash" in key:
            os._exit(3)
        if "raise" in key:
            raise ValueError("cannot be imported")
        if "unknown" in key:
            return {"batchItemFailures": [{"itemIdentifier": "no message of this batch"}]}
        if "poison" in key:
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            store.put_object(Bucket=BUCKET, Key=f"done/{key}", Body=b"")
    return {"batchItemFailures": failed}
