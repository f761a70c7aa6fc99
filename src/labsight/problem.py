"""An error as HTTP tells it (RFC 9457)."""

from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"
UNFORESEEN = "something went wrong here; the server's log tells more"


def problem_document(status: int, detail: str) -> dict[str, Any]:
    """Return the document of an error; ``detail`` says what happened and what to do."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
