import json
from typing import Any

import pytest

from components.encryption import Key, KeyArgs
from components.place import Place
from components.topic import Topic, TopicArgs
from tests.support.pulumi_recorder import Declare, Recorded

PLACE = Place(account="123456789012", region="eu-central-1")
TOPIC = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


def topic(**changes: Any) -> Topic:
    return Topic("alarms", TopicArgs(**{"place": PLACE, **changes}))


def with_key() -> Topic:
    return topic(key=Key("operations", KeyArgs(description="what dies with it", place=PLACE)))


def statements(recorded: Recorded) -> dict[str, dict[str, Any]]:
    policy = recorded.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"]
    return {one["Sid"]: one for one in json.loads(policy)["Statement"]}


def test_messages_are_encrypted_with_the_key(declare: Declare, recorded: Recorded) -> None:
    declare(with_key)
    key = recorded.one("aws:kms/key:Key")
    assert recorded.one(TOPIC).inputs["kmsMasterKeyId"] == key.state["arn"]


def test_aws_own_key_is_never_used_because_cloudwatch_may_not_use_it(
    declare: Declare, recorded: Recorded
) -> None:
    declare(topic)
    assert "kmsMasterKeyId" not in recorded.one(TOPIC).inputs


def test_alarms_and_budgets_of_this_account_may_publish_and_nobody_else(
    declare: Declare, recorded: Recorded
) -> None:
    declare(topic)
    allowed = {
        one["Principal"]["Service"]: one["Condition"]
        for one in statements(recorded).values()
        if one["Effect"] == "Allow"
    }
    own = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert allowed == {
        "cloudwatch.amazonaws.com": {
            "ArnEquals": {"aws:SourceArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"},
            **own,
        },
        "budgets.amazonaws.com": {
            "ArnEquals": {"aws:SourceArn": "arn:aws:budgets::123456789012:*"},
            **own,
        },
    }


def test_publishing_without_tls_is_refused(declare: Declare, recorded: Recorded) -> None:
    declare(topic)
    refusal = statements(recorded)["TlsOnly"]
    assert refusal["Effect"] == "Deny"
    assert refusal["Action"] == ["sns:Publish"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_an_address_is_asked_to_listen(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: topic(email="lab@example.org"))
    mail = recorded.one(SUBSCRIPTION).inputs
    assert (mail["protocol"], mail["endpoint"]) == ("email", "lab@example.org")


def test_without_an_address_nobody_is_asked(declare: Declare, recorded: Recorded) -> None:
    declare(topic)
    assert not recorded.of(SUBSCRIPTION)


def test_a_topic_is_in_the_region_of_its_place(declare: Declare, recorded: Recorded) -> None:
    place = Place(account="123456789012", region="us-east-1")
    declare(lambda: topic(place=place, email="lab@example.org"))
    regions = {one.inputs["region"] for one in recorded if one.type.startswith("aws:sns")}
    assert regions == {"us-east-1"}
    assert ":us-east-1:" in json.dumps(statements(recorded)["Cloudwatch"]["Condition"])


@pytest.mark.parametrize("email", ["", "lab", "a@b", "a@b.org, c@d.org", "two words@b.org"])
def test_what_is_not_one_address_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match=r"email: one address such as lab@example\.org"):
        TopicArgs(place=PLACE, email=email)
