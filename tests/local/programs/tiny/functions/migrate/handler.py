"""Says what it was asked to migrate to."""

from typing import Any


def handle(event: dict[str, Any], _context: object) -> dict[str, str]:
    return {"revision": event["revision"]}
