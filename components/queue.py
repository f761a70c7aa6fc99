"""A queue whose undeliverable messages are kept for people to look at."""

from collections.abc import Iterable
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import sqs

from components.iam import Grant
from components.resource_policy import Statement, resource_policy, tls_only

DAY = 86_400  # seconds
# A message keeps its age when it moves to the dead letters, so those have to be kept longer.
WAITING_SECONDS = 4 * DAY
DEAD_SECONDS = 14 * DAY
# Under six times the consumer's own limit a message may come again while it is still worked on.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_FACTOR = 6
LONGEST_VISIBILITY = 43_200  # seconds


@dataclass(frozen=True, kw_only=True)
class Sender:
    """An AWS service that may send, on behalf of one resource (its ARN)."""

    service: str
    source: Input[str]


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    """How long the consumer may work on a message (seconds), how often, and who sends."""

    handling_seconds: int
    senders: tuple[Sender, ...]
    tries: int = 5

    def __post_init__(self) -> None:
        longest = LONGEST_VISIBILITY // VISIBILITY_FACTOR
        if not 1 <= self.handling_seconds <= longest:
            raise ValueError(
                f"handling_seconds: 1 to {longest} (SQS hides a message for 12 hours at most), "
                f"got {self.handling_seconds}"
            )
        if not 1 <= self.tries <= 1000:
            raise ValueError(f"tries: SQS takes 1 to 1000, got {self.tries}")


class Queue(ComponentResource):
    """An encrypted queue and its dead letters; both accept their named senders only, over TLS."""

    arn: Output[str]
    url: Output[str]
    name: Output[str]
    dead_letters_arn: Output[str]
    dead_letters_url: Output[str]
    dead_letters_name: Output[str]
    handling_seconds: int

    def __init__(self, name: str, args: QueueArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:messaging:Queue", name, None, opts)
        child = ResourceOptions(parent=self)
        self.handling_seconds = args.handling_seconds
        dead = sqs.Queue(
            f"{name}-dead-letters",
            message_retention_seconds=DEAD_SECONDS,
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        queue = sqs.Queue(
            f"{name}-queue",
            message_retention_seconds=WAITING_SECONDS,
            visibility_timeout_seconds=VISIBILITY_FACTOR * args.handling_seconds,
            sqs_managed_sse_enabled=True,
            redrive_policy=Output.json_dumps(
                {"deadLetterTargetArn": dead.arn, "maxReceiveCount": args.tries}
            ),
            opts=child,
        )
        sqs.RedriveAllowPolicy(
            f"{name}-dead-letters-source",
            queue_url=dead.url,
            redrive_allow_policy=Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=child,
        )
        for kind, one in (("queue", queue), ("dead-letters", dead)):
            sqs.QueuePolicy(
                f"{name}-{kind}-policy",
                queue_url=one.url,
                policy=resource_policy(_statements(one.arn, args.senders)),
                opts=child,
            )
        self.arn, self.url, self.name = queue.arn, queue.url, queue.name
        self.dead_letters_arn, self.dead_letters_url = dead.arn, dead.url
        self.dead_letters_name = dead.name
        self.register_outputs({"arn": self.arn, "dead_letters_arn": self.dead_letters_arn})

    def send(self) -> Grant:
        """Allow putting messages in."""
        return Grant(("sqs:SendMessage",), (self.arn,))

    def consume(self) -> Grant:
        """Allow taking messages out, as a function's event source does."""
        actions = (
            "ReceiveMessage",
            "DeleteMessage",
            "ChangeMessageVisibility",
            "GetQueueAttributes",
        )
        return Grant(tuple(f"sqs:{action}" for action in actions), (self.arn,))


def _statements(arn: Output[str], senders: Iterable[Sender]) -> list[Statement]:
    allowed = [
        Statement(
            sid=f"Sender{number}",
            effect="Allow",
            service=sender.service,
            actions=("sqs:SendMessage",),
            resources=(arn,),
            condition={"ArnEquals": {"aws:SourceArn": sender.source}},
        )
        for number, sender in enumerate(senders, 1)
    ]
    return [tls_only("sqs:*", arn), *allowed]
