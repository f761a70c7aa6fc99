"""The program keeps the guardrails in every kind of stack that can be configured."""

import itertools
from collections.abc import Iterator

import pytest

from policy.guardrails import Complaint, check, needless, read_reviewed, read_waivers
from policy.rules import RULES
from tests.support.authorities import certificate
from tests.support.labsight_program import EVERYTHING, recording

PROFILES = ("demo", "lab", "regulated")
LINUX = '["slides", "desktop"]'
FEATURES = {
    "nothing": {"features": "[]"},
    "slides": {"features": '["slides"]'},
    "everything": {"features": EVERYTHING},
    "linux": {"features": LINUX, "desktop.kind": "linux-dcv"},
}
DOMAIN = {"edge.domain": "slides.example.org", "edge.hostedZone": "Z0123456789ABC"}
ADDRESSES: dict[str, dict[str, str]] = {"cloudfront's name": {}, "own domain": DOMAIN}
OTHERS = {
    "aurora": {"database.engine": "aurora"},
    "nat instance": {"network.egress": "nat-instance"},
    "nat gateway": {"network.egress": "nat-gateway"},
    "endpoints": {"network.egress": "endpoints", "desktop.access": "session-manager"},
    "archive tiers": {"archive.archiveAfterDays": "125", "archive.deepArchiveAfterDays": "180"},
    "object lock": {"profile": "regulated", "archive.objectLockDays": "30"},
    "another login": {
        "login.providerName": "Hospital",
        "login.providerUrl": "https://login.example.org/saml",
    },
    "alarms by mail": {"operations.email": "lab@example.org"},
    "scanners by name": {
        "sync.sources": '["scanner-1", "scanner-2"]',
        "sync.certificateAuthority": certificate(),
    },
    "silence": {"operations.silentHours": "72"},
    "teardown": {"teardown": "true"},
    "read directly": {"slides.direct": "true"},
    "no image yet": {"network.egress": "endpoints", "slides.service": "container"},
    "containers": {
        "network.egress": "nat-gateway",
        "slides.service": "container",
        "slides.image": "2026.11",
    },
    "another repository": {
        "network.egress": "endpoints",
        "slides.service": "container",
        "slides.image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tiles:1",
    },
}

MATRIX = [
    pytest.param({"profile": profile} | features | address, id=f"{profile}, {named}, {where}")
    for profile, (named, features), (where, address) in itertools.product(
        PROFILES, FEATURES.items(), ADDRESSES.items()
    )
]
MORE = [pytest.param({"features": EVERYTHING} | more, id=name) for name, more in OTHERS.items()]


def kinds(settings: dict[str, str]) -> tuple[str, ...]:
    """Return the kinds of stack, as the headings of exceptions.txt name them."""
    return (settings.get("profile", "lab"), *(["teardown"] if "teardown" in settings else []))


@pytest.mark.parametrize("settings", [*MATRIX, *MORE])
def test_every_kind_of_stack_keeps_the_guardrails(settings: dict[str, str]) -> None:
    found = check(recording(settings), read_waivers(), kinds(settings))
    assert [str(complaint) for complaint in found] == []


def test_every_exception_and_review_is_needed() -> None:
    found: dict[str, list[Complaint]] = {}
    types: set[str] = set()
    for settings in every_kind():
        recorded = recording(settings)
        types |= {resource.type for resource in recorded}
        for kind in kinds(settings):
            found.setdefault(kind, []).extend(check(recorded))
    assert needless(read_waivers(), found) == []
    # Tests declare no layer of packages: making one takes the internet.
    assert read_reviewed().keys() - types == {"aws:lambda/layerVersion:LayerVersion"}
    assert not read_reviewed().keys() & {rule.type for rule in RULES}


def every_kind() -> Iterator[dict[str, str]]:
    for profile in PROFILES:
        yield {"profile": profile, "features": EVERYTHING} | DOMAIN
    yield {"features": LINUX, "desktop.kind": "linux-dcv"}
    for more in OTHERS.values():
        yield {"features": EVERYTHING} | more
