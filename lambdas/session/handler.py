"""Opens and closes sessions for tiles: POST and DELETE /api/session."""

import json
import logging
from typing import Any

from labsight.errors import LabsightError, http_status
from labsight.problem import MEDIA_TYPE, problem_document
from labsight.session.secret import KeptSecret
from labsight.session.service import Sessions
from labsight.settings import Environment

_log = logging.getLogger(__name__)

# Read while the function starts, so that a missing setting is told before the first request.
_environment = Environment()
_environment.configure_logging()
_sessions = Sessions(KeptSecret(_environment.signing_secret), _environment.key_pair_id)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request (API Gateway payload 2.0), whose token the API has verified."""
    request = event["requestContext"]
    try:
        if request["http"]["method"] == "DELETE":
            return _answer(204, _sessions.close())
        claims = request.get("authorizer", {}).get("jwt", {}).get("claims") or {}
        return _answer(204, _sessions.open(claims))
    except LabsightError as error:
        status = http_status(error)
        ours = status >= 500
        _log.log(logging.ERROR if ours else logging.INFO, "%s", error, exc_info=ours)
        document = json.dumps(problem_document(status, error.message), ensure_ascii=False)
        return _answer(status, [], document)


def _answer(status: int, cookies: list[str], body: str = "") -> dict[str, Any]:
    headers = {"cache-control": "no-store", **({"content-type": MEDIA_TYPE} if body else {})}
    return {"statusCode": status, "headers": headers, "cookies": cookies, "body": body}
