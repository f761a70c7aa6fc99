"""Whether the caller may use the API, by what the login has verified of them."""

from collections.abc import Callable
from typing import Any

from fastapi import Request

from labsight.roles import require

Check = Callable[[Request], None]


def nobody_asked(_request: Request) -> None:
    """Let everybody in: one machine serving its own user has no login."""


def signed_in(request: Request) -> None:
    """Let in who has a role, by the token that API Gateway verified; else raise NotPermitted.

    Mangum hands the event on; whoever comes past API Gateway has no claims and so no role.
    """
    require(_claims(request.scope.get("aws.event")))


def _claims(event: Any) -> dict[str, Any]:
    found = event
    for key in ("requestContext", "authorizer", "jwt", "claims"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
