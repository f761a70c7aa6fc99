"""Each wire that can be wrong in a declared program is named; the program as it is has none."""

import json
from dataclasses import replace
from typing import Any

import pytest

from local import declared
from local.check import broken_wires
from local.declared import Deployment
from local.errors import BrokenWires

Change = dict[str, Any]


def changed(deployment: Deployment, name: str, **inputs: Any) -> Deployment:
    """Return the program with other inputs for one resource."""
    resources = [
        replace(r, inputs={**r.inputs, **inputs}) if r.name == name else r
        for r in deployment.resources
    ]
    return replace(deployment, resources=tuple(resources))


def without(deployment: Deployment, *names: str) -> Deployment:
    kept = tuple(r for r in deployment.resources if r.name not in names)
    return replace(deployment, resources=kept)


def test_the_program_as_it_is_has_no_broken_wire(deployment: Deployment) -> None:
    assert broken_wires(deployment) == []


@pytest.mark.parametrize(
    ("name", "inputs", "wire"),
    [
        (
            "uploads-to-importer",
            {"eventSourceArn": "arn:aws:sqs:eu-central-1:123456789012:other"},
            "event source uploads-to-importer: arn:aws:sqs:eu-central-1:123456789012:other is no",
        ),
        (
            "uploads-to-importer",
            {"functionName": "importer"},
            "event source uploads-to-importer: importer is no declared function",
        ),
        (
            "uploads",
            {"visibilityTimeoutSeconds": 0},
            "event source uploads-to-importer: queue uploads hides a message for 0 s, less than",
        ),
        (
            "one",
            {"target": "integrations/nothing"},
            "route 'GET /api/things/{id}' (one): it leads to integrations/nothing, which is no",
        ),
        (
            "api-calls-web",
            {"principal": "s3.amazonaws.com"},
            "route 'ANY /api/any' (any): no lambda.Permission lets API Gateway invoke function web",
        ),
        (
            "to-web",
            {"payloadFormatVersion": "1.0"},
            "integration to-web: payload_format_version has to be 2.0",
        ),
        (
            "to-uploads",
            {"arn": "arn:aws:lambda:eu-central-1:123456789012:function:importer-local"},
            "target to-uploads: arn:aws:lambda:eu-central-1:123456789012:function:importer-local",
        ),
        ("to-uploads", {"rule": "other"}, "target to-uploads: other is no declared rule"),
        (
            "created",
            {"eventPattern": '{"source": ["aws.s3"]}'},
            "rule created: without a detail-type it takes tags and deletions for new objects",
        ),
        (
            "announcements",
            {"eventbridge": False},
            "rule created: bucket archive-local sends no events to EventBridge; it needs a",
        ),
        (
            "web",
            {"environment": {"variables": {"AWS_REGION": "x"}}},
            "function web: variable AWS_REGION belongs to Lambda, which refuses it",
        ),
        (
            "web",
            {"environment": {"variables": {"LEVEL": None}}},
            "function web: variable LEVEL is None, not text",
        ),
        (
            "uploads",
            {"redrivePolicy": json.dumps({"deadLetterTargetArn": "gone", "maxReceiveCount": 2})},
            "queue uploads: its dead letters go to gone, which is no declared queue",
        ),
        (
            "migration",
            {"functionName": "gone"},
            "invocation migration: gone is no declared function",
        ),
    ],
)
def test_a_wire_that_leads_nowhere_is_named(
    deployment: Deployment, name: str, inputs: Change, wire: str
) -> None:
    assert wire in "\n".join(broken_wires(changed(deployment, name, **inputs)))


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        (
            "uploads-to-importer",
            "queue uploads: target to-uploads fills it, but no event source reads it",
        ),
        ("to-uploads", "rule created: it has no target"),
        ("stage", "API api: it has no stage, so nothing serves its routes"),
        (
            "senders",
            "queue uploads: no policy lets events.amazonaws.com send to it, as to-uploads does",
        ),
        (
            "to-web",
            "route 'GET /api/{proxy+}' (all): it leads to integrations/",
        ),
        (
            "web",
            "which is no declared function",
        ),
    ],
)
def test_a_part_that_is_missing_is_named(deployment: Deployment, name: str, wire: str) -> None:
    assert wire in "\n".join(broken_wires(without(deployment, name)))


def test_a_function_is_known_by_its_arn_and_not_by_a_like_name(deployment: Deployment) -> None:
    [mapping] = deployment.of(declared.MAPPING)
    arn = mapping.inputs["functionName"]
    assert broken_wires(changed(deployment, "uploads-to-importer", functionName=f"{arn}-2"))
    assert not broken_wires(changed(deployment, "uploads-to-importer", functionName=f"{arn}:live"))


def test_all_broken_wires_are_named_at_once(deployment: Deployment) -> None:
    broken = changed(without(deployment, "stage", "senders"), "migration", functionName="gone")
    assert len(broken_wires(broken)) == 3


def test_the_message_counts_the_broken_wires_and_lists_them() -> None:
    assert BrokenWires(["a leads nowhere"]).message == (
        "1 broken wire in the program:\n  - a leads nowhere"
    )
    assert BrokenWires(["a", "b"]).message == "2 broken wires in the program:\n  - a\n  - b"
