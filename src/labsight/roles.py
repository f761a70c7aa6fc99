"""Who may do what: the groups of the login, as the claims of a verified token name them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from labsight.errors import NotPermitted

GROUPS_CLAIM = "cognito:groups"


class Role(StrEnum):
    """A group of the login; the values are the groups' names."""

    VIEWER = "viewer"
    TECHNICIAN = "technician"
    ADMIN = "admin"


EVERY_ROLE = frozenset(Role)


def roles_of(claims: Mapping[str, Any]) -> frozenset[Role]:
    """Return the roles that verified claims name; other groups mean nothing here.

    A token holds a list. API Gateway hands the same list on as text, ``[viewer admin]``; names of
    Cognito groups hold no space.
    """
    groups = claims.get(GROUPS_CLAIM, ())
    names = groups.strip().strip("[]").split() if isinstance(groups, str) else groups
    if not isinstance(names, list | tuple):
        return frozenset()
    return frozenset(role for role in Role if role.value in names)


def require(claims: Mapping[str, Any], allowed: frozenset[Role] = EVERY_ROLE) -> frozenset[Role]:
    """Return the roles that claims name; raise NotPermitted when none of them is allowed."""
    roles = roles_of(claims)
    if not roles & allowed:
        names = ", ".join(role.value for role in Role if role in allowed)
        raise NotPermitted(
            f"you are signed in, but in none of the groups that may do this ({names}); "
            "ask an administrator to add you to one, then sign in again"
        )
    return roles
