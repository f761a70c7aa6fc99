from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from policy.guardrails import (
    SHUT,
    UNKNOWN,
    Complaint,
    Waiver,
    check,
    needless,
    read_reviewed,
    read_waivers,
)
from policy.rule import Companion
from policy.rules import COMPANIONS, http, messaging, storage
from tests.policy.test_rules import SOUND

HEALTH = f"{http.ROUTE} health"
CALLER = "APIGateway.8/CKV_AWS_309"
OF_BUCKETS = [one for one in COMPANIONS if one.type == storage.BUCKET]


@dataclass(frozen=True)
class Declared:
    type: str
    name: str
    state: dict[str, Any] = field(default_factory=dict)


def bucket_with_everything() -> list[Declared]:
    needs = [one.needs for one in OF_BUCKETS]
    sound = {type_: properties for type_, properties in SOUND if type_ in needs}
    return [
        Declared(storage.BUCKET, "images", {"bucket": "images-1"}),
        *(Declared(type_, "x", {**sound.get(type_, {}), "bucket": "images-1"}) for type_ in needs),
    ]


def test_a_bucket_with_all_its_guards_raises_no_complaint() -> None:
    assert check(bucket_with_everything()) == []


@pytest.mark.parametrize("companion", OF_BUCKETS)
def test_a_bucket_without_one_of_its_guards_is_named(companion: Companion) -> None:
    resources = [one for one in bucket_with_everything() if one.type != companion.needs]
    (complaint,) = check(resources)
    assert str(complaint) == f"{storage.BUCKET} images: needs a {companion.needs} ({companion.id})"


def test_the_guard_of_another_bucket_does_not_count() -> None:
    other = Declared(storage.BUCKET, "other", {"bucket": "other-1"})
    found = check([*bucket_with_everything(), other])
    assert {complaint.resource for complaint in found} == {f"{storage.BUCKET} other"}


def test_a_queue_needs_a_policy() -> None:
    queue = Declared(messaging.QUEUE, "jobs", {"url": "https://jobs", "sqsManagedSseEnabled": True})
    (complaint,) = check([queue])
    assert complaint.rule == "SQS-TLS"


def test_a_type_that_no_rule_knows_is_refused() -> None:
    (complaint,) = check([Declared("aws:coldbox/box:Box", "cold")])
    assert complaint.rule == UNKNOWN
    assert "write one, or its reason in reviewed.txt" in str(complaint)


@pytest.mark.parametrize(
    "type_",
    [
        "aws:cloudfront/originAccessIdentity:OriginAccessIdentity",
        "aws:glacier/vault:Vault",
        "aws:ec2/launchConfiguration:LaunchConfiguration",
    ],
)
def test_a_closed_service_is_refused(type_: str) -> None:
    assert SHUT in {complaint.rule for complaint in check([Declared(type_, "old")])}


def test_components_need_no_rule() -> None:
    assert check([Declared("labsight:storage:Archive", "archive")]) == []


def test_an_exception_excuses_its_rule_at_its_resource_alone() -> None:
    open_, other = (
        Declared(http.ROUTE, name, {"authorizationType": "NONE"}) for name in ("health", "slides")
    )
    (complaint,) = check([open_, other], [Waiver(HEALTH, CALLER, "for monitors")])
    assert str(complaint) == (
        f"{http.ROUTE} slides: breaks the rule that it checks who calls ({CALLER})"
    )


def test_an_exception_for_one_kind_of_stack_excuses_no_other() -> None:
    route = Declared(http.ROUTE, "health", {"authorizationType": "NONE"})
    waiver = Waiver(HEALTH, CALLER, "for monitors", "demo")
    assert check([route], [waiver], ["demo"]) == []
    assert len(check([route], [waiver], ["lab"])) == 1


def test_an_exception_that_no_stack_needs_is_named() -> None:
    broken = Complaint(HEALTH, CALLER, "breaks it")
    needed = Waiver(HEALTH, CALLER, "for monitors", "demo")
    elsewhere = Waiver(HEALTH, CALLER, "for monitors", "lab")
    stale = Waiver(f"{http.ROUTE} gone", CALLER, "for monitors")
    found = {"demo": [broken], "lab": []}
    assert needless([needed, elsewhere, stale], found) == [elsewhere, stale]


def test_exceptions_are_read_one_a_line_below_the_kind_of_stack(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.txt"
    path.write_text("# a remark\n\naws:x:Y name | S3.9 | because\n[demo]\naws:x:Y b | S3.9 | so\n")
    assert read_waivers(path) == [
        Waiver("aws:x:Y name", "S3.9", "because"),
        Waiver("aws:x:Y b", "S3.9", "so", "demo"),
    ]


@pytest.mark.parametrize("line", ["aws:x:Y name | S3.9", "aws:x:Y name | S3.9 |", "a | b | c | d"])
def test_an_exception_without_a_reason_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "exceptions.txt"
    path.write_text(f"# a remark\n{line}\n")
    with pytest.raises(
        ValueError, match=r"exceptions\.txt, line 2: write 'type name \| rule \| reason'"
    ):
        read_waivers(path)


def test_a_reviewed_type_without_a_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.txt"
    path.write_text("aws:x:Y\n")
    with pytest.raises(ValueError, match=r"reviewed\.txt, line 1: write 'type \| reason'"):
        read_reviewed(path)
