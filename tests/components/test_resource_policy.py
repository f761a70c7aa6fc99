import json

import pytest

from components.resource_policy import EVERYONE, Statement, resource_policy, tls_only
from tests.support.pulumi_recorder import Declare


def test_without_tls_everyone_is_refused_everything(declare: Declare) -> None:
    document = json.loads(declare(lambda: resource_policy([tls_only("sqs:*", "arn:queue")])))
    assert document["Statement"] == [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": ["sqs:*"],
            "Resource": ["arn:queue"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_everyone_can_be_allowed_nothing() -> None:
    with pytest.raises(ValueError, match="Open: everyone can only be denied something"):
        Statement(
            sid="Open",
            effect="Allow",
            service=EVERYONE,
            actions=("sqs:SendMessage",),
            resources=("arn:queue",),
            condition={"Bool": {"aws:SecureTransport": "true"}},
        )


def test_a_service_is_allowed_nothing_for_just_any_account() -> None:
    with pytest.raises(ValueError, match=r"Send: events\.amazonaws\.com acts for any account"):
        Statement(
            sid="Send",
            effect="Allow",
            service="events.amazonaws.com",
            actions=("sqs:SendMessage",),
            resources=("arn:queue",),
            condition={},
        )
