"""A feature or profile that comes or goes leaves what holds something where it is."""

import itertools
from typing import Any

import pytest

from policy.replacing import REPLACING
from tests.support.labsight_program import EVERYTHING, recording
from tests.support.pulumi_recorder import Recorded

STEPS = ("[]", '["slides"]', EVERYTHING)


def holding(recorded: Recorded) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the replacing inputs of what holds something, by type and name."""
    return {
        (one.type, one.name): {
            key: value for key, value in one.inputs.items() if key in REPLACING[one.type]
        }
        for one in recorded
        if one.type in REPLACING
    }


@pytest.mark.parametrize("profile", ["demo", "lab", "regulated"])
@pytest.mark.parametrize(("fewer", "more"), list(itertools.pairwise(STEPS)))
def test_switching_a_feature_on_replaces_nothing(profile: str, fewer: str, more: str) -> None:
    before = holding(recording({"profile": profile, "features": fewer}))
    after = holding(recording({"profile": profile, "features": more}))
    assert before
    assert {key: after[key] for key in before} == before


@pytest.mark.parametrize(
    "change",
    [
        {"network.egress": "nat-gateway"},
        {"network.egress": "nat-instance"},
        {"network.zones": '["eu-central-1a", "eu-central-1b", "eu-central-1c"]'},
        {"archive.archiveAfterDays": "125"},
        {"operations.email": "lab@example.org"},
        {"login.mfa": "required"},
        {"edge.domain": "slides.example.org", "edge.hostedZone": "Z0123456789ABC"},
        {"desktop.idleMinutes": "30", "desktop.instanceType": "m7i.xlarge"},
        {"teardown": "true"},
        {"sync.sources": '["scanner-1"]'},
    ],
)
def test_a_changed_setting_replaces_nothing(change: dict[str, str]) -> None:
    before = holding(recording({"features": EVERYTHING}))
    after = holding(recording({"features": EVERYTHING} | change))
    assert {key: before[key] for key in before.keys() & after} == {
        key: after[key] for key in before.keys() & after
    }
    assert len(before.keys() - after) <= 1  # a teardown needs nobody to lift a protection


def test_object_lock_is_switched_on_in_place() -> None:
    before = holding(recording({"profile": "regulated"}))
    after = holding(recording({"profile": "regulated", "archive.objectLockDays": "30"}))
    assert {key: after[key] for key in before} == before


def test_the_table_knows_every_type_that_it_names_to_be_in_use() -> None:
    used = {
        one.type
        for settings in (
            {"features": EVERYTHING, "profile": "regulated"},
            {"features": EVERYTHING, "database.engine": "aurora"},
        )
        for one in recording(settings)
    }
    assert REPLACING.keys() <= used
