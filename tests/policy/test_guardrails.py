import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from policy import rules
from policy.guardrails import Waiver, check, complaints, read_waivers

TLS: dict[str, Any] = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["s3:*"],
    "Resource": ["arn:images/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
DELIVERY: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": ["s3:PutObject"],
    "Resource": ["arn:images/*"],
    "Condition": {"ArnEquals": {"aws:SourceArn": "arn:source"}},
}
READ: dict[str, Any] = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:images/*"]}
PRIVATE = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
AES = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
ABORT = {
    "status": "Enabled",
    "filter": {"prefix": ""},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7.0},
}
FUNCTION: dict[str, Any] = {
    "runtime": "python3.13",
    "tracingConfig": {"mode": "Active"},
    "environment": {"variables": {"URL": "postgresql+psycopg://labsight@db:5432/labsight"}},
}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": statements})}


def variables(**values: str) -> dict[str, Any]:
    return FUNCTION | {"environment": {"variables": values}}


SOUND = [
    (rules.PUBLIC_ACCESS, PRIVATE),
    (rules.BUCKET_POLICY, policy(TLS, DELIVERY)),
    (rules.BUCKET_POLICY, policy(TLS | {"Principal": {"AWS": "*"}})),
    (rules.ENCRYPTION, {"rules": [AES]}),
    (rules.VERSIONING, {"versioningConfiguration": {"status": "Enabled"}}),
    (rules.LIFECYCLE, {"rules": [ABORT]}),
    (rules.OWNERSHIP, {"rule": {"objectOwnership": "BucketOwnerEnforced"}}),
    (rules.QUEUE, {"sqsManagedSseEnabled": True}),
    (rules.QUEUE, {"kmsMasterKeyId": "alias/labsight"}),
    (rules.QUEUE_POLICY, policy(TLS | {"Action": ["sqs:*"]})),
    (rules.ROLE_POLICY, policy(READ)),
    (
        rules.ROLE_POLICY,
        policy({"Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": "*"}),
    ),
    (rules.PERMISSION, {"sourceArn": "arn:api/*/*"}),
    (rules.FUNCTION, FUNCTION),
    (rules.FUNCTION, variables(DATABASE_SECRET_ARN="arn:secret")),
    (rules.LOG_GROUP, {"retentionInDays": 90.0}),
    (rules.ROUTE, {"authorizationType": "AWS_IAM"}),
    (rules.STAGE, {"accessLogSettings": {"destinationArn": "arn:logs", "format": "{}"}}),
]

BROKEN = [
    ("S3.8/CKV2_AWS_6", rules.PUBLIC_ACCESS, PRIVATE | {"ignorePublicAcls": False}),
    ("S3.5", rules.BUCKET_POLICY, policy(DELIVERY)),
    ("S3.5", rules.BUCKET_POLICY, policy(TLS | {"Principal": {"AWS": "arn:somebody"}})),
    ("S3.5", rules.BUCKET_POLICY, policy(TLS | {"Action": ["s3:GetObject"]})),
    ("S3.2/CKV_AWS_70", rules.BUCKET_POLICY, policy(TLS, DELIVERY | {"Principal": "*"})),
    ("S3.2/CKV_AWS_70", rules.BUCKET_POLICY, policy(TLS, DELIVERY | {"Principal": {"AWS": "*"}})),
    ("S3.2/CKV_AWS_70", rules.BUCKET_POLICY, policy(TLS, DELIVERY | {"Condition": {}})),
    ("S3.17/CKV_AWS_19", rules.ENCRYPTION, {"rules": []}),
    ("CKV_AWS_21", rules.VERSIONING, {"versioningConfiguration": {"status": "Suspended"}}),
    ("S3.13/CKV_AWS_300", rules.LIFECYCLE, {"rules": [ABORT | {"status": "Disabled"}]}),
    ("S3.13/CKV_AWS_300", rules.LIFECYCLE, {"rules": [ABORT | {"filter": {"prefix": "a/"}}]}),
    ("S3.12", rules.OWNERSHIP, {"rule": {"objectOwnership": "ObjectWriter"}}),
    ("SQS.1/CKV_AWS_27", rules.QUEUE, {"sqsManagedSseEnabled": False}),
    ("SQS-TLS", rules.QUEUE_POLICY, policy(DELIVERY)),
    ("SQS.3/CKV_AWS_168", rules.QUEUE_POLICY, policy(TLS, DELIVERY | {"Principal": "*"})),
    ("IAM.21/CKV_AWS_63", rules.ROLE_POLICY, policy(READ | {"Action": "s3:*"})),
    ("CKV_AWS_355", rules.ROLE_POLICY, policy(READ | {"Resource": "*"})),
    (
        "CKV_AWS_355",
        rules.ROLE_POLICY,
        policy(READ | {"Action": ["xray:PutTraceSegments", "s3:GetObject"], "Resource": ["*"]}),
    ),
    ("Lambda.1/CKV_AWS_364", rules.PERMISSION, {"principal": "apigateway.amazonaws.com"}),
    ("Lambda.2/CKV_AWS_363", rules.FUNCTION, FUNCTION | {"runtime": "python3.8"}),
    ("CKV_AWS_50", rules.FUNCTION, FUNCTION | {"tracingConfig": {"mode": "PassThrough"}}),
    ("CKV_AWS_45", rules.FUNCTION, variables(DB_PASSWORD="x")),
    ("CKV_AWS_45", rules.FUNCTION, variables(URL="postgresql+psycopg://u:pw@db:5432/labsight")),
    ("CKV_AWS_66", rules.LOG_GROUP, {"name": "/labsight/dev/tiles"}),
    ("APIGateway.8/CKV_AWS_309", rules.ROUTE, {"authorizationType": "NONE"}),
    ("APIGateway.8/CKV_AWS_309", rules.ROUTE, {"routeKey": "GET /"}),
    ("APIGateway.9/CKV_AWS_76", rules.STAGE, {"name": "$default"}),
]


@dataclass(frozen=True)
class Declared:
    type: str
    name: str
    state: dict[str, Any]


def bucket_with_everything() -> list[Declared]:
    needs = [one.needs for one in rules.COMPANIONS if one.type == rules.BUCKET]
    sound = {type_: properties for type_, properties in SOUND if type_ in needs}
    return [
        Declared(rules.BUCKET, "images", {"bucket": "images-1"}),
        *(Declared(type_, "x", {**sound.get(type_, {}), "bucket": "images-1"}) for type_ in needs),
    ]


@pytest.mark.parametrize(("type_", "properties"), SOUND)
def test_a_sound_resource_raises_no_complaint(type_: str, properties: dict[str, Any]) -> None:
    assert complaints(type_, properties) == []


@pytest.mark.parametrize(("rule", "type_", "properties"), BROKEN)
def test_a_broken_rule_is_named(rule: str, type_: str, properties: dict[str, Any]) -> None:
    assert [found for found, _ in complaints(type_, properties)] == [rule]


def test_every_rule_has_a_resource_that_breaks_it() -> None:
    assert {rule.id for rule in rules.RULES} == {rule for rule, _, _ in BROKEN}


def test_a_bucket_with_all_its_guards_raises_no_complaint() -> None:
    assert check(bucket_with_everything()) == []


@pytest.mark.parametrize("companion", [one for one in rules.COMPANIONS if one.type == rules.BUCKET])
def test_a_bucket_without_one_of_its_guards_is_complained_about(
    companion: rules.Companion,
) -> None:
    resources = [one for one in bucket_with_everything() if one.type != companion.needs]
    (complaint,) = check(resources)
    assert str(complaint) == f"{rules.BUCKET} images: needs a {companion.needs} ({companion.id})"


def test_the_guard_of_another_bucket_does_not_count() -> None:
    other = Declared(rules.BUCKET, "other", {"bucket": "other-1"})
    found = check([*bucket_with_everything(), other])
    assert {complaint.resource for complaint in found} == {f"{rules.BUCKET} other"}


def test_a_queue_needs_a_policy() -> None:
    queue = Declared(rules.QUEUE, "jobs", {"url": "https://jobs", "sqsManagedSseEnabled": True})
    (complaint,) = check([queue])
    assert complaint.rule == "SQS-TLS"


def test_an_exception_excuses_its_rule_at_its_resource_alone() -> None:
    open_, other = (
        Declared(rules.ROUTE, name, {"authorizationType": "NONE"}) for name in ("health", "slides")
    )
    waiver = Waiver(f"{rules.ROUTE} health", "APIGateway.8/CKV_AWS_309", "for monitors")
    (complaint,) = check([open_, other], [waiver])
    assert str(complaint) == (
        f"{rules.ROUTE} slides: breaks the rule that it checks who calls (APIGateway.8/CKV_AWS_309)"
    )


def test_an_exception_that_nothing_needs_has_to_go() -> None:
    route = Declared(rules.ROUTE, "health", {"authorizationType": "AWS_IAM"})
    (complaint,) = check([route], [Waiver(f"{rules.ROUTE} health", "APIGateway.8", "for monitors")])
    assert complaint.text == "the exception is not needed; remove its line"


def test_exceptions_are_read_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.txt"
    path.write_text(
        "# a remark\n\naws:x:Y name | S3.9 | because | of bars\n".replace(" | of", " of")
    )
    assert read_waivers(path) == [Waiver("aws:x:Y name", "S3.9", "because of bars")]


@pytest.mark.parametrize("line", ["aws:x:Y name | S3.9", "aws:x:Y name | S3.9 |", "a | b | c | d"])
def test_an_exception_without_a_reason_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "exceptions.txt"
    path.write_text(f"# a remark\n{line}\n")
    with pytest.raises(
        ValueError, match=r"exceptions\.txt, line 2: write 'type name | rule | reason'"
    ):
        read_waivers(path)
