from typing import Any

import pytest

from labsight.errors import NotPermitted
from labsight.roles import GROUPS_CLAIM, Role, require, roles_of


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        ("[viewer admin]", {Role.VIEWER, Role.ADMIN}),
        ("[technician]", {Role.TECHNICIAN}),
        ("viewer", {Role.VIEWER}),
        (["viewer", "eu-central-1_abc_Institute"], {Role.VIEWER}),
        (("admin",), {Role.ADMIN}),
        ("[]", set()),
        ("", set()),
        ("[viewers]", set()),
        ("[Viewer]", set()),
        ("viewer,admin", set()),
        (["viewer admin"], set()),
        (7, set()),
        (None, set()),
        ({"viewer": True}, set()),
    ],
)
def test_roles_are_the_groups_that_are_known_by_name(claim: Any, roles: set[Role]) -> None:
    assert roles_of({GROUPS_CLAIM: claim}) == roles


def test_whoever_is_in_no_group_is_told_whom_to_ask() -> None:
    with pytest.raises(NotPermitted, match=r"\(viewer, technician, admin\); ask an administrator"):
        require({})


def test_some_things_only_some_may_do() -> None:
    staff = frozenset({Role.TECHNICIAN, Role.ADMIN})
    assert require({GROUPS_CLAIM: "[technician]"}, staff) == {Role.TECHNICIAN}
    with pytest.raises(NotPermitted, match=r"\(technician, admin\)"):
        require({GROUPS_CLAIM: "[viewer]"}, staff)
