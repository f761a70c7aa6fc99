"""Queues and topics: encrypted, over TLS, open to named senders alone."""

from policy.rule import Companion, Rule, is_set
from policy.rules.storage import lets_nobody_in_blindly, refuses_plain_http

QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"

RULES = (
    Rule(
        "SQS.1/CKV_AWS_27",
        QUEUE,
        "is encrypted",
        lambda p: p.get("sqsManagedSseEnabled") is True or bool(p.get("kmsMasterKeyId")),
    ),
    Rule("SQS-TLS", QUEUE_POLICY, "refuses requests without TLS", refuses_plain_http),
    Rule(
        "SQS.3/CKV_AWS_168",
        QUEUE_POLICY,
        "lets in services for one resource only",
        lets_nobody_in_blindly,
    ),
    Rule("SNS.1/CKV_AWS_26", TOPIC, "is encrypted", is_set("kmsMasterKeyId")),
    Rule("SNS-TLS", TOPIC_POLICY, "refuses requests without TLS", refuses_plain_http),
    Rule(
        "SNS.4/CKV_AWS_169",
        TOPIC_POLICY,
        "lets in services for this account only",
        lets_nobody_in_blindly,
    ),
)

COMPANIONS = (
    Companion("SQS-TLS", QUEUE, QUEUE_POLICY, "url", "queueUrl"),
    Companion("SNS-TLS", TOPIC, TOPIC_POLICY, "arn", "arn"),
)
